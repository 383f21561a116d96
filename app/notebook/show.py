"""Show a trace: as lines in a terminal, as a picture in a notebook, or as an HTML file."""

import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from torch import nn

from ..recurrent.decomposition.output import Output
from ..recurrent.module_call import Input
from ..recurrent.option_error import OptionError
from ..recurrent.trace import Trace
from ..recurrent.watch.run import Run
from ..store.model import Model
from .display import is_in_marimo
from .head import OwnHead, answer_of
from .labels import with_labels
from .source import source_of

if TYPE_CHECKING:
    from .inputs import Inputs
    from .shown import Shown

Read = str | Input | Sequence[Sequence[float]] | NDArray[Any]
Pair = tuple[Model | nn.Module, Read]


def show(
    what: Trace | Run | Model | nn.Module | Pair,
    x: Read | None = None,
    *,
    sequence: int | None = None,
    labels: Sequence[object] | None = None,
    head: OwnHead | None = None,
    output: Output | Sequence[Output] | None = None,
    names: Sequence[str] | None = None,
    inputs: "Inputs | None" = None,
    path: str | PathLike[str] | None = None,
    open: bool = False,  # noqa: A002
    png: bool = False,
) -> "Shown":
    """Show what the memory of a network is made of, step by step; return what a notebook draws.

    A script prints lines; at a prompt and in a notebook, what is returned shows itself. With ``path`` or ``open`` the
    picture is written to an HTML file that needs no other, and the place is printed.

    Args:
        what: A trace; a run that was watched; or a model or a module, with what it reads as ``x`` or as the second of a
            pair. A model knows more than its trace: what its outputs mean, whether it reads characters, and how its
            gates usually are.
        x: The text or the values (T, E) that a model reads, or the sequence (T, E) or batch that a module does.
        sequence: Its place in the batch of a run, 0 if None, or in that of ``x``.
        labels: What each step is called, T of them; the tokens of a text, or the numbers of steps, if None.
        head: What reads the last layer: an ``nn.Linear``, its weight (outputs, H·directions), or (H·directions,) of one
            output, or a pair (weight, bias). That of the trace if None.
        output: Which output the picture is of, by its number or its name: it is read as a logit, and the verdict is its
            sigmoid. Or two, as of a softmax, one against the other: the verdict is the probability of the first, if it
            is one of the two. If None, the only one, or the model's verdict.
        names: What the outputs are called, one for each.
        inputs: Columns of the input to draw above the picture, each over a scale of its own: their numbers from 0, as
            in ``[0, 3]``; or a mapping, or a data frame, of names to numbers of columns or to T values. A name may be a
            pair (name, unit). What is not finite is a gap.
        path: Where the picture is written: as HTML, or, where it ends in ``.svg`` or ``.png``, as an image, which needs
            the extra ``gatescope[image]``.
        open: Whether a browser opens it; from a temporary folder if there is no ``path``.
        png: Whether a notebook draws it as a PNG, for where HTML is not shown; needs the extra too.

    Raises:
        IndexError: There is no such sequence.
        OptionError: A ValueError: an option does not fit; the message begins with its name.
        ValueError: There are too many steps for a picture, or ``x`` is a batch and ``sequence`` None; and what tracing
            raises.
        TypeError: ``what`` cannot be shown, or not with ``x``.
    """
    from .inputs import columns_of_input
    from .shown import Shown, image_tools, require_few

    if isinstance(what, tuple) and len(what) == 2 and x is None:
        what, x = what
    source = source_of(what, x, sequence)
    require_few(source.trace)
    has_answer = not (head is None and output is None and names is None)

    def labelled(trace: Trace) -> Trace:
        return trace if labels is None else with_labels(trace, labels)

    def finished(trace: Trace) -> Trace:
        trace = labelled(trace)
        return answer_of(trace, head, output, names).trace if has_answer else trace

    trace = labelled(source.trace)
    shown = Shown.of(
        trace,
        source.model,
        answer_of(trace, head, output, names) if has_answer else None,
        has_steps=labels is not None,
        inputs=() if inputs is None else columns_of_input(inputs, source.x, len(trace)),
        notes=(*trace.notes, *source.notes),
        again=None if (again := source.again) is None else lambda edits: finished(again(edits)),
    )
    if png:
        image_tools()
        shown = replace(shown, is_image=True)
    if path is not None or open:
        _write(shown, Path(tempfile.mkdtemp(prefix="gatescope-")) / "memory.html" if path is None else Path(path), open)
    elif not hasattr(sys, "ps1") and not is_in_marimo():  # at a prompt, what is returned prints itself
        shown.print()
    return shown


def _write(shown: "Shown", path: Path, is_opened: bool) -> None:  # noqa: FBT001
    """Write the picture to ``path``, say where it is, and open it if asked to."""
    path.write_bytes(_content(shown, path))
    sys.stdout.write(f"The picture is in {path.resolve()}\n")
    if is_opened and not webbrowser.open(path.resolve().as_uri()):
        sys.stdout.write("There is no browser to open it: open the file yourself.\n")


def _content(shown: "Shown", path: Path) -> bytes:
    """Return what is written, in the form that the name of the file asks for."""
    match path.suffix.lower():
        case ".png":
            return shown.png()
        case ".svg":
            return shown.svg().encode("utf-8")
        case ".html" | ".htm" | "":
            return shown.html().encode("utf-8")
    raise OptionError("path", f"{path.name} is neither .html nor .svg nor .png: these are the files that are written")
