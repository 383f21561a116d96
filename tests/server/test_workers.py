"""Several processes that answer."""

from multiprocessing import get_context

import uvicorn
from gatescope.server.workers import Worker


def test_the_end_of_a_worker_is_noticed_at_once() -> None:
    worker = Worker(uvicorn.Config("nothing"), [])
    worker.process = get_context("spawn").Process(target=worker.child_conn.recv)  # it answers nothing
    worker.start()
    assert not worker.parent_conn.poll(0)
    worker.process.kill()
    worker.process.join()
    assert worker.parent_conn.poll(0)
    assert not worker.ping(600)
