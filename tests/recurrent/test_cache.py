"""The compiler of the kernels: it runs once, ahead of time, and keeps out of the way."""

import ast
import importlib
import importlib.util
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gatescope
import numba
import pytest
from gatescope.recurrent import cache, cells
from gatescope.recurrent.cells import elementwise
from gatescope.recurrent.engine import matmul, products
from gatescope.recurrent.engine.loop import kernel
from numba.core.caching import UserProvidedCacheLocator
from numba.core.event import install_recorder
from numba.core.registry import CPUDispatcher

from .engine import test_compiled
from .kernel_cases import KINDS, random_case


def dispatchers() -> dict[str, Any]:
    """Every compiled function, by module and name: products, rows and the loop of each cell."""
    modules = [
        elementwise,
        matmul,
        products,
        *(importlib.import_module(f"{cells.__name__}.{file}") for file in cells.FILES),
    ]
    own = {
        f"{module.__name__} {name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, CPUDispatcher) and value.py_func.__module__ == module.__name__
    }
    return own | {f"loop {cell.variant}": kernel(cell) for cell in cells.TABLE}


def test_kernels_release_the_lock_and_start_no_threads_of_their_own() -> None:
    assert len(dispatchers()) > 20
    for name, dispatcher in dispatchers().items():
        assert dispatcher.targetoptions["nogil"], name
        assert not dispatcher.targetoptions.get("parallel"), name


def test_kernels_are_compiled_once_for_the_types_they_name_and_for_no_others() -> None:
    dispatchers()
    with install_recorder("numba:compile") as compilations:
        for cell, projection in KINDS.values():
            random_case(cell, [4, 2], projection=projection)()
    assert compilations.buffer == []
    for name, dispatcher in dispatchers().items():
        assert len(dispatcher.signatures) == 1, name
        with pytest.raises(RuntimeError, match="compilation disabled"):
            dispatcher.compile((numba.float64,))


