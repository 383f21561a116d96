"""Import a file: recognise its format, read it, prove what was read, and save it as a model."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..store.columns import Column, counted, listed, unnamed
from ..store.imported import ImportReport
from ..store.model import Model
from ..store.saving import save_model
from . import TABLE, Importer, Request
from .answers import Answers
from .building import Built, build, projection_of
from .columns import read_columns
from .examples import examples_for
from .found import MODULE, Convention, Found, ImportRefusedError
from .proof import Origin, prove
from .safetensors_file import VOCABULARIES
from .vocabulary import read_vocabulary

LONGEST_NAME = 100
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")
_KINDS = {stat.S_ISFIFO: "a named pipe", stat.S_ISSOCK: "a socket"}
_MOST_LISTED = 5
_CHUNK = 16_000_000  # bytes that are read at a time


class Wishes(NamedTuple):
    """What a user may choose about a model that is imported."""

    name: str = ""  # of its folder; empty: after the file
    title: str = ""  # for people; empty: its name
    vocabulary: Path | None = None  # a file of its tokens
    text: str = ""  # that a language model is measured on; empty: an excerpt of ours
    columns: Path | None = None  # a file that describes the numbers that it reads


NO_WISHES = Wishes()


def import_model(
    request: Request,
    into: Path,
    version: str,
    wishes: Wishes = NO_WISHES,
    tell: Callable[[float], None] = lambda _: None,
) -> tuple[Model, ImportReport]:
    """Return the model that a file holds, saved in a folder of ``into``, and the report that is kept with it.

    ``tell`` is told the share of the work that is done, in [0, 1).

    The file is read in the process that calls this, without limits: a damaged one may make it fail or hang, or take
    all its memory. ``process.run`` does the same in another process, as ``gatescope import`` and uploads do.

    Raises ImportRefusedError if the file cannot be imported: nothing is saved then; and OSError if a file cannot be
    read or written.
    """
    require_file_or_folder(request.path)
    name = name_for(request.path, wishes.name)
    folder = into / name
    require_free(folder)
    found, path = found_in_file(request, wishes.vocabulary)
    tell(0.2)
    built = build(found)
    columns = _columns(found, built, wishes.columns)
    found = replace(found, **_told(found, columns, wishes.columns))
    tell(0.3)
    report = prove(found, Origin(path.resolve().name, sha256_of(path), version), built, wishes.text)
    tell(0.8)
    about = _about(found, built, columns, wishes.title or name)
    del found  # with copies of its weights in float64: saving needs room for others
    return save_model(folder, built.network, built.tokenizer, about, report=report), report


def found_in_file(request: Request, vocabulary: Path | None) -> tuple[Found, Path]:
    """Return the network in a file with its vocabulary, and the file: of a folder, the one that holds the weights.

    Raises ImportRefusedError if it cannot be imported, nothing asks for an answer that was given, or the file named as
    vocabulary does not fit; and OSError if one cannot be read.
    """
    path = weights_in(request.path)
    answers = Answers(request.answers)
    module = answers.get(MODULE) or request.module
    found = importer_of(path).open(request._replace(path=path, module=module, answers=answers))
    answers.require_all_asked()
    if vocabulary is not None:
        return with_vocabulary(found, vocabulary), path
    tokens = next((each for each in (request.path / name for name in VOCABULARIES) if each.is_file()), None)
    if tokens is None or path == request.path or found.embedding is None or found.vocabulary is not None:
        return found, path
    try:
        return with_vocabulary(found, tokens), path
    except ImportRefusedError as error:
        return replace(found, remarks=[*found.remarks, f"the vocabulary is not imported: {error}"]), path


def weights_in(path: Path) -> Path:
    """Return the only file in a folder that can be imported, such as one of ONNX next to its external data.

    A folder that an importer takes as a whole, or that holds no such file, is returned as it is; so is a file. Raises
    ImportRefusedError if there are several, and OSError if ``path`` cannot be read.
    """
    require_file_or_folder(path)
    if not path.is_dir() or _is_of_a_format(path):
        return path
    files = [each for each in sorted(path.iterdir()) if each.is_file() and _is_of_a_format(each)]
    if len(files) > 1:
        listed = ", ".join(each.name for each in files[:_MOST_LISTED]) + (" …" if len(files) > _MOST_LISTED else "")
        raise ImportRefusedError(f"these are several files that can be imported, {listed}: import one at a time")
    return files[0] if files else path


def _is_of_a_format(path: Path) -> bool:
    return any(importer.matches(path) for importer in TABLE)


def importer_of(path: Path) -> Importer:
    """Return the importer of a file or folder, by what it holds.

    Raises ImportRefusedError if there is none, and OSError if it cannot be read.
    """
    require_file_or_folder(path)
    for importer in TABLE:
        if importer.matches(path):
            return importer
    formats = ", ".join(importer.format for importer in TABLE)
    what = "this folder holds no file" if path.is_dir() else "this is not a file"
    raise ImportRefusedError(f"{what} that can be imported: the formats are {formats}; or it is damaged")


def require_file_or_folder(path: Path) -> None:
    """Raise ImportRefusedError if reading ``path`` would wait for somebody who writes, and OSError if it is nothing."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError as error:
        raise FileNotFoundError(2, "there is no such file or folder", str(path)) from error
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        what = next((name for is_kind, name in _KINDS.items() if is_kind(kind)), "a device")
        raise ImportRefusedError(f"this is {what}, which is not read: save what it gives in a file, and name that")


