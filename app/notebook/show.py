"""Show a trace: as lines in a terminal, as a picture in a notebook, or as an HTML file."""

import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from torch import Tensor, nn

from ..recurrent.trace import Trace
from ..recurrent.trace_module import trace_module
from ..store.model import Model
from .again import again_of
from .display import is_in_marimo
from .head import OwnHead, with_head
from .labels import with_labels

if TYPE_CHECKING:
    from .shown import Shown

Pair = tuple[Model | nn.Module, str | Tensor]


def show(
    what: Trace | Model | nn.Module | Pair,
    x: str | Tensor | None = None,
    *,
    labels: Sequence[object] | None = None,
    head: OwnHead | None = None,
    path: str | PathLike[str] | None = None,
    open: bool = False,  # noqa: A002
) -> "Shown":
    """Show what the memory of a network is made of, step by step; return what a notebook draws.

    A script prints lines; at a prompt and in a notebook, what is returned shows itself. With ``path`` or ``open`` the
    picture is written to an HTML file that needs no other, and the place is printed.

    Args:
        what: A trace; or a model or a module, with what it reads as ``x`` or as the second of a pair. A model knows
            more than its trace: what its outputs mean, whether it reads characters, and how its gates usually are.
        x: The text that a model reads, or the one sequence (T, E) that a module does.
        labels: What each step is called, T of them; the tokens of a text, or the numbers of steps, if None.
        head: What reads the last layer: an ``nn.Linear`` of one output, its weight (H·directions,) or
            (1, H·directions), or a pair (weight, bias). The output is read as a logit: the verdict is its sigmoid.
            That of the trace if None.
        path: Where the HTML file is written.
        open: Whether a browser opens it; from a temporary folder if there is no ``path``.

    Raises:
        OptionError: A ValueError: ``labels`` or ``head`` does not fit.
        ValueError: There are too many steps for a picture, or ``x`` is a batch; and what tracing raises.
        TypeError: ``what`` cannot be shown, or not with ``x``.
    """
    from .shown import Shown, require_few

    if isinstance(what, tuple) and len(what) == 2 and x is None:
        what, x = what

    def finished(traced: Trace) -> Trace:
        traced = traced if labels is None else with_labels(traced, labels)
        return traced if head is None else with_head(traced, head)

    trace, model = _traced(what, x)
    require_few(trace)
    again = again_of(what, x, finished)
    shown = Shown.of(finished(trace), model, has_steps=labels is not None, again=again)
    if path is not None or open:
        _write(shown, Path(tempfile.mkdtemp(prefix="gatescope-")) / "memory.html" if path is None else Path(path), open)
    elif not hasattr(sys, "ps1") and not is_in_marimo():  # at a prompt, what is returned prints itself
        shown.print()
    return shown


def _traced(what: object, x: Any) -> tuple[Trace, Model | None]:
    """Return the trace that is shown, and the model that it is of, if that is known."""
    match what:
        case Trace():
            if x is not None:
                raise TypeError("a trace has its input already: leave out the second argument")
            return what, None
        case Model():
            if not isinstance(x, str):
                raise TypeError(f"x is a {type(x).__name__}: a model reads a text, as in show(model, 'not good')")
            return what.trace(x), what
        case nn.Module() if x is None:
            raise TypeError("the input is missing: a module is shown with what it reads, as in show(module, x)")
        case _ if x is not None:
            trace = trace_module(cast(Any, what), x)  # which says what is wrong with another
            if not isinstance(trace, Trace):
                hint = "show one of them, as in show(trace_module(module, x)[0])"
                raise ValueError(f"x is a batch of {len(trace)}: {hint}")
            return trace, None
    raise TypeError(
        f"this is a {type(what).__name__}: show takes a Trace, a model and a text, or a module and its input"
    )


def _write(shown: "Shown", path: Path, is_opened: bool) -> None:  # noqa: FBT001
    """Write the picture to ``path``, say where it is, and open it if asked to."""
    path.write_text(shown.html(), encoding="utf-8")
    sys.stdout.write(f"The picture is in {path.resolve()}\n")
    if is_opened and not webbrowser.open(path.resolve().as_uri()):
        sys.stdout.write("There is no browser to open it: open the file yourself.\n")
