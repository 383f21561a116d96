"""Windows of units in an order, and what all units do together, against the trace as a whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.recurrent.trace import LayerTrace, Trace
from gatescope.recurrent.unit_order import unit_order
from gatescope.store.loading import load_model
from serving import HIDDEN, client
from starlette.testclient import TestClient

from ..asking import CSV, JSONL, NPZ, TEXT, post, problem
from .test_content import decoded

CARRIER = {"lstm": "c", "both-ways": "h"}


def traced(models: Path, model: str) -> Trace:
    return load_model(models / model).trace(TEXT)


def sent(api: TestClient, model: str, rows: dict[str, Any], **options: Any) -> dict[str, Any]:
    return post(api, model, rows=rows, **options)


def whole_order(layer: LayerTrace, letter: str, rows: dict[str, Any]) -> list[int]:
    state = layer[letter][rows.get("start", 0) : rows.get("stop")]
    at = rows["at"] - rows.get("start", 0) if "at" in rows else -1
    return unit_order(state, rows["by"], at).tolist()


@pytest.mark.parametrize("model", CARRIER)
@pytest.mark.parametrize("by", ["index", "value", "variance", "similarity"])
@pytest.mark.parametrize("span", [{}, {"start": 1, "stop": 4}, {"at": 2}])
def test_a_window_holds_the_units_of_its_places(
    api: TestClient, models: Path, model: str, by: str, span: dict[str, int]
) -> None:
    rows = {"by": by, "count": 3, "first": 3, **span}
    answer, trace = sent(api, model, rows), traced(models, model)
    assert answer["units"] is None
    for each, layer in zip(answer["layers"], trace.layers, strict=True):
        units = whole_order(layer, CARRIER[model], rows)[3:6]
        assert (each["first"], each["units"], each["hidden_size"]) == (3, units, HIDDEN)
        for letter, array in layer.activations.items():
            np.testing.assert_array_equal(np.array(each["activations"][letter], np.float32), array[:, units])


def test_the_window_that_contains_a_unit_begins_at_a_multiple(api: TestClient, models: Path) -> None:
    trace = traced(models, "lstm")
    order = whole_order(trace.layers[0], "c", {"by": "variance"})
    for place, unit in enumerate(order):
        [layer] = sent(api, "lstm", {"by": "variance", "count": 3, "containing": unit, "first": 5})["layers"]
        assert (layer["first"], layer["units"]) == (place // 3 * 3, order[place // 3 * 3 :][:3])
    [layer] = sent(api, "lstm", {"count": 3, "first": 99})["layers"]
    assert (layer["first"], layer["units"]) == (6, [6])


def test_a_step_out_of_sight_stands_for_the_last_in_sight(api: TestClient) -> None:
    last, *others = (
        sent(api, "lstm", {"by": "value", "start": 1, "stop": 3, **at})["layers"][0]["units"]
        for at in ({"at": 2}, {}, {"at": 0}, {"at": 3}, {"at": 999})
    )
    assert all(each == last for each in others)


def test_a_part_of_the_steps_is_ordered_by_those_alone(api: TestClient, models: Path) -> None:
    answer = sent(api, "lstm", {"by": "variance", "start": 2, "stop": 4}, start=1, stop=5)
    expected = unit_order(traced(models, "lstm").layers[0]["c"][2:4], "variance")
    assert answer["layers"][0]["units"] == expected.tolist()


@pytest.mark.parametrize("encoding", ["numbers", "base64"])
@pytest.mark.parametrize("model", CARRIER)
def test_a_summary_is_of_all_units(api: TestClient, models: Path, model: str, encoding: str) -> None:
    answer = sent(api, model, {"count": 2}, summary=True, encoding=encoding, start=1)
    trace = traced(models, model)
    read = decoded if encoding == "base64" else np.array
    for each, layer in zip(answer["layers"], trace.layers, strict=True):
        for letter, array in layer.activations.items():
            numbers, double = each["summary"][letter], array[1:].astype(np.float64)
            expected = {
                "mean": double.sum(axis=1) / HIDDEN,
                "norm": (double**2).sum(axis=1) ** 0.5,
                "greatest": np.maximum(double, -double).max(axis=1),
            }
            for name, values in expected.items():
                np.testing.assert_allclose(read(numbers[name]), values, rtol=1e-6)
    last = [layer["h"][1:].astype(np.float64) for layer in trace.layers if layer.layer == trace.layers[-1].layer]
    np.testing.assert_allclose(read(answer["read_norm"]), sum((h**2).sum(axis=1) for h in last) ** 0.5, rtol=1e-6)


def test_the_norm_of_what_is_read_comes_without_its_layer(api: TestClient) -> None:
    whole = post(api, "both-ways", summary=True)
    part = sent(api, "both-ways", {"count": 1}, summary=True, layers=[0], directions=["backward"])
    assert part["read_norm"] == whole["read_norm"]
    [layer] = part["layers"]
    assert (layer["layer"], layer["direction"]) == (0, "backward")
    assert layer["summary"] == whole["layers"][1]["summary"]


def test_without_them_an_answer_is_as_before(api: TestClient) -> None:
    answer = post(api)
    assert "read_norm" not in answer
    assert answer["layers"][0].keys() == {"layer", "direction", "cell", "hidden_size", "activations"}


def test_edits_are_ordered_and_summed_up_as_they_make_it(api: TestClient) -> None:
    edits = [{"letter": "c", "units": [4], "hold": 9.0}]
    [layer] = sent(api, "lstm", {"by": "value", "count": 1}, summary=True, edits=edits)["layers"]
    assert layer["units"] == [4]
    assert layer["summary"]["c"]["greatest"] == [9.0] * 5


def test_the_limit_counts_what_is_sent(models: Path) -> None:
    api = client(models, max_values=5 * (2 * 6 + 1))
    sent(api, "lstm", {"count": 2})
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, "rows": {"count": 3}})
    status, kind, detail = problem(response)
    assert (status, kind) == (413, "answer-too-large")
    assert "5 steps × (3 units × 6 arrays + 1 output)" in detail


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rows": {}, "units": [0]}, "rows: leave it out, or `units`: both say which units to send"),
        ({"rows": {"containing": 7}}, "rows.containing: there is no unit 7: lstm has units 0 to 6"),
        ({"rows": {"start": 3, "stop": 3}}, "rows.start: 3 is not below 3, where the steps that are compared end"),
        ({"directions": ["backward"]}, "directions: lstm has no backward layers"),
        ({"rows": {"by": "size"}}, "rows.by: Input should be 'index', 'value', 'variance' or 'similarity'"),
    ],
)
def test_what_does_not_fit_is_named(api: TestClient, options: dict[str, Any], says: str) -> None:
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, **options})
    status, _, detail = problem(response)
    assert status == 422
    assert says in detail


@pytest.mark.parametrize("form", [JSONL, NPZ, CSV], ids=["jsonl", "npz", "csv"])
def test_other_forms_have_no_windows(api: TestClient, form: dict[str, str]) -> None:
    wrong: list[dict[str, Any]] = [{"rows": {}}, {"summary": True}]
    for options in wrong:
        response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, **options}, headers=form)
        [name] = options
        assert f"{name}: it comes only as application/json, all at once" in problem(response)[2]
