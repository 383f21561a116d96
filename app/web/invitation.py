"""What the page shows in the place of a picture that there cannot be: an invitation, with examples to open."""

from collections.abc import Sequence

from markupsafe import Markup

from ..figures.numbers import phrase_of, safe
from ..recurrent.tokenizer import Token
from ..settings import Settings
from ..store.model import Model
from ..store.series import title_of
from .look import Look, example_of

MOST = 3  # examples, and columns that are named


def is_blank(model: Model, text: str, settings: Settings) -> bool:
    """Return whether ``model`` finds nothing to read in ``text``."""
    if model.tokenizer is None:
        return not text.strip()
    return len(text) <= settings.max_text and not model.tokens(text)


def invitation(model: Model, look: Look) -> Markup:
    """Return what stands in the place of the picture of a blank text."""
    end = ", or open an example:" if model.config.examples else "."
    return Markup(  # noqa: S704
        f'<section class="invitation"><h2>{safe(_what_to_do(model))} above{end}</h2>'
        f"{examples_html(model, look)}<p>{safe(model.config.description)}</p></section>"
    )


def called(model: Model, text: str) -> str:
    """Return what a text is called: as it stands; of CSV, its title."""
    return text if model.tokenizer is not None else title_of(text) or text.partition("\n")[0]


def _what_to_do(model: Model) -> str:
    if model.tokenizer is None:
        names = [each.name for each in model.config.columns]
        shown = names if len(names) <= MOST + 1 else [*names[:MOST], f"{len(names) - MOST} more columns"]
        return f"Paste CSV of {', '.join(shown)}"
    return "Type a sentence" if model.tokenizer.kind == "word" else "Type some text"


def unread(model: Model, look: Look, tokens: Sequence[Token]) -> str:
    """Return examples to open in the place of a text in which ``model`` knows no word; "" if it knows one."""
    words = [token for token in tokens if any(map(str.isalpha, token.text))]
    is_known = any(token.known or token.read_as for token in words)
    if model.config.tokenizer != "word" or not words or is_known or not model.config.examples:
        return ""
    return f'<div class="unread"><p>Open an example:</p>{examples_html(model, look)}</div>'


def examples_html(model: Model, look: Look) -> str:
    """Return links to the first examples of ``model``; "" if it has none."""
    plain = look.model_copy(update=dict.fromkeys(("layer", "step", "unit", "chapter")) | {"edits": "", "start": 0})
    examples = model.config.examples[:MOST]
    opened = (plain.address(model=model.id, text=text, example=example_of(model, text)) for text in examples)
    named = zip(opened, (phrase_of(called(model, text)) for text in examples), strict=True)
    links = "".join(f'<li><a href="{safe(address)}">{safe(name)}</a></li>' for address, name in named)
    return f'<ul class="examples">{links}</ul>' if links else ""
