"""Texts of every kind to every route that takes one: tokens that lie in the text, or a problem that says why."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import httpx2
import numpy as np
import pytest
import regex
from quick import Length

from .alphabets import texts

REQUESTS = 17_000
EMPTY = "The text has no word to trace; send at least one."
NOT_UTF8 = "The query is not percent-encoded UTF-8. Encode the text as UTF-8 before percent-encoding it."
# What a text of words may hold between them: what is not shown. Of a text of characters, all of it is tokens.
BETWEEN = regex.compile(r"[\s\p{Default_Ignorable_Code_Point}\u2800\uFFF9-\uFFFB]*")

Tokens = list[dict[str, Any]]
Read = Callable[[httpx2.Response], Tokens]


def in_json(response: httpx2.Response) -> Tokens:
    tokens: Tokens = json.loads(response.content)["tokens"]
    return tokens


def in_lines(response: httpx2.Response) -> Tokens:
    return [json.loads(line)["token"] for line in response.content.splitlines()]


def in_last_line(response: httpx2.Response) -> Tokens:
    tokens: Tokens = json.loads(response.content.splitlines()[-1])["answer"]["tokens"]
    return tokens


def in_csv(response: httpx2.Response) -> Tokens:
    """The tokens of a table, without an apostrophe that keeps one from being a formula."""
    rows = csv.DictReader(io.StringIO(response.content.decode(), newline=""))
    by_step = {int(row["step"]): row["token"] for row in rows}
    return [
        {"text": regex.sub(r"^'(?='*[\s\x00-\x1f']*[=+\-@＝＋－＠])", "", by_step[at])} for at in range(len(by_step))
    ]


def in_npz(response: httpx2.Response) -> Tokens:
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive, archive.open("tokens.npy") as file:
        return [{"text": str(each)} for each in np.lib.format.read_array(file)]


def in_html(response: httpx2.Response) -> Tokens:
    assert response.headers["content-type"].startswith("text/html")
    assert "</script>" not in regex.sub(r"<script\b[^>]*>[^<]*</script>", "", response.content.decode())
    return []


# Accept → how its tokens are read.
FORMS: dict[str, Read] = {
    "application/json": in_json,
    "application/jsonl": in_lines,
    "text/csv": in_csv,
    "application/x-npz": in_npz,
}
NARROW: dict[str, Any] = {"activations": ["h"], "units": [0]}
POSTED: dict[str, tuple[str, dict[str, Any]]] = {  # of the rest, what is asked besides the text, and of which models
    "memory": ("lstm gru letters", {"parts": ["states", "words"], "stop": 8}),
    "decompositions": ("lstm gru both-ways", {"parts": ["amounts"]}),
    "experiments": ("lstm both-ways letters", {"edits": [{"letter": "h", "units": [1], "hold": 0.25}], **NARROW}),
    "rankings": ("lstm gru letters", {"kind": "units", "together": []}),
}
MODELS = ("lstm", "both-ways", "letters")

Ask = Callable[[httpx2.Client, str], httpx2.Response]


def posted(path: str, body: dict[str, Any], accept: str = "application/json") -> Ask:
    def ask(client: httpx2.Client, text: str) -> httpx2.Response:
        headers = {"Content-Type": "application/json", "Accept": accept}
        return client.post(path, content=json.dumps({**body, "text": text}), headers=headers)

    return ask


def in_address(path: str, accept: str = "*/*") -> Ask:
    def ask(client: httpx2.Client, text: str) -> httpx2.Response:
        return client.get(path + quote(text.encode("utf-8", "surrogatepass"), safe=""), headers={"Accept": accept})

    return ask


def routes() -> Iterator[tuple[str, str, Ask, Read]]:
    """Yield a name of each route, a model that it asks, how, and how the tokens of an answer are read."""
    for model in MODELS:
        own = f"/api/v1/models/{model}"
        for accept, read in FORMS.items():
            yield f"POST {accept}", model, posted(f"{own}/traces", NARROW, accept), read
            yield f"GET {accept}", model, in_address(f"{own}/trace?activations=h&units=0&text=", accept), read
        yield "page", model, in_address(f"/?model={model}&text="), in_html
        yield "first-screen", model, posted("/first-screen", {"model": model}), in_html
    for noun, (models, body) in POSTED.items():
        for model in models.split():
            yield noun, model, posted(f"/api/v1/models/{model}/{noun}", body), in_json
            if noun in ("memory", "rankings"):
                path = f"/api/v1/models/{model}/{noun}"
                yield f"{noun} in lines", model, posted(path, body, "application/jsonl"), in_last_line


def expected_detail(name: str, text: str) -> str | None:
    """Return the detail of the problem that a text is by itself, or None."""
    lone = next((at for at, character in enumerate(text) if "\ud800" <= character <= "\udfff"), None)
    if name == "page":
        return None  # it opens with what it can show
    if lone is not None and name.startswith("GET"):
        return NOT_UTF8
    if lone is not None:
        what = f"character {lone} is a lone surrogate (half of a UTF-16 pair); send whole characters"
        return f"text: {what}."
    return None


def require_tokens(name: str, model: str, text: str, tokens: Tokens) -> None:
    """Tokens lie in the text one after the other, and between them is nothing that can be seen."""
    assert tokens or name in ("page", "first-screen")
    if not tokens or "start" not in tokens[0]:  # a table or an archive, in which NumPy drops a NUL at the end
        joined, at = "".join(each["text"] for each in tokens), 0
        for character in joined:
            at = text.index(character, at) + 1
        return
    end = 0
    for token in tokens:
        assert token["text"] == text[token["start"] : token["end"]] != ""
        between = text[end : token["start"]]
        assert BETWEEN.fullmatch(between) if model != "letters" else not between
        end = token["end"]
    if "stop" not in POSTED.get(name.partition(" ")[0], ("", {}))[1]:
        assert BETWEEN.fullmatch(text[end:])


@pytest.mark.attack("850 requests", seconds=12)
def test_a_text_of_any_kind_is_answered_or_refused_for_a_reason(attacked: str, length: Length) -> None:
    statuses: dict[int, int] = {}
    asked = zip(cycle(routes()), texts(length.seed), strict=False)
    with httpx2.Client(base_url=attacked, timeout=120) as client:
        for (name, model, ask, read), text in islice(asked, length.of(REQUESTS)):
            response = ask(client, text)
            statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
            case = (name, model, text, response.status_code, response.content[:500])
            expected = expected_detail(name, text)
            if response.status_code == 200:
                assert expected is None, case
                require_tokens(name, model, text, read(response))
                continue
            assert response.headers["content-type"] == "application/problem+json", case
            assert (response.status_code, json.loads(response.content)["status"]) in {(s, s) for s in (400, 422)}, case
            has_nothing = not text or (model != "letters" and BETWEEN.fullmatch(text))
            assert json.loads(response.content)["detail"] == (expected or (EMPTY if has_nothing else "")), case
    assert statuses[200] > statuses[422] > 0
