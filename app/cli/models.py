"""gatescope models: which models are installed; and what was imported: show, verify and remove it."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import give_up, read_model, read_settings
from .import_model import answers_of, print_report, report_in
from .reading import MemoryOption, SecondsOption, read_apart

if TYPE_CHECKING:
    from ..settings import Settings
    from ..store.store import Store

app = typer.Typer(help="List the models; show, verify and remove imported ones.")

FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Folder of models; default: the setting GATESCOPE_MODELS.")
]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")]


@app.callback(invoke_without_command=True)
def models(context: typer.Context, folder: FolderOption = None) -> None:
    """List the models, and say for each that cannot be used why not."""
    if context.invoked_subcommand is None:
        list_models(folder)
    elif folder is not None:
        give_up("the option --folder belongs behind 'list'", code=2)


@app.command("list")
def list_models(folder: FolderOption = None) -> None:
    """List the models, and say for each that cannot be used why not."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..store.files import printable

    settings = read_settings(models=folder)
    store = _store(settings, folder)
    title = printable(str(settings.models)) + (f" and {printable(str(store.imported))}" if store.imported else "")
    table = Table("model", "task", "cell", "units", "layers", title=Text(title))
    for model in store:
        network = model.config.network
        # As Text, since a task is free text, in which Rich would obey what stands in brackets.
        task = Text(printable(model.config.task))
        table.add_row(Text(model.id), task, network.cell, str(network.hidden_size), str(network.layers))
    for name, reason in store.broken.items():
        table.add_row(Text(name), Text.assemble(("broken", "red"), f": {reason}"))
    Console().print(table)


@app.command()
def show(name: Name) -> None:
    """Show what is known of a model: its folder and sizes, and how it was imported, with the proof."""
    from ..store.files import printable

    model = read_model(name, read_settings())
    config, network = model.config, model.config.network
    ways = ", in both directions" if network.bidirectional else ""
    layers = f"{network.layers} layer{'s' if network.layers > 1 else ''}"
    typer.echo(f"{model.id}: {printable(config.title)}")
    typer.echo(printable(config.description))
    typer.echo(f"{network.cell_definition.variant}, {layers} of {network.hidden_size} units{ways}")
    typer.echo(f"in {printable(str(model.folder))}, weights with the SHA-256 {config.weights_sha256}")
    if model.imported is None:
        typer.echo("not imported")
    else:
        print_report(model.imported)


@app.command()
def verify(
    name: Name,
    file: Annotated[Path, typer.Argument(help="The file or folder that it was imported from.")],
    answer: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="The answers that were given at the import.")
    ] = None,
    vocab: Annotated[Path | None, typer.Option(help="The vocabulary that was given at the import.")] = None,
    seconds: SecondsOption = None,
    memory: MemoryOption = None,
) -> None:
    """Prove once more that an imported model computes what its file does."""
    model = read_model(name, read_settings())
    job = {
        "path": str(file),
        "model": str(model.folder),
        "answers": answers_of(answer or []),
        "vocabulary": str(vocab or ""),
    }
    try:
        with tempfile.TemporaryDirectory() as into:
            read_apart({**job, "into": into}, name, seconds, memory)
            report = report_in(Path(into))
    except OSError as error:
        give_up(f"{error.filename or file}: {error.strerror or error}")
    print_report(report)


@app.command()
def remove(name: Name) -> None:
    """Remove an imported model from disk; a server that is running notices within seconds."""
    from ..store.importing import remove as removed

    imported = read_settings().imported
    try:
        was_there = imported is not None and removed(imported, name)
    except OSError as error:
        give_up(f"{name} cannot be removed: {error.strerror or error}")
    if not was_there:
        where = "importing is switched off" if imported is None else f"there is none of that name in {imported}"
        give_up(f"{name!r} is not an imported model: {where}")
    typer.echo(f"removed {name} from {imported}")


def _store(settings: "Settings", folder: Path | None) -> "Store":
    """Return the models; a folder that is named is looked at without the imported ones."""
    from ..store.store import Store

    try:
        return Store(settings.models, imported=None if folder else settings.imported)
    except OSError as error:
        give_up(f"the folder of models {settings.models} cannot be read: {error.strerror}")
