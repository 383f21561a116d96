"""The words of a model's task, for its pictures."""

from ..store.model import Model
from .subject import Terms


def terms_of(model: Model) -> Terms:
    """Return the words by which pictures speak of the outputs and tokens of ``model``."""
    config = model.config
    cell = config.network.cell_definition
    return Terms(config.opposite, config.tokenizer == "character", config.units, model.next_outputs, cell)
