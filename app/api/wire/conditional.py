"""Conditional requests: the tag of an answer, and whether a client's copy is still valid (RFC 9110, section 13)."""

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
    "description": "ETags of the answers that the client holds, or `*`: 304 if one of them is still valid.",
    "schema": {"type": "string"},
}
TAG: dict[str, Any] = {
    "ETag": {
        "description": "Identifies this answer: it changes with the text, the options, the media type, the model, and "
        "the engine and code of the server.",
        "schema": {"type": "string", "pattern": '^W/"[0-9a-f]{32}"$'},
    }
}


@cache
def code() -> str:
    """Return a hash of the code that makes the answers: two builds may have the same version."""
    sources = sorted(Path(__file__).parents[2].rglob("*.py"))
    return blake2b(b"".join(blake2b(source.read_bytes()).digest() for source in sources)).hexdigest()


class Revalidation:
    """The tags of an application's answers, and the count of the requests that came with tags.

    A tag changes with whatever changes the answer. What belongs to the model (its configuration with the SHA-256 of its
    weights, its vocabulary, its statistics) is hashed once; a tag then takes some microseconds.
    """

    def __init__(self, engine: Engine, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._hashes: dict[str, tuple[Model, blake2b]] = {}
        counter = Counter(
            "gatescope_conditional_requests",
            "Requests for a trace with If-None-Match: a hit was answered 304, a miss was traced.",
            ["result"],
            registry=registry,
        )
        self._hits, self._misses = counter.labels("hit"), counter.labels("miss")

    def tag(self, model: Model, options: BaseModel, media_type: str) -> str:
        """Return the entity tag of an answer, which does not reveal the text.

        It is weak: compression changes the bytes, and the last digit of a number may differ from machine to machine.
        """
        tag = self._hash_of(model).copy()
        tag.update(media_type.encode())
        tag.update(options.model_dump_json().encode())
        return f'W/"{tag.hexdigest()}"'

    def _hash_of(self, model: Model) -> blake2b:
        """Return the hash of what belongs to ``model``; another model may take over its name."""
        known, hashed = self._hashes.get(model.id, (None, blake2b()))
        if known is not model:
            # repr keeps the items apart, and accepts a folder's name that is not Unicode.
            of_model = model.id, model.config, model.tokenizer and model.tokenizer.vocabulary, model.statistics
            hashed = blake2b(repr((__version__, code(), self._engine, *of_model)).encode(), digest_size=16)
            self._hashes[model.id] = model, hashed
        return hashed

    def is_current(self, tag: str, if_none_match: Sequence[str]) -> bool:
        """Return whether the lines of If-None-Match name ``tag``, or any tag, by ``*``.

        The comparison is weak, as RFC 9110, section 13.1.2, demands: whether a tag is marked as weak does not matter.
        """
        # No tag contains a quotation mark, so ours matches, with its own, only as a whole.
        line = ", ".join(if_none_match)
        is_current = line.strip() == "*" or tag.removeprefix("W/") in line
        (self._hits if is_current else self._misses).inc()
        return is_current
