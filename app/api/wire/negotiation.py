"""Which form of an answer a client accepts, of which model, and in which form it may send a request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache

import mimeparse
from starlette.datastructures import State
from starlette.requests import Request

from ...store.model import Model
from . import problems
from .model import AModel

IS_HEAD = "gatescope.head"  # in the scope of a request for HEAD, which is routed as GET
JSON, JSONL, NPZ, CSV = "application/json", "application/jsonl", "application/x-npz", "text/csv"


async def is_json(request: Request) -> None:
    """Raise a problem unless the body is declared as JSON."""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise problems.not_json(content_type)


@dataclass(frozen=True)
class Asked:
    """What a request asks for, apart from its options: of which model, and in which form."""

    request: Request
    model: Model
    form: str  # a media type

    @property
    def is_head(self) -> bool:
        """Whether only the headers of the answer are sent."""
        return IS_HEAD in self.request.scope

    @property
    def state(self) -> State:
        """What the application keeps: settings, models, counters."""
        state: State = self.request.app.state
        return state


def asked_for(*forms: str) -> Callable[[Request, Model], Awaitable[Asked]]:
    """Return a dependency of a call whose answer comes in ``forms``, of which the first is the default.

    It raises a problem if the model cannot serve, or if the client accepts none of the forms.
    """

    # Only one dependency, and a coroutine: each costs FastAPI as much time as the network needs for a word, and a plain
    # function would run in a thread.
    async def asked(request: Request, model: AModel) -> Asked:
        accept = ", ".join(request.headers.getlist("accept")) or "*/*"
        form = best_form(accept, forms)
        if not form:
            raise problems.not_acceptable(accept, forms)
        return Asked(request, model, form)

    return asked


@lru_cache(maxsize=64)
def best_form(accept: str, forms: tuple[str, ...]) -> str:
    """Return the one of ``forms`` that the header Accept prefers; empty if it accepts none.

    Among equals, one that the header names wins, and then the default.
    """
    default, *others = forms
    wanted = accept.lower()
    # The best match among equals is the last.
    rising = [*(form for form in others if form not in wanted), default, *(form for form in others if form in wanted)]
    try:
        return str(mimeparse.best_match(rising, wanted))
    except mimeparse.MimeTypeParseException:
        return ""