def run(*arguments: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own; a variable that is None is left out of its environment."""
    variables = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    return subprocess.run([sys.executable, *arguments], env=variables, capture_output=True, text=True, timeout=120)


@pytest.mark.slow("has Python interpret the kernels", seconds=5)
def test_the_same_lines_hold_when_python_interprets_them() -> None:
    node = f"{test_compiled.__file__}::{test_compiled.test_every_activation_is_that_of_the_cells.__name__}"
    options = ["-q", "-p", "no:cacheprovider", f"--confcutdir={Path(__file__).parent}"]
    finished = run("-m", "pytest", *options, node, NUMBA_DISABLE_JIT="1")
    assert finished.returncode == 0, finished.stdout


TRACE = """
import torch, gatescope
torch.manual_seed(0)
module, x = torch.nn.GRU(5, 7), torch.randn(30, 5)
error = gatescope.trace_module(module, x).layer()["h"] - module(x)[0].detach().numpy()
assert abs(error).max() <= 1e-6
"""


def copied(place: Path) -> Path:
    """A copy of the package, which no installation hides."""
    package = place / "gatescope"
    leave_out = shutil.ignore_patterns("__pycache__", "*.nb?")
    shutil.copytree(Path(gatescope.__file__).parent, package, ignore=leave_out)
    return package


COMPARE = """
import torch
from gatescope import trace_module
from gatescope.recurrent.cells import elementwise
from gatescope.recurrent.cells.lstm import LSTM, row
from gatescope.recurrent.engine import matmul, products
from gatescope.recurrent.engine.loop import kernel
torch.manual_seed(0)
module, x = torch.nn.LSTM(37, 21), torch.randn(40, 5, 37)
expected = module(x)[0].detach().numpy()
error = max(abs(each.layer()["h"] - expected[:, b]).max() for b, each in enumerate(trace_module(module, x)))
own = [each for module in (elementwise, products) for each in vars(module).values()]
functions = {each for each in [*own, row, kernel(LSTM)] if hasattr(each, "stats")}
stats = [each.stats for each in functions]
hits, misses = (sum(sum(getattr(each, name).values()) for each in stats) for name in ("cache_hits", "cache_misses"))
print(matmul.__file__, error < 1e-6, hits, misses)
"""


@pytest.mark.soak("compiles the kernels of a copy of the package twice")
def test_a_change_of_any_kernel_source_compiles_all_kernels_anew(tmp_path: Path) -> None:
    package = copied(tmp_path)
    shared = {
        id(each) for module in (elementwise, products) for each in vars(module).values() if hasattr(each, "stats")
    }
    count = len(shared) + 2  # and the row and the loop of one cell
    source = package / "recurrent" / "engine" / Path(matmul.__file__).name
    environment = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_OPT": "1"}
    uncounted = dict.fromkeys(name for name in os.environ if name.startswith("COV"))  # a copy's coverage is not ours

    def hits_and_misses() -> list[int]:
        finished = run("-c", COMPARE, **environment, **uncounted)
        assert finished.returncode == 0, finished.stderr
        assert finished.stderr == ""
        file, is_right, *counts = finished.stdout.split()
        assert (file, is_right) == (str(source), "True")
        return [int(count) for count in counts]

    assert hits_and_misses() == [0, count]
    os.utime(source)  # its content is what counts
    assert hits_and_misses() == [count, 0]
    source.write_text(source.read_text().replace(f"VECTORS = {matmul.VECTORS} ", f"VECTORS = {matmul.VECTORS // 2} "))
    assert hits_and_misses() == [0, count]
    assert hits_and_misses() == [count, 0]


def test_the_sources_are_all_that_compiled_code_is_made_from() -> None:
    """What a source imports from the package is a source too: its constants and functions are compiled in."""
    names = {source.stem for source in cache.SOURCES}
    sources = {Path(inspect.getfile(each.py_func)) for each in dispatchers().values()}
    assert sources <= set(cache.SOURCES)
    for source in sources:
        tree = ast.parse(source.read_text())
        relative = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each.level > 0]
        imported = {each.module.split(".")[-1] if each.module else each.names[0].name for each in relative}
        assert imported <= names, source


def no_folder(place: Path) -> dict[str, str]:
    """An environment in which numba finds nowhere to write."""
    (place / "file").touch()
    only = UserProvidedCacheLocator.__name__
    return {"NUMBA_CACHE_DIR": str(place / "file" / "below"), "NUMBA_CACHE_LOCATOR_CLASSES": only}


@pytest.mark.slow("compiles kernels without their cache", seconds=10)
def test_a_cache_that_cannot_be_used_costs_a_warning_and_nothing_else(tmp_path: Path) -> None:
    finished = run("-c", TRACE, NUMBA_OPT="1", **no_folder(tmp_path))  # little optimised, which compiles sooner
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.splitlines() == [
        "the compiled kernels cannot be cached, which delays every start: set NUMBA_CACHE_DIR to a writable folder"
    ]


DOUBLE = """
from gatescope.recurrent.cache import compiled

@compiled("float64(float64)")
def double(x):
    return 2 * x
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """What loads a file with one kernel by a name, under which it can be imported until the next."""
    file = tmp_path / "file.py"
    file.write_text(DOUBLE)
    loaded: list[str] = []

    def load(name: str) -> Any:
        for each in loaded:
            sys.modules.pop(each, None)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec
        assert spec.loader
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        loaded.append(name)
        spec.loader.exec_module(module)
        assert module.double(3) == 6
        return module.double

    cache.warn_of_no_cache.cache_clear()
    yield load
    for each in loaded:
        sys.modules.pop(each, None)


def test_a_broken_entry_is_made_anew(load: Callable[[str], Any], caplog: pytest.LogCaptureFixture) -> None:
    (entry,) = Path(load("first").stats.cache_path).glob("file.double*.nbc")
    whole = entry.stat().st_size
    os.truncate(entry, 100)
    assert load("first").stats.cache_misses
    assert entry.stat().st_size == pytest.approx(whole, rel=0.1)
    assert load("first").stats.cache_hits
    assert caplog.messages == []


def test_one_file_by_two_names_has_two_entries(load: Callable[[str], Any], caplog: pytest.LogCaptureFixture) -> None:
    """As app and as gatescope, from within and from outside of a checkout: an entry is read by importing its module."""
    for name in ("first", "second"):
        assert load(name).stats.cache_misses
    for name in ("first", "second"):
        assert load(name).stats.cache_hits
    assert caplog.messages == []
