"""Conditional requests: the tag of an answer, and whether a client's copy of it still stands (RFC 9110, section 13)."""

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from pydantic import BaseModel

from ... import __version__
from ...recurrent.trace import Engine
from ...store.model import Model

# As OpenAPI describes them.
IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags of the answers that the client holds, or `*`: 304 if one of them still stands.",
    "schema": {"type": "string"},
}
TAG: dict[str, Any] = {
    "ETag": {
        "description": "Names this answer: it changes with the text, the options, the media type, the model, and the "
        "engine and code of the server.",
        "schema": {"type": "string", "pattern": '^W/"[0-9a-f]{32}"$'},
    }
}


@cache
def code() -> str:
    """Return a hash of the code that makes the answers: two builds may bear one version."""
    sources = sorted(Path(__file__).parents[2].rglob("*.py"))
    return blake2b(b"".join(blake2b(source.read_bytes()).digest() for source in sources)).hexdigest()


class Revalidation:
    """The tags of one application's answers, and the count of the requests that brought some along.

    A tag changes with whatever changes the answer. What belongs to the model (its weights by their verified SHA-256,
    its configuration, its vocabulary) is hashed once; a tag then takes some microseconds.
    """

    def __init__(self, engine: Engine, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._begun: dict[str, tuple[Model, blake2b]] = {}
        counter = Counter(
            "gatescope_conditional_requests",
            "Requests for a trace with If-None-Match: a hit was answered 304, a miss was traced.",
            ["result"],
            registry=registry,
        )
        self._hits, self._misses = counter.labels("hit"), counter.labels("miss")

    def tag(self, model: Model, options: BaseModel, media_type: str) -> str:
        """The entity tag of an answer; the text does not stand in it.

        It is weak: compression changes the bytes, and the last digit of a number may differ from machine to machine.
        """
        tag = self._begin(model).copy()
        tag.update(media_type.encode())
        tag.update(options.model_dump_json().encode())
        return f'W/"{tag.hexdigest()}"'

    def _begin(self, model: Model) -> blake2b:
        """The part of a tag that belongs to ``model``; another model may come to bear its name."""
        known, begun = self._begun.get(model.id, (None, blake2b()))
        if known is not model:
            # repr keeps the parts apart, and takes a folder's name that is no Unicode.
            parts = __version__, code(), self._engine, model.id, model.config, model.tokenizer.vocabulary
            begun = blake2b(repr(parts).encode(), digest_size=16)
            self._begun[model.id] = model, begun
        return begun

    def stands(self, tag: str, if_none_match: Sequence[str]) -> bool:
        """Whether the lines of If-None-Match name ``tag``, or any tag at all, by ``*``.

        Compared weakly, as RFC 9110, section 13.1.2, asks: a tag matches whether it is marked as weak or not.
        """
        # No tag holds a quotation mark: with its own, ours is found only as a whole.
        line = ", ".join(if_none_match)
        found = line.strip() == "*" or tag.removeprefix("W/") in line
        (self._hits if found else self._misses).inc()
        return found
