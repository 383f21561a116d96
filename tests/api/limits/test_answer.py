"""What is said to fit is answered, and one step more is refused by the limit that was named."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from gatescope.api.limits.schemas import LimitsAnswer
from gatescope.main import create_app
from gatescope.recurrent.memory.plan import MemoryOptions, MemoryPart, MemoryPlan
from gatescope.recurrent.memory.subject import Subject
from gatescope.recurrent.memory.work import work
from gatescope.recurrent.reading import MANY
from gatescope.settings import Settings
from gatescope.store.model import Model
from gatescope.store.saving import save_model
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from model_folders import saved_numbers
from networks import numeric_network, random_network
from serving import HIDDEN, MODELS, WORDS, client
from starlette.testclient import TestClient

from ..asking import CSV, JSONL, NPZ, problem

STEPS = 12


def limits(api: TestClient, model: str = "lstm", steps: int = STEPS, **query: Any) -> dict[str, Any]:
    response = api.get(f"/api/v1/models/{model}/limits", params={"steps": steps, **query})
    assert response.status_code == 200, response.text
    LimitsAnswer.model_validate_json(response.content, strict=True, extra="forbid")
    answer: dict[str, Any] = response.json()
    return answer


def text(model: str, steps: int) -> str:
    return "a" * steps if model == "letters" else "good " * steps


@cache
def server(folder: Path, model: str) -> TestClient:
    return client(folder, default_model=model)


@given(
    model=st.sampled_from(sorted(MODELS)),
    max_values=st.integers(1, 4000),
    max_held=st.integers(1, 40_000),
    one_layer=st.booleans(),
)
@examples(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_fits_is_answered_and_one_step_more_is_refused(
    models: Path, model: str, max_values: int, max_held: int, one_layer: bool
) -> None:
    every_answer_ends(models, model, Settings(max_values=max_values, max_held=max_held), one_layer=one_layer)


@given(
    max_values=st.integers(1, 40_000),
    max_held=st.integers(1, 400_000),
    top=st.sampled_from([None, 1, 3]),
)
@examples(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_fits_of_many_outputs(many: Path, max_values: int, max_held: int, top: int | None) -> None:
    every_answer_ends(many, "many", Settings(max_values=max_values, max_held=max_held), top=top)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model whose head is much larger than its layers, as that of a language model is."""
    folder, outputs = tmp_path_factory.mktemp("many"), [f"out{n}" for n in range(MANY + 1)]
    network = random_network(cell="lstm", vocabulary_size=len(WORDS.vocabulary), outputs=len(outputs), head="softmax")
    about = {"title": "t", "task": "t", "description": "d", "licence": "MIT", "outputs": outputs}
    save_model(folder / "many", network, WORDS, about)
    return folder


def every_answer_ends(
    models: Path, model: str, settings: Settings, *, one_layer: bool = False, top: int | None = None
) -> None:
    """Of every answer, what is said to fit does."""
    api = server(models, model)
    api.app.state.settings = settings.model_copy(  # type: ignore[attr-defined]
        update={"models": models, "default_model": model}
    )
    layers, listed = [0] if one_layer else None, {} if top is None else {"top": top}
    asked = limits(api, model, **({"layers": [0]} if one_layer else {}), **listed)
    whole = {"text": text(model, STEPS), "layers": layers}
    runs = {**whole, **listed}
    fits = [(asked["trace"], "traces", runs), (asked["experiment"], "experiments", runs)]
    fits.append((asked["memory"], "memory", whole))
    fits += [(fit, "memory", {**whole, "parts": [part]}) for part, fit in asked["memory_parts"].items()]
    for fit, call, body in fits:
        ends(api, model, fit, call, lambda steps, body=body: {**body, "stop": steps})
    to = {"gates": {"to": "zero"}}  # these models have no means
    shorter = [(fit, "rankings", {"kind": kind, **to.get(kind, {})}) for kind, fit in asked["rankings"].items()]
    if asked["decomposition"]:
        shorter.append((asked["decomposition"], "decompositions", {}))
    for fit, call, body in shorter:
        ends(api, model, fit, call, lambda steps, body=body: {**body, "text": text(model, steps)})


def ends(api: TestClient, model: str, fit: dict[str, Any], call: str, body: Any) -> None:
    """The most steps that fit are answered; one more is refused. Nothing is wrong with other steps."""
    path = f"/api/v1/models/{model}/{call}"
    if fit["steps"]:
        response = api.post(path, json=body(fit["steps"]))
        assert response.status_code == 200, (call, fit, response.text)
    if fit["steps"] < STEPS:
        response = api.post(path, json=body(fit["steps"] + 1))
        assert problem(response)[0] == 413, (call, fit)
    if fit["limit"] is None:
        assert fit["steps"] == STEPS
    else:
        assert fit["steps"] < STEPS
        response = api.post(path, json=body(STEPS))
        assert response.json()["limit"] == fit["limit"]["value"]
        assert fit["limit"]["numbers"] > fit["limit"]["value"]


