"""gatescope models: which models are installed."""

from pathlib import Path
from typing import Annotated

import typer

from .common import give_up, read_settings


def models(
    folder: Annotated[
        Path | None, typer.Option(help="Folder of models; default: the setting GATESCOPE_MODELS.")
    ] = None,
) -> None:
    """List the models, and say for each that cannot be used why not."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..store.files import printable
    from ..store.store import Store

    path = read_settings(models=folder).models
    try:
        store = Store(path)
    except OSError as error:
        give_up(f"the folder of models {path} cannot be read: {error.strerror}")
    table = Table("model", "task", "cell", "units", "layers", title=Text(printable(str(path))))
    for model in store:
        network = model.config.network
        # As Text, since a task is free text, in which Rich would obey what stands in brackets.
        task = Text(printable(model.config.task))
        table.add_row(Text(model.id), task, network.cell, str(network.hidden_size), str(network.layers))
    for name, reason in store.broken.items():
        table.add_row(Text(name), Text.assemble(("broken", "red"), f": {reason}"))
    Console().print(table)
