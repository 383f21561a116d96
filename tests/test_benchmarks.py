"""The benchmarks on tiny cases: contestants compute the same, take turns, and what is found becomes a page."""

import io
import json
import math
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby, product
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi import FastAPI
from rich.console import Console
from serving import running

from benchmarks import __main__ as bench
from benchmarks import (
    crowd,
    decomposition,
    first_screen,
    imports,
    kernel,
    memory,
    page,
    rankings,
    roofline,
    scaling,
    service,
    start,
    versions,
    watch,
    wire,
)
from benchmarks.cases import Case, module_and_input
from benchmarks.contestants import contestants
from benchmarks.load import load
from benchmarks.report import Goal, Section, Table
from benchmarks.timing import interleave


def in_a_thread(call: Callable[[], Any]) -> Any:
    """What ``call`` gives: this thread may hold an event loop of Playwright's already, and cannot hold two."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


TINY: dict[str, Callable[[], Any]] = {
    "kernel": partial(
        kernel.measure, [Case("lstm", 1, 4, 3), Case("gru", 64, 4, 3), Case("gru", 1, 4, 3, threads=2)], budget=0
    ),
    "roofline": partial(roofline.measure, [4], steps=3, budget=0),
    "scaling": partial(scaling.measure, {"T": [(2, 4), (4, 4)], "H": [(2, 4), (2, 8)]}, budget=0),
    "memory": partial(memory.measure, steps=3, size=4, budget=0),
    "decomposition": partial(decomposition.measure, sizes=[(3, 4)], budget=0),
    "rankings": partial(rankings.measure, inputs=[3], steps=3, size=4, budget=0),
    "watch": partial(watch.measure, [(2, 1, 4)], budget=0),
    "wire": partial(wire.measure, [2], size=4, budget=0),
    "service": partial(service.measure, rounds=1, requests=16),
    "crowd": partial(crowd.measure, 0.2, rounds=1, hostile=["500 characters"]),
    "start": partial(start.measure, rounds=1),
    "imports": partial(imports.measure, rounds=1),
    "page": partial(in_a_thread, partial(page.measure, ((3, 4),), rounds=1, edits=(1, 2))),
    "first_screen": partial(in_a_thread, partial(first_screen.measure, (3,), rounds=1, most=4)),
}


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("batch", [1, 3])
@torch.inference_mode()
def test_contestants_compute_the_same(cell: str, batch: int) -> None:
    results = {way: call() for way, call in contestants(*module_and_input(cell, 6, 5, batch)).items()}
    expected = results["forward"][0].reshape(5, batch, 6)
    torch.testing.assert_close(results["loop"]["h"], expected)
    torch.testing.assert_close(torch.from_numpy(results["onnxruntime"][0][:, 0]), expected)
    for way, b in product(("ours", "checked"), range(batch)):
        trace = results[way] if batch == 1 else results[way][b]
        activations = {letter: torch.tensor(array) for letter, array in trace.layer().activations.items()}
        torch.testing.assert_close(activations["h"], expected[:, b])
        torch.testing.assert_close(activations, {letter: a[:, b] for letter, a in results["loop"].items()})


@pytest.mark.parametrize("cell", memory.CELLS)
def test_ways_to_all_pairs_of_states_compute_the_same(cell: str) -> None:
    results = {way: call() for way, call in memory.contestants(cell, 3, 4).items()}
    pairs = torch.tril_indices(3, 3).unbind()  # t >= k
    torch.testing.assert_close(torch.from_numpy(results["ours"]).float()[pairs], results["jacrev"][pairs])
    # A pass for each of T·S states, here all of them: the squares of their gradients add up to those of the norms.
    squares = torch.stack(results["backward"]).square().sum(dim=(0, 2))  # by step k
    torch.testing.assert_close(squares, (100 ** results["jacrev"]).sum(dim=0))


def test_contestants_take_turns() -> None:
    calls: list[str] = []

    def contestant(name: str) -> Callable[[], None]:
        return lambda: calls.append(name) or time.sleep(0.006)  # a block for each call

    seconds = interleave({name: contestant(name) for name in "abc"}, budget=0)
    assert [name for name, _ in groupby(calls)] == list("abc" * 6)  # calibrated once, then 5 rounds
    assert list(seconds) == list("abc")


LONG = pytest.mark.soak("measures in a browser, next to a crowd, or in many processes: half a minute each")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=LONG if each in ("crowd", "page", "first_screen", "imports") else ())
        for each in bench.PARTS
    ],
)
@pytest.mark.slow("runs a part of the benchmarks", seconds=35)
def test_part_becomes_figures_and_a_page(name: str, tmp_path: Path) -> None:
    figures = TINY[name]()
    bench.write(tmp_path, {"machines": {name: {"processor": "a fast one"}}, "parts": {name: figures}})
    assert json.loads((tmp_path / "results.json").read_text())["parts"] == {name: figures}
    page = (tmp_path / "README.md").read_text()
    assert "Measured on: processor a fast one." in page
    tables = [
        [line.strip("| ").split(" | ") for line in table.splitlines()]
        for table in re.findall(r"(?:^\|.*\n)+", page, re.M)
    ]
    assert tables
    for columns, marks, *rows in tables:
        assert rows
        for row in rows:
            assert len(row) == len(columns) == len(marks)
            numbers = [float(cell.replace(",", "")) for cell, mark in zip(row, marks, strict=True) if mark == "--:"]
            assert all(map(math.isfinite, numbers))


def test_two_versions_are_compared_by_the_geometric_means_of_each_round() -> None:
    one, other = Case("lstm", 1, 4, 3), Case("gru", 64, 4, 3)
    rounds = [[(one, 2, 1), (other, 8, 1)], [(one, 1, 1), (other, 1, 1)], [(one, 3, 1), (other, 3, 1)]]
    names, *figures = zip(*versions.summary(rounds).rows, strict=True)
    assert names == ("all", "GRU, B = 64", "LSTM, B = 1")
    for ours, expected in zip(figures, [(2, 1, 1), (3, 3, 2), (1, 1, 1), (4, 8, 3)], strict=True):
        assert ours == pytest.approx(expected)


@pytest.mark.slow("times the package in a process of its own", seconds=4)
def test_a_version_of_this_checkout_is_timed_in_a_process_of_its_own() -> None:
    with versions.package_of(None) as packages, versions.worker(packages) as process:
        assert versions.ask(process, Case("gru", 1, 4, 3)) > 0
        assert (packages / "gatescope").resolve() == Path(versions.__file__).parents[1] / "app"


def test_bytes_of_the_wire_are_those_of_the_arrays() -> None:
    sizes = {each["form"]: each["bytes"] for each in wire.measure([3], size=5, budget=0)}
    assert sizes["tobytes"] == 6 * 3 * 5 * 4
    assert min(sizes["base64"], sizes["numbers"], sizes["CSV"]) > 4 / 3 * sizes["tobytes"]
    assert sizes["NPZ"] > sizes["tobytes"]


def test_parts_that_are_not_measured_keep_their_figures_and_their_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        bench.main(["nonsense"])
    assert f"choose from {', '.join(bench.PARTS)}" in capsys.readouterr().err
    monkeypatch.setattr(bench, "HERE", tmp_path)
    for name in ("wire", "scaling"):
        monkeypatch.setattr(bench.PARTS[name], "measure", TINY[name])
        bench.main([name])
    results = json.loads((tmp_path / "results.json").read_text())
    assert list(results["parts"]) == ["wire", "scaling"]
    assert re.findall(r"^## (.*)", (tmp_path / "README.md").read_text(), re.M) == ["Scaling", "Wire"]
    monkeypatch.setattr(bench, "machine", lambda: {"processor": "another"})
    before = results["machines"]["scaling"]
    bench.main(["wire"])
    results = json.loads((tmp_path / "results.json").read_text())
    assert list(results["parts"]) == ["wire", "scaling"]
    assert results["machines"] == {"wire": {"processor": "another"}, "scaling": before}


def test_goal_is_reached_at_its_limit() -> None:
    assert Goal("", 0.6, 0.6).is_reached
    assert not Goal("", 0.601, 0.6).is_reached
    assert Goal("", 0.6, 0.6, at_least=True).is_reached
    assert not Goal("", 0.599, 0.6, at_least=True).is_reached


SECTION = Section(
    "Part",
    "What it is.",
    [Table(("case", "figure"), [("one", 2)])],
    [Goal("slow", 1.5, 1.0), Goal("quick", 0.5, 1.0), Goal("unexplained", 3, 2)],
    {"slow": "It waits.", "quick": "It does not."},
)


def test_a_missed_goal_has_its_reason_below_the_goals() -> None:
    assert SECTION.markdown().split("\n\n") == [
        "## Part",
        "What it is.",
        "| goal | limit | figure | verdict |\n"
        "| --- | --- | --: | --- |\n"
        "| slow | ≤ 1.0 | 1.50 | missed |\n"
        "| quick | ≤ 1.0 | 0.50 | reached |\n"
        "| unexplained | ≤ 2 | 3 | missed |",
        "Why “slow” is missed: It waits.",
        "| case | figure |\n| --- | --: |\n| one | 2 |",
    ]
    console = Console(file=io.StringIO(), width=80)
    SECTION.show(console)
    printed = console.file.getvalue()
    assert printed.index("unexplained") < printed.index("Why “slow” is missed: It waits.") < printed.index("one")
    assert "It does not" not in printed


@pytest.mark.parametrize("name", bench.PARTS)
def test_a_reason_is_of_a_goal_that_there_is(name: str) -> None:
    figures = json.loads((Path(bench.__file__).parent / "results.json").read_text())["parts"][name]
    section = bench.PARTS[name].section(figures)
    assert set(section.notes) <= {goal.what for goal in section.goals}


def test_the_page_is_written_again_without_measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setattr(bench.PARTS["wire"], "measure", lambda: pytest.fail("it measured"))
    results = {"machines": {"wire": {"processor": "another"}}, "parts": {"wire": TINY["wire"]()}}
    (tmp_path / "results.json").write_text(json.dumps(results))
    bench.main(["--render"])
    assert json.loads((tmp_path / "results.json").read_text()) == results
    page = (tmp_path / "README.md").read_text()
    assert "Measured on: processor another." in page
    assert re.findall(r"^## (.*)", page, re.M) == ["Wire"]


def test_the_published_page_is_that_of_the_published_figures(tmp_path: Path) -> None:
    folder = Path(bench.__file__).parent
    bench.write(tmp_path, json.loads((folder / "results.json").read_text()))
    for name in ("README.md", "results.json"):
        assert (tmp_path / name).read_text() == (folder / name).read_text()


def test_load_sends_each_request_once_and_refuses_what_is_no_answer() -> None:
    app, asked = FastAPI(), []

    @app.get("/{number}")
    async def answer(number: int) -> str:
        asked.append(number)
        return 100_000 * "x"

    def get(path: int | str) -> bytes:
        return f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    with running(app) as address:
        place = ("127.0.0.1", int(address.rpartition(":")[2]))
        done = load(place, map(get, range(20)), connections=3)
        with pytest.raises(ConnectionError, match="no 200"):
            load(place, [get("none")], connections=1)
    assert sorted(asked) == list(range(20))
    assert done.size == 100_002
    assert len(done.latencies) == 20
