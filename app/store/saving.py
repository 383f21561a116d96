"""Write a model to its folder, completely or not at all."""

import ctypes
import errno
import glob
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from safetensors.torch import save

from ..recurrent.network import Network
from ..recurrent.tokenizer import Tokenizer
from .fields import ModelConfig, Statistics
from .files import CARD, CONFIG, IMPORT, SATURATION, STATISTICS, VOCABULARY, WEIGHTS, parse
from .imported import ImportReport
from .loading import load_model, with_meaning
from .model import Model

ABANDONED = 3600  # seconds after which nobody still writes to a temporary file


def save_model(
    folder: Path,
    network: Network,
    tokenizer: Tokenizer | None,
    about: Mapping[str, Any],
    statistics: Statistics | None = None,
    card: str = "",
    saturation: str = "",
    report: ImportReport | None = None,
) -> Model:
    """Write a model to ``folder``, load it back and return it; an old one is replaced only once all is written.

    Args:
        folder: The folder of the model; it need not exist.
        network: The network, whose configuration and weights are saved.
        tokenizer: The tokenizer of its texts; None for a model that reads numbers, whose columns ``about`` gives.
        about: The fields of ``ModelConfig`` that neither network nor tokenizer gives.
        statistics: The statistics of its activations over held-out text.
        card: The model card, in Markdown.
        saturation: The figure of its gates, as SVG.
        report: How it was imported, if it was.

    Raises BrokenModelError if what was written cannot be loaded, and OSError, which names ``folder``, if it cannot be
    written. A process that is killed meanwhile leaves the old model or the new one, and may leave a hidden folder next
    to it, ``.NAME-`` with some letters, which can be deleted.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workspace = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _naming(folder, error) from error
    new = workspace / "new"
    try:
        new.mkdir()
        sha256 = _write_weights(new / WEIGHTS, network)
        config = ModelConfig(
            **about,
            network=network.config,
            input="text" if tokenizer else "numbers",
            tokenizer=tokenizer and tokenizer.kind,
            corrects_spelling=bool(tokenizer and tokenizer.corrects_spelling),
            weights_sha256=sha256,
        )
        config = with_meaning(config, tokenizer.vocabulary if tokenizer else ())
        (new / CONFIG).write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
        if tokenizer:
            vocabulary = json.dumps(tokenizer.vocabulary, ensure_ascii=False, indent=0)
            (new / VOCABULARY).write_text(vocabulary + "\n", encoding="utf-8")
        if statistics is not None:
            (new / STATISTICS).write_text(statistics.model_dump_json() + "\n", encoding="utf-8")
        (new / CARD).write_text(card, encoding="utf-8")
        if saturation:
            (new / SATURATION).write_text(saturation, encoding="utf-8")
        if report is not None:
            (new / IMPORT).write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        load_model(new)
        _put(new, folder)
    except OSError as error:
        raise _naming(folder, error) from error
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    return load_model(folder)


def _write_weights(path: Path, network: Network) -> str:
    """Write the weights, and return their SHA-256 in hexadecimal. What they take in memory meanwhile is free then."""
    weights = save({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, {"format": "pt"})
    path.write_bytes(weights)
    return hashlib.sha256(weights).hexdigest()


def write_config(folder: Path, fields: Mapping[str, Any]) -> None:
    """Replace ``fields`` of the config.json of the model in ``folder``, atomically.

    Raises BrokenModelError if there is no valid config.json, and OSError, which names it, if it cannot be written.
    """
    config = parse(folder, CONFIG, ModelConfig).model_copy(update=dict(fields))
    replace_file(folder / CONFIG, f"{config.model_dump_json(indent=1)}\n".encode())


def write_statistics(folder: Path, fields: Mapping[str, Any]) -> None:
    """Do what ``write_config`` does, to statistics.json."""
    statistics = parse(folder, STATISTICS, Statistics).model_copy(update=dict(fields))
    replace_file(folder / STATISTICS, f"{statistics.model_dump_json()}\n".encode())


def replace_file(path: Path, data: bytes | memoryview) -> None:
    """Replace a file by one that holds ``data``: at any time it is there as a whole, the old one or the new one.

    Processes that write the same file at once do not disturb each other: the last one prevails. Raises OSError, which
    names ``path``, if it cannot be written; the old one is then still there, and nothing else.
    """
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        _remove_abandoned(path)
        with partial.open("xb") as file:
            file.write(data)
        partial.replace(path)
    except OSError as error:
        raise _naming(path, error) from error
    finally:
        with suppress(OSError):  # a disk that cannot be written to holds no part of it either
            partial.unlink(missing_ok=True)


def _remove_abandoned(path: Path) -> None:
    """Delete what processes that were killed left of a file that they wrote: else each kill would cost its size."""
    for partial in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 32}.partial"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED:
                partial.unlink()


def _naming(path: Path, error: OSError) -> OSError:
    """Return ``error`` as one that names ``path``: the system names no file, or a temporary one, where a disk is full.

    The result is of the class that its number has.
    """
    return OSError(error.errno, error.strerror or str(error), str(path))


def _put(new: Path, folder: Path) -> None:
    """Put the folder ``new`` in the place of ``folder``, which goes to the place of ``new`` if it is there.

    On Linux there is no moment without ``folder``. Raises OSError if it fails; ``folder`` is then as it was.
    """
    try:
        new.rename(folder)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise
        if not _exchange(new, folder):
            _exchange_in_steps(new, folder)


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change their places, at once. Returns whether the system and its disk can; OSError if it fails."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:  # not Linux
        return False
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of linux/fcntl.h and linux/fs.h
    if rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _exchange_in_steps(new: Path, folder: Path) -> None:
    """Do what ``_exchange`` does, in three steps: a process that is killed between them leaves ``folder`` away."""
    old = new.with_name("old")
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
