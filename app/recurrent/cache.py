"""Compile kernels once: numba's cache on disk, renewed whenever the content of any kernel source changes.

numba itself compares only the file that defines a function, and not those whose code is inlined into it.
"""

import functools
import logging
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config
from numba.core.caching import FunctionCache, IndexDataCacheFile

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

# Every file of this package that compiled code is made from. The options of the compiler stand in this one.
SOURCES = tuple(Path(__file__).parent / name for name in ("cache.py", "engine/kernels.py", "engine/matmul.py"))


def compiled(signature: object, *fastmath: str) -> Callable[[Function], Function]:
    """Compile a function now, or load it from the cache on disk; without a cache where none can be written."""

    def decorate(function: Function) -> Function:
        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            return function
        try:
            return _compile(function, signature, fastmath, KernelCache(function))
        except Exception:  # no folder for the cache, a full disk, or a file in it that was cut short
            warn_of_no_cache()
            return _compile(function, signature, fastmath, None)

    return decorate


def _compile(function: Function, signature: object, fastmath: tuple[str, ...], cache: "KernelCache | None") -> Function:
    """Return ``function`` compiled for ``signature`` and for no other types."""
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy", fastmath={"contract", *fastmath})(function)
    if cache is not None:
        dispatcher._cache = cache  # as its enable_caching() does with numba's own
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    return cast("Function", dispatcher)


class KernelCache(FunctionCache):
    """numba's cache of one function, whose entries hold only for the kernel sources that they were made from."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        file = IndexDataCacheFile(self.cache_path, self._impl.filename_base, stamp())  # type: ignore[no-untyped-call]
        self._cache_file = file


@functools.cache
def stamp() -> str:
    """Return a hash of the content of all ``SOURCES``. Raises OSError if one cannot be read."""
    return sha256(b"".join(sha256(source.read_bytes()).digest() for source in SOURCES)).hexdigest()


@functools.cache
def warn_of_no_cache() -> None:
    """Say once why every start takes some seconds longer."""
    logger.warning(
        "the kernels are compiled anew at every start: let NUMBA_CACHE_DIR name a folder that can be written"
    )
