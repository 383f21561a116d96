"""What ``make test`` runs of the suite: every test function that is not slow, with a few of its cases.

``make check`` runs everything. A test is left out of the quick run by ``@pytest.mark.slow(REASON, seconds=S)``; what
needs a browser is slow as a whole.
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import hypothesis
import pytest

CASES = 2  # of each parametrised test: the first and the last
EXAMPLES = 5  # that hypothesis tries


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="run a few cases of each test that is not slow")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow(reason, seconds): left to `make check`; why, and how long it takes")
    if quick(config):
        hypothesis.settings.register_profile("quick", deadline=None, max_examples=EXAMPLES)
        hypothesis.settings.load_profile("quick")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not quick(config):
        return
    kept = list(sample(item for item in items if not is_slow(item)))
    chosen = {id(item) for item in kept}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in chosen])
    items[:] = kept


def quick(config: pytest.Config) -> bool:
    """Whether this is the quick run."""
    return bool(config.getoption("--quick"))


def is_slow(item: pytest.Item) -> bool:
    """Whether a test is left to ``make check``. Raises UsageError for a mark without its reason or its seconds."""
    for mark in item.iter_markers("slow"):
        if len(mark.args) != 1 or set(mark.kwargs) != {"seconds"}:
            raise pytest.UsageError(f"{item.nodeid}: slow takes a reason and seconds=…")
        return True
    return "browser" in item.path.parts or "page" in getattr(item, "fixturenames", ())


def sample(items: Iterable[pytest.Item]) -> Iterable[pytest.Item]:
    """Yield ``CASES`` items of each test function, the first and the last among them."""
    for _, group in groupby(items, key=function_of):
        cases = list(group)
        last = len(cases) - 1
        yield from (cases[at] for at in sorted({round(last * n / (CASES - 1)) for n in range(CASES)}))


def function_of(item: pytest.Item) -> tuple[Path, str]:
    """Return what the cases of a parametrised test share."""
    return item.path, getattr(item, "originalname", None) or item.name
