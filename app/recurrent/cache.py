"""Compile kernels once: numba's cache on disk, renewed whenever the content of any kernel source changes.

numba itself compares only the file that defines a function, and not those whose code is inlined into it.
"""

import functools
import logging
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config
from numba.core.caching import FunctionCache, IndexDataCacheFile

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

# Every file that compiled code is made from; this one, too, because it holds the compiler's options.
SOURCES = (
    Path(__file__),
    *(
        each
        for folder in ("cells", "engine", "decomposition")
        for each in sorted(Path(__file__).parent.glob(f"{folder}/*.py"))
    ),
)


def compiled(
    signature: object, *fastmath: str, name: str = "", inlined: bool = False
) -> Callable[[Function], Function]:
    """Compile a function now, or load it from the cache on disk; if no cache can be written, do without.

    ``name`` distinguishes functions made by one definition: numba itself compares the variables in their closures,
    which differ from process to process if they are compiled functions. ``inlined`` puts the function's code into
    whatever calls it.
    """

    def decorate(function: Function) -> Function:
        if name:
            function.__qualname__ = re.sub(r"\W", "_", name)
        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            return function
        try:
            return _compile(function, signature, fastmath, KernelCache(function), inlined=inlined)
        except Exception:  # no folder for the cache, a full disk, or a broken file that cannot be replaced
            warn_of_no_cache()
            return _compile(function, signature, fastmath, None, inlined=inlined)

    return decorate


def _compile(
    function: Function, signature: object, fastmath: tuple[str, ...], cache: "KernelCache | None", *, inlined: bool
) -> Function:
    """Return ``function`` compiled for ``signature`` and for no other types."""
    dispatcher: Any = numba.njit(
        nogil=True, error_model="numpy", fastmath={"contract", *fastmath}, forceinline=inlined
    )(function)
    if cache is not None:
        dispatcher._cache = cache  # as its enable_caching() does with numba's own
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    return cast("Function", dispatcher)


class KernelCache(FunctionCache):
    """numba's cache of one function, whose entries are valid only for the kernel sources that they were made from."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        file = IndexDataCacheFile(self.cache_path, self._impl.filename_base, stamp())  # type: ignore[no-untyped-call]
        self._cache_file = file
        self._module = function.__module__

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled before, or None. An entry that cannot be read is forgotten, to be written anew."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception:  # whatever unpickling a file makes that was cut short
            self.flush()  # type: ignore[no-untyped-call]
            return None

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        """Return the key of an entry: types, processor and module. The name of the file covers function and sources.

        An entry imports the module when it is read, and one file may be a module by several names.
        """
        return sig, codegen.magic_tuple(), self._module


@functools.cache
def stamp() -> str:
    """Return a hash of the content of all ``SOURCES``. Raises OSError if one cannot be read."""
    return sha256(b"".join(sha256(source.read_bytes()).digest() for source in SOURCES)).hexdigest()


@functools.cache
def warn_of_no_cache() -> None:
    """Warn once that every start takes some seconds longer."""
    logger.warning(
        "the compiled kernels cannot be cached, which delays every start: set NUMBA_CACHE_DIR to a writable folder"
    )
