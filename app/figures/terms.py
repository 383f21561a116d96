"""The words of a model's task, for its pictures."""

from ..store.model import Model
from .subject import Features, Terms


def terms_of(model: Model, features: Features | None = None) -> Terms:
    """Return the words by which pictures speak of the outputs and tokens of ``model``.

    ``features`` gives what its units may track in a text; None: it is not known, and no finding speaks of it.
    """
    config = model.config
    return Terms(
        opposite=config.opposite,
        noun="step" if config.input == "numbers" else "",
        is_character=config.tokenizer == "character",
        units=config.units,
        next_outputs=model.next_outputs,
        cell=config.network.cell_definition,
        features=features,
        language=config.language,
    )
