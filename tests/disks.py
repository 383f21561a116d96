"""Disks that are full or cannot be written to, as far as a test may make one."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

_open = Path.open


def full_disk(self: Path, mode: str = "r", *args: Any, **options: Any) -> IO[Any]:
    """As ``Path.open``; what is opened to be written takes half of it, and then the disk is full."""
    file = _open(self, mode, *args, **options)
    if "r" not in mode:
        write = file.write

        def half(data: Any) -> int:
            write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        file = _Written(file, half)  # type: ignore[assignment]
    return file


def read_only(self: Path, mode: str = "r", *args: Any, **options: Any) -> IO[Any]:
    """As ``Path.open`` on a disk that was mounted to be read only."""
    if "r" not in mode:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))
    return _open(self, mode, *args, **options)


class _Written:
    """A file whose ``write`` is another."""

    def __init__(self, file: IO[Any], write: Any) -> None:
        self._file, self.write = file, write

    def __enter__(self) -> "_Written":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a disk in memory on ``folder``, such as one of ``size=100k``. Skips the test where that is not allowed."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
