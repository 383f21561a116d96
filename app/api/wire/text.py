"""The text of a request."""

from ...recurrent.tokenizer import Token
from ...settings import Settings
from ...store.model import Model
from . import problems


def tokens_of(model: Model, text: str, settings: Settings) -> list[Token]:
    """Return the tokens of ``text``. Raises a problem if it is too long, or if it has none."""
    if len(text) > settings.max_text:
        raise problems.text_too_long(len(text), settings.max_text)
    tokens = model.tokens(text)
    if not tokens:
        raise problems.empty_text()
    return tokens