def test_no_limit_is_named_where_all_fits(api: TestClient) -> None:
    fits = limits(api)
    assert fits["layers"] == [0]
    assert fits["trace"] == {"steps": STEPS, "of_one_layer": STEPS, "limit": None}
    assert fits["decomposition"] == {"steps": STEPS, "limit": None}
    assert set(fits["rankings"]) == {"units", "gates", "words"}
    assert limits(api, "rnn")["decomposition"] is None
    assert set(limits(api, "rnn")["rankings"]) == {"units"}


def test_a_limit_is_named_with_what_it_leaves_of_all_layers_and_of_one(models: Path) -> None:
    narrow = client(models, max_values=10 * HIDDEN * 5)
    assert limits(narrow, "both-ways")["trace"] == {
        "steps": 3,
        "of_one_layer": 6,
        "limit": {
            "setting": "GATESCOPE_MAX_VALUES",
            "value": 350,
            "numbers": STEPS * (HIDDEN * 16 + 1),
            "what": "12 steps × (7 units × 16 arrays + 1 output)",
        },
    }
    for form in (JSONL, CSV, NPZ):
        response = narrow.post("/api/v1/models/both-ways/traces", json={"text": text("gru", STEPS)}, headers=form)
        assert response.status_code == (413 if form is NPZ else 200)


def test_parts_of_memory_are_asked_about_together(models: Path) -> None:
    api = client(models, max_held=7500)
    together = limits(api, parts=["inputs", "saturation"])["memory"]
    alone = limits(api, parts=["saturation"])["memory"]
    assert 0 < together["steps"] < STEPS
    assert together["limit"]["setting"] == "GATESCOPE_MAX_HELD"
    assert alone == {**alone, "steps": STEPS, "of_one_layer": STEPS, "limit": None}


@given(
    model=st.sampled_from(sorted(MODELS)),
    rate=st.floats(1e5, 1e13),
    max_seconds=st.floats(0.01, 100),
    steps=st.integers(1, 60),
)
@examples(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_comes_in_time_is_so_by_the_rate_of_the_machine(
    models: Path, model: str, rate: float, max_seconds: float, steps: int
) -> None:
    api = server(models, model)
    api.app.state.settings = Settings(  # type: ignore[attr-defined]
        models=models, default_model="lstm", max_seconds=max_seconds
    )
    api.app.state.rate = lambda: rate  # type: ignore[attr-defined]
    asked = limits(api, model, steps)
    assert asked["max_seconds"] == max_seconds
    served: Model = api.app.state.store.models[model]  # type: ignore[attr-defined]
    subject = Subject(served.network, tuple(served.tokens(text(model, steps))), served.next_outputs)

    def seconds(part: MemoryPart, stop: int) -> float:
        return sum(work(MemoryPlan.of(subject, MemoryOptions([part], stop=stop))).values()) / rate

    for part, fit in asked["memory_parts"].items():
        assert fit["seconds"] == pytest.approx(seconds(part, steps))
        assert fit["in_time"] == 0 or 2 * seconds(part, fit["in_time"]) <= max_seconds
        assert fit["in_time"] == steps or 2 * seconds(part, fit["in_time"] + 1) > max_seconds
    together = asked["memory"]
    assert together["in_time"] <= min(
        fit["in_time"] for part, fit in asked["memory_parts"].items() if part != "occlusion"
    )


def test_what_may_not_come_in_time_is_not_refused(models: Path) -> None:
    api = client(models)
    api.app.state.rate = lambda: 1.0  # type: ignore[attr-defined]
    assert limits(api)["memory"] == {**limits(api)["memory"], "steps": STEPS, "in_time": 0}
    body = {"text": text("lstm", STEPS), "parts": ["loss"]}
    assert api.post("/api/v1/models/lstm/memory", json=body).status_code == 200


def test_a_model_of_numbers_without_a_head(tmp_path: Path) -> None:
    saved_numbers(tmp_path / "weather", numeric_network(cell="lstm"))
    fits = limits(TestClient(create_app(Settings(models=tmp_path, default_model="weather"))), "weather")
    assert fits["rankings"] == {}
    assert set(fits["memory_parts"]) == {"states", "inputs", "spectral", "time_scales", "saturation", "spectra"}
    assert fits["trace"]["steps"] == STEPS


BAD = [
    ({"steps": 0}, "steps"),
    ({}, "steps"),
    ({"steps": 10_001}, "steps: 10,001 are more than 10,000, the longest text of this server (GATESCOPE_MAX_TEXT)."),
    ({"steps": 3, "layers": [1]}, "layers: there is no layer 1: lstm has layers 0 to 0."),
    ({"steps": 3, "layers": [0, 0]}, "layers"),
    ({"steps": 3, "parts": ["all"]}, "parts"),
]


@pytest.mark.parametrize(("query", "detail"), BAD, ids=[str(query) for query, _ in BAD])
def test_what_is_wrong_is_named(api: TestClient, query: dict[str, Any], detail: str) -> None:
    status, kind, said = problem(api.get("/api/v1/models/lstm/limits", params=query))
    assert (status, kind) == (422, "invalid-request")
    assert said.startswith(detail)
