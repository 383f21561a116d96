"""Traces as files: NPZ for NumPy, CSV for tables."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, StringIO

import numpy as np

from ...recurrent.trace import Trace
from .content import Selection

CHUNK = 1_000_000  # characters of CSV
COLUMNS = ("model", "step", "token", "layer", "direction", "activation", "unit", "value")


def npz(trace: Trace, names: Sequence[str], selection: Selection, top: int | None = None) -> bytes:
    """Return an archive for ``numpy.load``, which needs no pickle.

    Of n steps and m units, it holds ``tokens`` (n,); ``0.forward.f`` (n, m) and its like, named by layer, direction and
    letter; ``outputs`` (n, outputs) and their names, ``output_names``, both of them (n, ``top``) if only the most
    probable are wanted; ``start``, the step of the first row; ``units``
    (m,), the unit of each column. That of an edited run also has its ``edits``, as JSON, and ``notes``. NumPy takes NUL
    for the end of a string: a token that is NUL comes back empty.
    """
    edits = json.dumps([each.to_dict() for each in trace.edits])
    edited = {"edits": np.array(edits), "notes": np.array(trace.notes, np.str_)} if trace.edits else {}
    arrays = {
        f"{layer.layer}.{layer.direction}.{letter}": array
        for layer in selection.layers_of(trace)
        for letter, array in selection.of(layer).items()
    }
    probabilities, called = trace.outputs, np.array(names, dtype=np.str_)
    if top is not None:
        places, probabilities, _ = trace.likeliest(top, np.empty((len(trace), 0), np.int64))
        called = called[places]
    file = BytesIO()
    np.savez(
        file,
        allow_pickle=False,
        tokens=np.array([token.text for token in trace.tokens], dtype=np.str_),
        **arrays,
        outputs=probabilities,
        output_names=called,
        start=np.array(trace.start),
        units=np.array(selection.units_of(trace)),
        **edited,
    )
    return file.getvalue()


# Spreadsheets skip blanks before it; some take its full-width forms as well.
_FORMULA = re.compile(r"[\s\x00-\x1f']*[=+\-@＝＋－＠]")


def as_text(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe in front where one might.

    A formula with apostrophes in front gets one more, so that the text comes back by dropping one from any cell that
    begins with apostrophes and a formula.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def csv_rows(parts: Iterable[Trace], model: str, selection: Selection) -> Iterator[bytes]:
    """Yield a line of ``COLUMNS``, then one for each number, step by step (RFC 4180, UTF-8), some steps at a time.

    A chunk holds a part, or as many of its steps as come to ``CHUNK`` characters, so that whoever reads sees it go on.

    Text that a spreadsheet would take for a formula has an apostrophe in front (see ``as_text``). Numbers are left as
    they are, negative ones too.
    """
    file = StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    name = as_text(model)
    for part in parts:
        units = selection.units_of(part)
        layers = [(layer, selection.of(layer)) for layer in selection.layers_of(part)]
        for t, token in enumerate(part.tokens):
            for layer, arrays in layers:
                for letter, array in arrays.items():
                    place = name, part.start + t, as_text(token.text), layer.layer, layer.direction, letter
                    writer.writerows((*place, unit, value) for unit, value in zip(units, array[t], strict=True))
            if file.tell() >= CHUNK or t == len(part) - 1:
                yield file.getvalue().encode()
                file.seek(0)
                file.truncate()
