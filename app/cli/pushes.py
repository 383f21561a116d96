"""gatescope pushes: how large the pushes of a model's words get over held-out text."""

from typing import Annotated

import typer

from .common import give_up
from .held_out import Data, File, LabelColumn, ModelName, TextColumn, model_and_task


def pushes(
    model: ModelName,
    *,
    save: Annotated[bool, typer.Option("--save", help="Write the figure to the model's statistics.json.")] = False,
    data: Data = None,
    file: File = None,
    text: TextColumn = None,
    label: LabelColumn = None,
) -> None:
    """Measure how large the signed shares of words get over held-out text: the scale of their colours."""
    from ..recurrent.decomposition.path import memory_of
    from ..store.saving import write_statistics
    from ..training.shares import largest_pushes
    from ..training.trainer import one_thread

    loaded, task = model_and_task(model, data, file, text, label)
    try:
        memory_of(loaded.config.network.cell)
        with one_thread():
            scale = largest_pushes(loaded.network, task)
    except (ValueError, OverflowError) as error:
        give_up(f"{model}: {error}")
    if scale is None:
        give_up(f"{model}: it has no single verdict for words to push")
    if save and loaded.statistics is None:
        give_up(f"{model}: it has no statistics.json to write to: train it again")
    typer.echo(f"99 % of steps have no push above {scale:.2f} in logit")
    if save:
        try:
            write_statistics(loaded.folder, {"push_scale": scale})
        except OSError as error:
            give_up(f"{loaded.folder} cannot be written to: {error.strerror}")