def require_free(folder: Path) -> None:
    """Raise ImportRefusedError if there is a model in ``folder``, or something else."""
    if os.path.lexists(folder):
        raise taken(folder)


def taken(folder: Path) -> ImportRefusedError:
    """Return the error of a model that is to be saved where there is one."""
    return ImportRefusedError(
        f"there is a model {folder.name} in {folder.parent} already: choose another name, or remove that one first"
    )


def with_vocabulary(found: Found, path: Path) -> Found:
    """Return what was found with the tokens of a file. Raises ImportRefusedError if they do not fit."""
    tokens = read_vocabulary(path)
    if found.embedding is None:
        raise ImportRefusedError(f"{path.name} is of no use: no embedding was found whose rows its tokens could name")
    if len(tokens) != len(found.embedding):
        rows = f"the embedding has {len(found.embedding)} rows"
        count = f"{len(tokens)} token{'s' if len(tokens) != 1 else ''}"
        raise ImportRefusedError(f"{path.name} has {count}, but {rows}: give one token for each row")
    return replace(found, vocabulary=tokens)


def name_for(path: Path, wanted: str) -> str:
    """Return the name of the folder of a model. Raises ImportRefusedError if the one that is wanted cannot be one."""
    if wanted:
        if not _NAME.fullmatch(wanted):
            raise ImportRefusedError(
                f"{wanted!r} cannot be the name of a model: use up to {LONGEST_NAME} letters, digits, '.', '_' and "
                "'-', beginning with a letter or digit"
            )
        return wanted
    resolved = Path(os.path.realpath(path))  # where links lead in circles, Path.resolve raises an error
    stem = resolved.name if path.is_dir() else resolved.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:LONGEST_NAME] or "model"


def _columns(found: Found, built: Built, file: Path | None) -> list[Column]:
    """Return the columns of a network that reads numbers, by a ``file`` that may describe them; none of another.

    Raises ImportRefusedError if the file does not describe them, and OSError if it cannot be read.
    """
    if built.tokenizer is None:
        return unnamed(found.input_size) if file is None else read_columns(file, found.input_size)
    if file is not None:
        raise ImportRefusedError(f"{file.name} is of no use: the model reads text, by its vocabulary, and no columns")
    return []


def _told(found: Found, columns: Sequence[Column], file: Path | None) -> dict[str, Any]:
    """Return what the report is to say of the ``columns``, as fields of what was found."""
    if not columns:
        return {}
    if file is None and found.embedding is not None:  # they are its numbers, of which a remark tells
        return {}
    if file is None:
        remark = (
            f"the file does not name what the network reads, {counted(len(columns))}, nor say their mean and scale: "
            "they are called input 0 and so on, and read as they are; --columns FILE describes them"
        )
        return {"remarks": [*found.remarks, remark]}
    scaled = sum((each.mean, each.scale) != (0, 1) for each in columns)
    reason = f"so {file.name} says; of {scaled:,} of them, the network reads (x − mean) / scale"
    return {"conventions": [*found.conventions, Convention("columns", listed(columns), reason)]}


def _about(found: Found, built: Built, columns: Sequence[Column], title: str) -> dict[str, object]:
    """Return the fields of config.json that neither network nor tokenizer gives."""
    layers = f"{len(found.layers)} layer{'s' if len(found.layers) > 1 else ''} of {found.hidden_size} units"
    ways = ", in both directions" if "backward" in found.layers[0] else ""
    last = projection_of(found)
    before = (
        "" if last is None else f" Its h is that before the projection to {len(last) // len(found.layers[-1])} numbers."
    )
    return {
        "title": title,
        "task": title,
        "description": f"{found.cell.title}, {layers}{ways}, imported from a file of {found.format}.{before}",
        "outputs": list(built.outputs),
        "predicts_next": built.predicts_next,
        "licence": "that of the file it was imported from",
        **({"columns": [asdict(each) for each in columns]} if columns else {}),
        "examples": examples_for(built.tokenizer, columns),
    }


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal; nothing for a folder."""
    if path.is_dir():
        return ""
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
