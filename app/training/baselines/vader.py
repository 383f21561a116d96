"""VADER's own scorer (Hutto & Gilbert, ICWSM 2014), from the package whose rated texts are learned from."""

import io
import tarfile
import tempfile
import warnings
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from ...recurrent.trace import FloatArray
from ..sources.download import DataError

MODULE = "vaderSentiment"
MEMBERS = (f"{MODULE}.py", "vader_lexicon.txt", "emoji_utf8_lexicon.txt")


def scores(archive: bytes, texts: Sequence[str]) -> FloatArray:
    """Return VADER's ``compound`` score of each of ``texts``, from -1, most negative, to 1: (N,).

    ``archive`` is the package's source archive, of which its code is run: check its SHA-256 before, as ``obtain`` does.
    Raises DataError if it holds no scorer.
    """
    with tempfile.TemporaryDirectory() as folder:
        _extract(archive, Path(folder))
        spec = spec_from_file_location(f"_{MODULE}", Path(folder, MEMBERS[0]))
        assert spec is not None and spec.loader is not None  # noqa: S101, PT018  the name ends in .py
        module: Any = module_from_spec(spec)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it opens files as Python 2 did
            spec.loader.exec_module(module)
            analyser = module.SentimentIntensityAnalyzer()
    return np.array([analyser.polarity_scores(text)["compound"] for text in texts], np.float64)


def _extract(archive: bytes, folder: Path) -> None:
    """Write the scorer and its lexicons to ``folder``."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                package, _, name = member.name.partition("/")[2].rpartition("/")
                if package == MODULE and name in MEMBERS and member.isfile():
                    (folder / name).write_bytes(tar.extractfile(member).read())  # type: ignore[union-attr]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"the archive that should hold VADER's scorer cannot be read: {error}") from None
    if missing := [name for name in MEMBERS if not (folder / name).is_file()]:
        raise DataError(f"the archive holds no {MODULE}/{missing[0]}")
