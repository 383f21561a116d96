"""gatescope models: which models are installed."""

from pathlib import Path
from typing import Annotated

import typer

from .common import read_settings


def models(
    folder: Annotated[
        Path | None, typer.Option(help="Folder of models; default: the setting GATESCOPE_MODELS.")
    ] = None,
) -> None:
    """List the models, and say for each that cannot be used why not."""
    from rich.console import Console
    from rich.table import Table

    from ..store.store import Store

    store = Store(read_settings(models=folder).models)
    table = Table("model", "task", "cell", "units", "layers", title=str(store.folder))
    for model in store:
        network = model.config.network
        table.add_row(model.id, model.config.task, network.cell, str(network.hidden_size), str(network.layers))
    for name, reason in store.broken.items():
        table.add_row(name, f"[red]broken[/red]: {reason}")
    Console().print(table)
