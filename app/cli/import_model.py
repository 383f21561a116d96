"""gatescope import: make a model of a file that another framework wrote, with proof."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import give_up, read_settings
from .entering import entering, is_imported, require_free
from .reading import MemoryOption, SecondsOption, read_apart

if TYPE_CHECKING:
    from ..settings import Settings
    from ..store.imported import GateOrder, ImportReport

# Of a report: import.json has them all.
_SHOWN_TENSORS = 12
_SHOWN_ORDERS = 5


def import_model(
    path: Annotated[Path, typer.Argument(help="A file, or a folder as Hugging Face lays it out.")],
    module: Annotated[str, typer.Option(help="Name of the recurrent network, where the file holds several.")] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Answer to what the file cannot say, such as nonlinearity=tanh."),
    ] = None,
    vocab: Annotated[
        Path | None, typer.Option(help="File of the vocabulary: a JSON list, or text with a token a line.")
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            help="File of the columns of a model that reads numbers: JSON with name, unit, mean and scale of each, or "
            "CSV with their names in its first row."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the model's folder; default: after the file.")] = "",
    title: Annotated[str, typer.Option(help="Name of the model for people; default: that of its folder.")] = "",
    text: Annotated[
        Path | None, typer.Option(help="Text file that a language model is measured on; default: an excerpt.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Folder to save it in; default: the setting GATESCOPE_IMPORTED.")
    ] = None,
    seconds: SecondsOption = None,
    memory: MemoryOption = None,
) -> None:
    """Import a recurrent network of PyTorch, safetensors, ONNX or Keras, and prove that it computes the same."""
    settings = read_settings()
    folder = into or settings.imported
    if folder is None:
        give_up("importing is switched off, as GATESCOPE_IMPORTED is empty: name a folder by --into")
    job = {
        "path": str(path),
        "module": module,
        "answers": answers_of(answer or []),
        "vocabulary": str(vocab or ""),
        "columns": str(columns or ""),
        "title": title,
    }
    try:
        job["text"] = "" if text is None else text.read_text(encoding="utf-8")
        model = _imported(job, folder, settings, name, seconds, memory)
    except UnicodeDecodeError:
        give_up(f"{text} is not UTF-8")
    except OSError as error:
        give_up(f"{error.filename or path}: {error.strerror or error}")
    print_report(report_in(model))
    typer.echo(f"\nsaved in {model}\n{_what_next(model, settings)}")


def _what_next(model: Path, settings: "Settings") -> str:
    """Say how to look at a model that was imported."""
    from ..store.fields import ModelConfig
    from ..store.files import CONFIG, parse

    if not is_imported(model, settings):
        what = "TEXT" if parse(model, CONFIG, ModelConfig).input == "text" else "--values FILE"
        return f"to look at it: gatescope show {what} --model {model}"
    return f"to look at it: gatescope serve, then ?model={model.name} after the address that it prints"


def _imported(
    job: Mapping[str, Any], folder: Path, settings: "Settings", wanted: str, seconds: int | None, memory: int | None
) -> Path:
    """Do ``job``, and return the model that it left in ``folder``, which is there as a whole or not at all.

    Gives up if the file is refused. Raises OSError if one cannot be read or written, in the place where it was to be.
    """
    from ..importers.found import ImportRefusedError
    from ..importers.saving import name_for, require_file_or_folder

    path = Path(job["path"])
    try:
        require_file_or_folder(path)
        name = name_for(path, wanted)
    except ImportRefusedError as error:
        give_up(f"{path}: {error}")
    require_free(folder / name, settings, str(path))
    with entering(folder / name, settings, str(path)) as (apart, locks):
        read_apart({**job, "name": name, "into": str(apart)}, str(path), seconds, memory, locks)
    return folder / name


def report_in(folder: Path) -> "ImportReport":
    """Return the report that a process wrote into ``folder``. Gives up if it is none."""
    from ..store.files import IMPORT, BrokenModelError, parse
    from ..store.imported import ImportReport

    try:
        return parse(folder, IMPORT, ImportReport)
    except BrokenModelError as error:
        give_up(f"{folder}: {error}")


def answers_of(given: list[str]) -> dict[str, str]:
    """Return the answers by question. Gives up if one is not KEY=VALUE, or contradicts another."""
    from ..importers.answers import answers_in

    try:
        return answers_in(given)
    except ValueError as error:
        give_up(f"--answer {error}", code=2)


def print_report(report: "ImportReport") -> None:
    """Print how a model was imported, and what proves it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..store.files import printable

    def row(table: Table, *cells: str) -> None:
        table.add_row(*(Text(printable(cell)) for cell in cells))  # names of a file, in which Rich would obey brackets

    console = Console()
    console.print(Text(printable(f"{report.format}: {report.module or report.source}"), style="bold"))
    console.print(Text(printable(report.verdict)))
    compared = Table("compared with", "largest difference of h")
    for comparison in report.comparisons:
        row(compared, comparison.reference, f"{comparison.difference:.1e}")
    conventions = Table("convention", "here", "why")
    for convention in report.conventions:
        row(conventions, convention.question, convention.answer, convention.reason)
    placed = Table("in the file", "shape", "became", "changed")
    for tensor in report.placed[:_SHOWN_TENSORS]:
        row(placed, tensor.source, " × ".join(map(str, tensor.shape)), tensor.target, tensor.change or "no")
    if (more := len(report.placed) - _SHOWN_TENSORS) > 0:
        row(placed, f"… and {more} more in import.json", "", "", "")
    console.print(compared, conventions, placed)
    if report.orders:
        has_bits = any(each.bits is not None for each in report.orders)
        orders = Table("order of the gates", "largest difference of h", *(["bits per token"] if has_bits else []))
        for order in _right_and_nearest(report.orders):
            bits = [] if not has_bits else ["" if order.bits is None else f"{order.bits:.2f}"]
            row(orders, order.order, f"{order.difference:.1e}", *bits)
        console.print(orders)
    for remark in report.remarks:
        console.print(Text(printable(f"• {remark}")))
    if report.unused:
        rest = " …" if len(report.unused) > _SHOWN_TENSORS else ""
        console.print(Text(printable(f"• unused: {', '.join(report.unused[:_SHOWN_TENSORS])}{rest}")))


def _right_and_nearest(orders: "Sequence[GateOrder]") -> "Sequence[GateOrder]":
    """Return the right order, and the wrong ones that would be noticed least."""
    right, *wrong = orders
    return [right, *sorted(wrong, key=lambda each: each.difference)[:_SHOWN_ORDERS]]
