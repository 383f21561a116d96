"""The requests that are recorded, group by group; the tests read them from the recordings, not from here."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from .exchanges import Request

API = "/api/v1/models"
JSON, JSONL, NPZ, CSV = "application/json", "application/jsonl", "application/x-npz", "text/csv"
FORMS = {"json": JSON, "jsonl": JSONL, "npz": NPZ, "csv": CSV}

PARTS = ("states", "inputs", "spectral", "words", "attribution", "loss", "time_scales", "saturation", "spectra")

SENTENCE = "the movie was not good"
TEXTS = {
    "words-lstm": "The movie wasn't good, but naïve 👍 xyz",
    "words-rnn": "the movie was bad ,\r\nbut not naïve",
    "letters-gru": "ab cab\nbac!",
}

Case = tuple[str, Request]


def _get(path: str, query: dict[str, Any] | None = None, **headers: str) -> Request:
    return _request("GET", path + (f"?{urlencode(query, doseq=True)}" if query else ""), headers)


def _request(method: str, path: str, headers: dict[str, str], **more: Any) -> Request:
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return {"method": method, "path": path, **({"headers": named} if named else {}), **more}


def _post(path: str, body: Any, **headers: str) -> Request:
    return _request("POST", path, headers, json=body)


def _raw(path: str, content: str, **headers: str) -> Request:
    return _request("POST", path, headers, content=content)


def _heads(cases: list[Case]) -> list[Case]:
    return [(f"HEAD of {name}", {**request, "method": "HEAD"}) for name, request in cases]


def models() -> Iterator[Case]:
    """Yield what is known of the models."""
    cases = [("list", _get(API))]
    for model in TEXTS:
        cases.append((f"card of {model}", _get(f"{API}/{model}")))
        cases.append((f"statistics of {model}", _get(f"{API}/{model}/statistics")))
    yield from cases
    yield from _heads(cases[:3])
    yield "card, compressed", _get(f"{API}/words-lstm", accept_encoding="gzip")


def traces() -> Iterator[Case]:
    """Yield traces in every form."""
    for model, text in TEXTS.items():
        path = f"{API}/{model}/traces"
        yield f"{model}: all", _post(path, {"text": text})
        yield f"{model}: pre-activations", _post(path, {"text": text, "pre_activations": True, "stop": 3})
        base64 = {"text": text, "encoding": "base64", "pre_activations": True, "start": 1, "stop": 4}
        yield f"{model}: base64", _post(path, base64)
        part = {"text": text, "start": 2, "stop": 5, "units": [2, 0], "activations": ["h"], "layers": [0]}
        for name, form in FORMS.items():
            yield f"{model}: part as {name}", _post(path, part, accept=form)
        yield f"{model}: two steps as jsonl", _post(path, {"text": text, "stop": 2}, accept=JSONL)
        yield f"{model}: base64 as jsonl", _post(path, {**base64, "stop": 2}, accept=JSONL)
        yield f"{model}: pre-activations as npz", _post(path, {**base64, "encoding": "numbers"}, accept=NPZ)
        yield f"{model}: pre-activations as csv", _post(path, {**base64, "units": [1], "start": 2}, accept=CSV)
        yield f"{model}: GET", _get(f"{API}/{model}/trace", {"text": text, "activations": "h"})
    path, get = f"{API}/words-lstm/traces", f"{API}/words-lstm/trace"
    yield "second layer", _post(path, {"text": SENTENCE, "layers": [1], "activations": ["c", "i"], "stop": 2})
    yield "nulls", _post(path, {"text": "good", "layers": None, "activations": None, "units": None, "stop": None})
    yield "stop past the end", _post(path, {"text": SENTENCE, "start": 4, "stop": 900, "activations": ["f"]})
    yield (
        "long, computed in chunks",
        _post(f"{API}/words-rnn/traces", {"text": "bad but " * 20, "start": 30, "units": [1]}, accept=JSONL),
    )
    options = {
        "text": SENTENCE,
        "activations": ["c", "f"],
        "units": [2, 1],
        "layers": [1, 0],
        "start": 1,
        "stop": 3,
        "encoding": "base64",
    }
    gets = [
        (f"GET, all options, as {name}", _get(get, options, **({"accept": form} if name != "json" else {})))
        for name, form in FORMS.items()
    ]
    yield from gets
    yield from _heads(gets)
    short = {"text": "good", "activations": "h"}
    yield "any tag", _get(get, short, if_none_match="*")
    yield "another tag", _get(get, short, if_none_match='W/"0", "1"')
    yield "compressed", _get(get, {"text": SENTENCE, "activations": "i"}, accept_encoding="gzip")
    yield "compressed CSV", _get(get, {"text": SENTENCE, "activations": "i"}, accept_encoding="gzip", accept=CSV)
    yield "text in UTF-8", {"method": "GET", "path": f"{get}?text=na%C3%AFve+%F0%9F%91%8D&activations=h&units=0"}
    one = {"text": "good", "activations": ["o"], "units": [0]}
    for accept in (
        "application/json;q=0.5, text/csv",
        "application/*",
        "text/*",
        "*/*",
        "text/csv, application/json",
        "application/x-npz;q=0, application/jsonl",
        "text/html, */*;q=0.1",
    ):
        yield f"Accept: {accept}", _post(path, one, accept=accept)
    for content_type in ("application/json; charset=utf-8", "application/vnd.gatescope+json", "APPLICATION/JSON"):
        yield f"Content-Type: {content_type}", _post(path, one, content_type=content_type)


def memory() -> Iterator[Case]:
    """Yield memory, gradients and cost."""
    for model, text in TEXTS.items():
        path, short = f"{API}/{model}/memory", text[:22]
        yield f"{model}: all parts", _post(path, {"text": text})
        yield f"{model}: part of it in base64", _post(path, {"text": text, "start": 1, "stop": 4, "encoding": "base64"})
        for part in PARTS:
            yield f"{model}: {part}", _post(path, {"text": text[:12], "parts": [part]})
        pairs = {"text": short, "parts": ["states", "spectral", "spectra", "loss"]}
        yield f"{model}: smaller recurrent weights", _post(path, {**pairs, "alpha": 0.3})
        yield f"{model}: larger recurrent weights", _post(path, {**pairs, "alpha": 2.5, "clip": 0.01})
        yield f"{model}: untrained", _post(path, {**pairs, "weights": "untrained", "seed": 3})
        heard = {"text": short, "parts": ["words", "attribution"], "output": 0}
        yield f"{model}: logit of the first output", _post(path, {**heard, "quantity": "logit", "step": 2})
        yield f"{model}: probability of the first output", _post(path, {**heard, "quantity": "probability"})
        for loss in ("last", "every"):
            judged = {"text": short, "parts": ["loss"], "loss": loss}
            yield f"{model}: loss, {loss}", _post(path, judged)
            yield f"{model}: loss of target 1, {loss}", _post(path, {**judged, "target": 1, "clip": 0.05})
    path = f"{API}/words-lstm/memory"
    yield (
        "forget bias 1",
        _post(path, {"text": SENTENCE, "parts": ["loss", "spectra"], "weights": "untrained, forget bias 1"}),
    )
    yield "target 0", _post(path, {"text": SENTENCE, "parts": ["loss"], "target": 0})
    yield "second layer", _post(path, {"text": SENTENCE, "layers": [1], "parts": ["inputs", "saturation"], "start": 2})
    yield (
        "second layer in base64",
        _post(path, {"text": SENTENCE, "layers": [1], "parts": ["states", "time_scales"], "encoding": "base64"}),
    )
    yield "a text of one word", _post(path, {"text": "good"})
    yield "last output", _post(f"{API}/words-rnn/memory", {"text": "good bad", "parts": ["words"], "output": 2})
    yield "nothing to judge", _post(f"{API}/letters-gru/memory", {"text": "a?", "parts": ["loss"]})
    yield "progress", _post(path, {"text": SENTENCE, "parts": ["inputs"]}, accept=JSONL)
    yield "by Accept", _post(path, {"text": "good", "parts": ["spectra"]}, accept="application/*;q=0.9")
    for model in TEXTS:
        yield f"cost of {model}", _get(f"{API}/{model}/cost", {"steps": 2})
    yield "HEAD of cost", {"method": "HEAD", "path": f"{API}/words-rnn/cost?steps=1"}


def problems() -> Iterator[Case]:
    """Yield requests that are refused."""
    trace, get, memory = (f"{API}/words-lstm/{call}" for call in ("traces", "trace", "memory"))
    for call, path in (("trace", trace), ("memory", memory)):
        yield f"{call}: unknown model", _post(path.replace("words-lstm", "nobody"), {"text": "good"})
        yield f"{call}: broken model", _post(path.replace("words-lstm", "broken"), {"text": "good"})
        yield f"{call}: no JSON", _raw(path, '{"text": "good"', content_type=JSON)
        yield f"{call}: no body", _raw(path, "", content_type=JSON)
        yield f"{call}: no UTF-8", _raw(path, '{"text": "\xff"}', content_type=JSON)
        yield f"{call}: too deeply nested", _raw(path, "[" * 3000, content_type=JSON)
        yield f"{call}: number of thousands of digits", _raw(path, '{"start": ' + "1" * 5000 + "}", content_type=JSON)
        yield f"{call}: lone surrogate", _raw(path, r'{"text": "\ud83d"}', content_type=JSON)
        yield f"{call}: no Content-Type", _raw(path, '{"text": "good"}')
        yield f"{call}: form", _raw(path, "text=good", content_type="application/x-www-form-urlencoded")
        yield f"{call}: not acceptable", _post(path, {"text": "good"}, accept="image/png")
        yield f"{call}: malformed Accept", _post(path, {"text": "good"}, accept="json")
        yield f"{call}: GET of what takes POST", _get(path)
        for name, body in {
            "list": ["good"],
            "null": None,
            "no text": {},
            "text is a number": {"text": 1},
            "empty text": {"text": ""},
            "blank text": {"text": " \n\u200b"},
            "unknown field": {"text": "good", "colour": 1, "size": 2},
            "number in a string": {"text": "good", "start": "1"},
            "negative start": {"text": "good", "start": -1},
            "stop 0": {"text": "good", "stop": 0},
            "start past the end": {"text": "good bad", "start": 2},
            "start at stop": {"text": "good bad", "start": 1, "stop": 1},
            "no layer": {"text": "good", "layers": []},
            "layer twice": {"text": "good", "layers": [1, 1]},
            "unknown layer": {"text": "good", "layers": [2]},
            "unknown encoding": {"text": "good", "encoding": "hex"},
            "many mistakes": {"text": 1, "start": -1, "stop": 0, "layers": "all", "encoding": 0},
        }.items():
            yield f"{call}: {name}", _post(path, body)
    for name, options in {
        "no unit": {"units": []},
        "unknown unit": {"units": [0, 3]},
        "unit twice": {"units": [0, 1, 0]},
        "unknown activation": {"activations": ["x"]},
        "activation of another cell": {"activations": ["z"]},
        "activation twice": {"activations": ["i", "i"]},
        "pre_activations is no boolean": {"pre_activations": 1},
        "many wrong units": {"units": ["a"] * 30},
    }.items():
        yield f"trace: {name}", _post(trace, {"text": "good", **options})
    yield (
        "trace: activation of an LSTM of a GRU",
        _post(f"{API}/letters-gru/traces", {"text": "a", "activations": ["c"]}),
    )
    overflows = {"text": "good " * 600, "encoding": "base64", "activations": ["h"]}
    yield "trace: overflow", _post(f"{API}/words-rnn/traces", overflows)
    for name, options in {
        "unknown part": {"parts": ["gates"]},
        "no part": {"parts": []},
        "alpha too small": {"alpha": 0.05},
        "alpha too large": {"alpha": 3.5},
        "unknown weights": {"weights": "best"},
        "negative seed": {"seed": -1},
        "step not asked for": {"text": SENTENCE, "stop": 3, "step": 3},
        "unknown output": {"output": 1},
        "unknown quantity": {"quantity": "odds"},
        "unknown target": {"target": 2},
        "unknown loss": {"loss": "first"},
        "clip 0": {"clip": 0},
        "units": {"units": [0]},
    }.items():
        yield f"memory: {name}", _post(memory, {"text": "good", **options})
    yield "memory: alpha is not a number", _raw(memory, '{"text": "good", "alpha": NaN}', content_type=JSON)
    biased = {"text": "ab", "weights": "untrained, forget bias 1"}
    yield "memory: forget bias of a GRU", _post(f"{API}/letters-gru/memory", biased)
    yield "memory: output of three", _post(f"{API}/words-rnn/memory", {"text": "good", "output": 3})
    yield "memory: overflow", _post(f"{API}/words-rnn/memory", {"text": "good " * 600, "alpha": 3})
    yield "memory: CSV", _post(memory, {"text": "good"}, accept=CSV)
    for name, query in {
        "no text": {},
        "empty text": {"text": ""},
        "unknown option": {"text": "good", "pre_activations": "true"},
        "start is a word": {"text": "good", "start": "one"},
        "unknown unit": {"text": "good", "units": 9},
    }.items():
        yield f"GET trace: {name}", _get(get, query)
    yield "GET trace: no UTF-8", {"method": "GET", "path": f"{get}?text=%ff"}
    yield "GET trace: not acceptable", _get(get, {"text": "good"}, accept="text/html")
    yield "GET trace: refused before the tag is looked at", _get(get, {"text": ""}, if_none_match="*")
    yield "HEAD of GET trace: no text", {"method": "HEAD", "path": get}
    for name, steps in {"0": 0, "too many": 1001, "a word": "ten"}.items():
        yield f"cost: steps {name}", _get(f"{API}/words-lstm/cost", {"steps": steps})
    for what in ("", "/statistics", "/cost", "/trace?text=a"):
        yield f"unknown model{what}", _get(f"{API}/nobody{what}")
        yield f"broken model{what}", _get(f"{API}/broken{what}")
    yield "model named in UTF-8", _get(f"{API}/na%C3%AFve%20one")
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        yield f"{method} a model", {"method": method, "path": f"{API}/words-lstm"}
    yield "POST a page", _post("/", {})
    for path in ("/nothing", "/api", "/api/v1", "/api/v2/models", "/favicon.ico", f"{API}/", "/docs/"):
        yield f"nothing at {path}", _get(path)
    yield "HEAD of nothing", {"method": "HEAD", "path": "/nothing"}


def limits() -> Iterator[Case]:
    """Yield requests that pass the limits of a server that has narrow ones."""
    trace, memory = f"{API}/words-lstm/traces", f"{API}/words-lstm/memory"
    yield "text too long", _post(trace, {"text": "good" * 11})
    yield "text too long in the address", _get(f"{API}/words-lstm/trace", {"text": "good" * 11})
    yield "text too long for memory", _post(memory, {"text": "good" * 11})
    yield "body too large", _post(trace, {"text": "a" * 1500})
    yield "body too large for memory", _post(memory, {"text": "a" * 1500})
    yield "answer too large", _post(trace, {"text": SENTENCE})
    yield "answer not too large as JSON lines", _post(trace, {"text": SENTENCE, "activations": ["h"]}, accept=JSONL)
    yield "answer not too large in part", _post(trace, {"text": SENTENCE, "stop": 2, "units": [1]})
    yield "too much work", _post(memory, {"text": "a a a a a a a a a a a a"})
    yield "too much held", _post(memory, {"text": "a a a a a a a", "parts": ["spectra"]})
    yield "too much sent", _post(memory, {"text": "a a a a a", "parts": ["spectra"]})
    yield "page with too long a text", _get("/", {"text": "good" * 11})
    yield "page with too large an answer", _get("/", {"text": f"{SENTENCE} not good"})


def pages() -> Iterator[Case]:
    """Yield the pages, by the addresses that people have, and the files that have addresses of their own."""
    addresses: dict[str, dict[str, str]] = {
        "bare": {},
        "model": {"model": "words-rnn"},
        "model without a text": {"model": "letters-gru"},
        "text": {"text": "not bad"},
        "model and text": {"model": "letters-gru", "text": "abc\r\ncab"},
        "empty text": {"text": ""},
        "blank text": {"text": " "},
        "cells": {"model": "words-rnn", "text": SENTENCE, "compare": "cells"},
        "texts": {"text": SENTENCE, "compare": "text", "other": "the movie was good"},
        "texts, the other empty": {"text": "good", "compare": "text", "other": ""},
        "unknown comparison": {"text": "good", "compare": "all"},
        "unknown model": {"model": "nobody", "text": "good"},
        "broken model": {"model": "broken"},
        "text with markup": {"text": "</script><b>not</b> & \"good\" 'bad'"},
        "unknown parameter": {"text": "good", "utm_source": "mail"},
    }
    for name, query in addresses.items():
        yield f"page: {name}", _get("/", query)
    yield "page, compressed", _get("/", {"text": "good"}, accept_encoding="gzip")
    yield "page: no UTF-8", {"method": "GET", "path": "/?text=%ff"}
    for model in (*TEXTS, "nobody", "broken"):
        yield f"card of {model}", _get(f"/models/{model}/card")
        yield f"picture of {model}", _get(f"/models/{model}/saturation.svg")
    yield "another file of a model", _get("/models/words-lstm/config.json")
    yield "docs", _get("/docs")
    files = {
        "icon": "/static/icon.svg",
        "script": "/static/js/main.js",
        "Plotly": "/vendor/4.1.1/plotly.min.js",
        "script of another version": "/vendor/0/swagger-ui-bundle.js",
        "style sheet": "/vendor/0/swagger-ui.css",
    }
    cases = [(name, _get(path)) for name, path in files.items()]
    yield from cases
    yield "unknown file", _get("/static/js/nothing.js")
    yield "unknown vendored file", _get("/vendor/4.1.1/nothing.js")
    yield "folder of files", _get("/static/js/")
    yield "file outside", _get("/static/..%2fpyproject.toml")
    yield from _heads(
        [("page", _get("/")), ("docs", _get("/docs")), ("card", _get("/models/words-lstm/card")), cases[0]]
    )


def service() -> Iterator[Case]:
    """Yield what machines ask for."""
    cases = [(path, _get(path)) for path in ("/healthz", "/readyz", "/metrics")]
    yield from cases
    yield from _heads(cases)
    yield "OpenAPI", _get("/api/v1/openapi.json")


def empty() -> Iterator[Case]:
    """Yield what a server without models answers."""
    for path in ("/", API, "/healthz", "/readyz", "/docs", f"{API}/words-lstm", "/models/words-lstm/card"):
        yield path, _get(path)
    yield "trace", _post(f"{API}/words-lstm/traces", {"text": "good"})


def permalinks() -> Iterator[tuple[str, str]]:
    """Yield addresses of the page that people may have kept, each with a name."""
    words, letters = {"model": "words-lstm", "text": SENTENCE}, {"model": "letters-gru", "text": "ab cab\nbac"}
    rnn, long = {**words, "model": "words-rnn"}, "the movie was not bad but good, " * 130
    texts = {**words, "compare": "text", "other": "the movie was good"}

    def address(query: dict[str, str], **fragment: object) -> str:
        behind = f"#{urlencode(fragment)}" if fragment else ""
        return (f"/?{urlencode(query)}" if query else "/") + behind

    yield "bare", address({})
    yield "model", address({"model": "words-rnn"})
    yield "model and text", address(rnn)
    yield "characters and a line end", address(letters)
    yield "unknown word and emoji", address({**words, "text": "a naïve 👍 xyz"})
    yield "empty fragment", address(words) + "#"
    yield "pin", address(words, step=3, unit=1)
    yield "pin of a unit", address(words, unit=2)
    yield "pin of characters", address(letters, step=6, unit=3)
    for layer in (1, 2, 3):
        yield f"layer {layer}", address(words, layer=layer, step=1, unit=0)
    for order in ("index", "value", "variance", "similarity"):
        yield f"order by {order}", address(rnn, order=order, step=2, unit=0)
    yield "order by value at the end", address(letters, order="value")
    yield "start", address(words, start=2)
    yield "start and pin", address(rnn, start=1, step=3, unit=2)
    yield "cells", address({**words, "compare": "cells"})
    yield "cells and pin", address({**rnn, "compare": "cells"}, step=1, unit=2, order="variance")
    yield "texts", address(texts)
    yield "texts and pin", address(texts, step=4, unit=1, layer=2)
    yield "find", address(words, find="2-4,c,1")
    yield "find in another layer", address(words, find="0-1,h,0.4", layer=1)
    for memory in ("states", "kept", "inputs", "words"):
        yield f"memory, {memory}", address(words, memory=memory)
    yield "memory of characters", address(letters, memory="inputs", alpha=0.5)
    yield "memory, untrained", address(words, memory="states", weights="untrained", alpha=2.125)
    yield "memory, forget bias 1", address(words, memory="inputs", weights="forget1", step=3, unit=1, layer=2)
    yield "weights of a closed memory", address(words, weights="untrained", alpha=0.3)
    yield "tour", address(words, tour=3)
    yield "text behind the #", address({"model": "words-rnn"}, text="not bad")
    yield "long text behind the #", address({"model": "words-rnn"}, text=long, start=300, step=700, unit=1)
    yield (
        "everything",
        address(
            {**words, "compare": "cells"},
            layer=1,
            order="similarity",
            step=2,
            unit=1,
            tour=2,
            find="0-1,c,0.8",
            memory="words",
            alpha=0.75,
            weights="untrained",
        ),
    )
    yield "unknown model", address({**words, "model": "nobody"})
    yield "unknown comparison", address({**words, "compare": "all"})
    yield "what makes no sense", address(words, step="two", colour="red", order="size", alpha=9)
    yield "what is not there", address(words, step=99, unit=7, layer=9, tour=44)


# Each group with the settings of its server.
GROUPS = {
    "models": (models, {}),
    "traces": (traces, {}),
    "memory": (memory, {}),
    "problems": (problems, {}),
    "limits": (
        limits,
        {"max_text": 40, "max_body": 1000, "max_values": 100, "max_held": 1000},
    ),
    "pages": (pages, {}),
    "service": (service, {}),
    "empty": (empty, {"models": "models/broken"}),
}
