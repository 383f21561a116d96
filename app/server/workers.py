"""The processes that answer, where there are several."""

from uvicorn.supervisors import multiprocess


class Worker(multiprocess.Process):
    """A worker whose end is noticed at once.

    uvicorn keeps the worker's end of the pipe open on its own side too, and so it would wait for the answer of one that
    was killed while it was asked whether it is alive, for as long as a worker may take to start.
    """

    def start(self) -> None:
        """Start the process, which then holds its end of the pipe alone."""
        super().start()
        self.child_conn.close()


def supervise_workers() -> type[multiprocess.Multiprocess]:
    """Return uvicorn's supervisor, which starts such workers: it has no parameter for their class."""
    multiprocess.Process = Worker  # type: ignore[misc]
    return multiprocess.Multiprocess
