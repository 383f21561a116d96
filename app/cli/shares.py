"""gatescope shares: how far the signed shares of a model agree with what happens when a word is not written."""

from typing import Annotated

import typer

from .common import give_up
from .held_out import Data, File, LabelColumn, ModelName, TextColumn, model_and_task, save_measured


def shares(
    model: ModelName,
    *,
    save: Annotated[
        bool, typer.Option("--save", help="Write the figures to the model's config.json and to its card.")
    ] = False,
    data: Data = None,
    file: File = None,
    text: TextColumn = None,
    label: LabelColumn = None,
) -> None:
    """Compare the signed share of each held-out word with an experiment: keep it from being written."""
    from rich.console import Console
    from rich.table import Table

    from ..recurrent.decomposition.path import memory_of
    from ..training.card import figure, with_shares
    from ..training.shares import agreement, ends_anywhere
    from ..training.trainer import one_thread

    loaded, task = model_and_task(model, data, file, text, label)
    try:
        memory_of(loaded.config.network.cell)
        with one_thread():
            measured = agreement(loaded.network, task)
    except (ValueError, OverflowError) as error:
        give_up(f"{model}: {error}")
    if measured is None:
        give_up(f"{model}: there is nothing to compare: no held-out word, or no output that is the verdict")
    table = Table("of share and effect", "texts", "words", "measured", "95 %")
    signs = "–" if measured.same_sign is None else figure(measured.same_sign, "share")
    of_signs = " to ".join(figure(end, "share") for end in measured.same_sign_interval or ())
    of_r = " to ".join(f"{end:.3f}" for end in measured.correlation_interval or ())
    texts = f"{measured.texts:,}"
    table.add_row("same sign, |share| above 0.3", texts, f"{measured.large:,}", signs, of_signs or "–")
    table.add_row("correlation", texts, f"{measured.words:,}", f"{measured.correlation:.3f}", of_r or "–")
    Console().print(table)
    if save:
        facts = {
            "network": loaded.network.config,
            "shares": measured,
            "ends_anywhere": ends_anywhere(task),
            "verdict": loaded.config.verdict,
        }
        save_measured(loaded, {"shares": measured}, lambda card: with_shares(card, facts))
