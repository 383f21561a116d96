"""The compiler of the kernels: it runs once, ahead of time, and keeps out of the way."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest
from gatescope.recurrent import kernels
from numba.core.caching import UserProvidedCacheLocator
from numba.core.event import install_recorder
from numba.core.registry import CPUDispatcher

from . import test_kernels
from .kernel_cases import KINDS, random_case


def dispatchers() -> dict[str, Any]:
    return {name: value for name, value in vars(kernels).items() if isinstance(value, CPUDispatcher)}


def test_kernels_release_the_lock_and_start_no_threads_of_their_own() -> None:
    assert {"rnn", "relu_rnn", "lstm", "gru", "reset_before_gru", "add_products"} <= dispatchers().keys()
    for name, dispatcher in dispatchers().items():
        assert dispatcher.targetoptions["nogil"], name
        assert not dispatcher.targetoptions.get("parallel"), name


def test_kernels_are_compiled_on_import_for_the_types_they_name_and_for_no_others() -> None:
    with install_recorder("numba:compile") as compilations:
        for cell, projection in KINDS.values():
            random_case(cell, [4, 2], projection=projection)()
    assert compilations.buffer == []
    for name, dispatcher in dispatchers().items():
        assert len(dispatcher.signatures) == 1, name
        with pytest.raises(RuntimeError, match="compilation disabled"):
            dispatcher.compile((numba.float64,))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own."""
    return subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


def test_the_same_lines_hold_when_python_interprets_them() -> None:
    node = f"{test_kernels.__file__}::{test_kernels.test_every_activation_is_that_of_the_cells.__name__}"
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


def no_folder(place: Path) -> dict[str, str]:
    """An environment in which numba finds nowhere to write."""
    (place / "file").touch()
    only = UserProvidedCacheLocator.__name__
    return {"NUMBA_CACHE_DIR": str(place / "file" / "below"), "NUMBA_CACHE_LOCATOR_CLASSES": only}


def broken_file(place: Path) -> dict[str, str]:
    """An environment in which numba finds its own cache, but for one file that was cut short."""
    source = kernels.__file__
    folder = place / UserProvidedCacheLocator.get_suitable_cache_subpath(source)
    folder.mkdir()
    for file in Path(kernels.gru.stats.cache_path).glob("kernels.*.nb?"):
        shutil.copy2(file, folder)
    for file in folder.glob("kernels.gru-*.nbc"):
        os.truncate(file, 100)
    return {"NUMBA_CACHE_DIR": str(place)}


@pytest.mark.parametrize("trouble", [no_folder, broken_file])
def test_a_cache_that_cannot_be_used_costs_a_warning_and_nothing_else(
    trouble: Callable[[Path], dict[str, str]], tmp_path: Path
) -> None:
    finished = run("-c", TRACE, NUMBA_OPT="0", **trouble(tmp_path))  # unoptimised, which compiles sooner
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.splitlines() == [
        "the kernels are compiled anew at every start: let NUMBA_CACHE_DIR name a folder that can be written"
    ]
