"""gatescope units: which single units of a model track what is known about the text."""

from typing import Annotated

import typer

from .common import give_up
from .held_out import Data, File, LabelColumn, ModelName, TextColumn, model_and_task, save_measured


def units(
    model: ModelName,
    *,
    save: Annotated[
        bool, typer.Option("--save", help="Write those that are named to the model's config.json and to its card.")
    ] = False,
    data: Data = None,
    file: File = None,
    text: TextColumn = None,
    label: LabelColumn = None,
) -> None:
    """Find the unit that best tracks each feature of the text; one that does it well enough is named."""
    from rich.console import Console
    from rich.table import Table

    from ..analysis.units import stands_out, threshold
    from ..recurrent.cells import NAMES
    from ..training.card import with_units
    from ..training.named_units import tracking_units

    loaded, task = model_and_task(model, data, file, text, label)
    try:
        tracking = tracking_units(loaded.network, task, loaded.config.start)
    except (ValueError, OverflowError) as error:
        give_up(f"{model}: {error}")
    table = Table(
        "feature",
        "activation",
        "layer",
        "unit",
        "measure",
        "score",
        "95 %",
        "best untrained",
        "close",
        "probe",
        "named",
    )
    for each in tracking:
        low, high = each.interval
        table.add_row(
            each.feature,
            f"{NAMES[each.activation]} {each.activation}",
            f"{each.layer} {each.direction}",
            str(each.unit),
            f"{'−' if each.sign < 0 else ''}{each.measure}",
            f"{each.score:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{threshold(each):.3f}",
            f"{each.close} from {each.close_from:.3f}",
            f"{each.probe:.3f}",
            "yes" if stands_out(each) else "no",
        )
    Console().print(table)
    if save:
        named = [each for each in tracking if stands_out(each)]
        unnamed = [each for each in tracking if not stands_out(each)]
        facts = {"network": loaded.network.config, "units": named, "unnamed": unnamed}
        save_measured(loaded, {"units": named, "unnamed": unnamed}, lambda card: with_units(card, facts))
