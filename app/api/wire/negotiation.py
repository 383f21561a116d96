"""Which form of an answer a client accepts, of which model; and the form of what it sends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache

import mimeparse
from starlette.datastructures import State
from starlette.requests import Request

from ...store.model import Model
from . import problems
from .model import AModel

JSON, JSONL, NPZ, CSV = "application/json", "application/jsonl", "application/x-npz", "text/csv"


async def is_json(request: Request) -> None:
    """Raise a problem unless the body is declared as JSON."""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise problems.not_json(content_type)


@dataclass(frozen=True)
class Asked:
    """What a request asks for, beside the options: of which model, and in which form."""

    request: Request
    model: Model
    form: str  # a media type

    @property
    def state(self) -> State:
        """What the application keeps: settings, models, counters."""
        state: State = self.request.app.state
        return state


def asked_for(*forms: str) -> Callable[[Request, Model], Awaitable[Asked]]:
    """A dependency of a call whose answer comes in ``forms``, the first of which is the usual one.

    It raises a problem if the model cannot serve, or if the client accepts none of the forms.
    """

    # One dependency, a coroutine: FastAPI takes as long for each as the whole network does for a word, and hands a
    # plain function to a thread.
    async def asked(request: Request, model: AModel) -> Asked:
        accept = ", ".join(request.headers.getlist("accept")) or "*/*"
        form = best_form(accept, forms)
        if not form:
            raise problems.not_acceptable(accept, forms)
        return Asked(request, model, form)

    return asked


@lru_cache(maxsize=64)
def best_form(accept: str, forms: tuple[str, ...]) -> str:
    """The one of ``forms`` that the header Accept wants most; empty if it wants none.

    Of several that are wanted alike, it is one that the header names, and else the usual one.
    """
    usual, *others = forms
    wanted = accept.lower()
    # Of those that are wanted alike, the last is taken.
    rising = [*(form for form in others if form not in wanted), usual, *(form for form in others if form in wanted)]
    try:
        return str(mimeparse.best_match(rising, wanted))
    except mimeparse.MimeTypeParseException:
        return ""
