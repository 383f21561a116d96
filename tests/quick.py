"""What ``make test`` runs of the suite: every test function that is not slow, with a few of its cases.

``make check`` runs everything but what ``@pytest.mark.soak(REASON)`` leaves to ``make soak``. A test is left out of the
quick run by ``@pytest.mark.slow(REASON, seconds=S)``; what needs a browser is slow as a whole. What is marked
``@pytest.mark.attack(REASON, seconds=S)`` is run by both: a twentieth of it by ``make check``, all by ``make soak``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from secrets import randbelow

import hypothesis
import pytest

CELLS = {"cell", "kind", "variant"}  # parameters that choose a cell: no cell may go untested
EXAMPLES = 5  # that hypothesis tries
PART = 20  # `make check` runs one in so many cases of an attack


@dataclass(frozen=True)
class Length:
    """How long an attack is: in full, by a new seed each time, or a twentieth of it, which is always the same."""

    is_full: bool
    seed: int

    def of(self, whole: int) -> int:
        """How many of ``whole`` cases are run."""
        return whole if self.is_full else max(1, whole // PART)


@pytest.fixture(scope="session")
def length(pytestconfig: pytest.Config) -> Length:
    """How long the attacks of this run are; pytest shows the seed where one fails."""
    is_full = bool(pytestconfig.getoption("--soak"))
    return Length(is_full, randbelow(2**32) if is_full else 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="run a few cases of each test that is not slow")
    parser.addoption("--soak", action="store_true", help="run only what takes too long for a change, and attacks")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow(reason, seconds): left to `make check`; why, and how long it takes")
    config.addinivalue_line("markers", "soak(reason): left to `make soak`; why")
    about = "attack(reason, seconds): left to `make check`, in full to `make soak`; why, and how long a twentieth takes"
    config.addinivalue_line("markers", about)
    if quick(config):
        hypothesis.settings.register_profile("quick", deadline=None, max_examples=EXAMPLES)
        hypothesis.settings.load_profile("quick")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = [item for item in items if item.get_closest_marker("attack") or is_soak(item) == config.getoption("--soak")]
    if quick(config):
        kept = list(sample(item for item in kept if not is_slow(item)))
    chosen = {id(item) for item in kept}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in chosen])
    items[:] = kept


def quick(config: pytest.Config) -> bool:
    """Whether this is the quick run."""
    return bool(config.getoption("--quick"))


def is_soak(item: pytest.Item) -> bool:
    """Whether a test is left to ``make soak``. Raises UsageError for a mark without its reason."""
    mark = item.get_closest_marker("soak")
    if mark and (len(mark.args) != 1 or mark.kwargs):
        raise pytest.UsageError(f"{item.nodeid}: soak takes a reason")
    return mark is not None


def is_slow(item: pytest.Item) -> bool:
    """Whether a test is left to ``make check``. Raises UsageError for a mark without its reason or its seconds."""
    for mark in [*item.iter_markers("slow"), *item.iter_markers("attack")]:
        if len(mark.args) != 1 or set(mark.kwargs) != {"seconds"}:
            raise pytest.UsageError(f"{item.nodeid}: {mark.name} takes a reason and seconds=…")
        return True
    return "browser" in item.path.parts or "page" in getattr(item, "fixturenames", ())


def sample(items: Iterable[pytest.Item]) -> Iterable[pytest.Item]:
    """Yield of each test function the first case, the last, and one for each cell among its parameters."""
    for _, group in groupby(items, key=function_of):
        cases = list(group)
        covered: set[tuple[str, str]] = set()
        for case in cases:
            missing = cells_of(case) - covered
            if missing or case is cases[0] or case is cases[-1]:
                covered |= missing
                yield case


def cells_of(item: pytest.Item) -> set[tuple[str, str]]:
    """Return the parameters of a case that choose a cell, with their values."""
    callspec = getattr(item, "callspec", None)
    return {(name, repr(callspec.params[name])) for name in CELLS & callspec.params.keys()} if callspec else set()


def function_of(item: pytest.Item) -> tuple[Path, str]:
    """Return what the cases of a parametrised test share."""
    return item.path, getattr(item, "originalname", None) or item.name
