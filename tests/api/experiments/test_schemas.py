"""The shape of a request: that of a trace, whose activations may be none; what is wrong is said with its place."""

from typing import Any

import pytest
from gatescope.api.experiments.schemas import ExperimentBody
from gatescope.api.traces.schemas import RunBody
from starlette.testclient import TestClient

from ..asking import TEXT, problem
from .asking import refused


def test_an_experiment_takes_the_fields_of_a_run() -> None:
    assert ExperimentBody.model_fields.keys() == RunBody.model_fields.keys()


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"activations": ["h", "h"]}, "activations"),
        ({"activations": ["x"]}, "activations.0"),
        ({"activations": ["z"]}, "activations"),
        ({"activations": "h"}, "activations"),
        ({"units": []}, "units"),
        ({"units": [7]}, "units"),
        ({"layers": [1]}, "layers"),
        ({"start": 5}, "start"),
        ({"start": "1"}, "start"),
        ({"edits": {}}, "edits"),
        ({"edits": "i@3=0"}, "edits"),
        ({"colour": "red"}, "colour"),
        ({"encoding": "float"}, "encoding"),
    ],
)
def test_a_field_that_is_wrong_is_named(api: TestClient, options: dict[str, Any], where: str) -> None:
    status, kind, detail = refused(api, **options)
    assert (status, kind) == (422, "invalid-request")
    assert detail.startswith(f"{where}: ")


def test_a_trace_still_has_activations(api: TestClient) -> None:
    answer = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, "activations": []})
    assert problem(answer)[2] == "activations: is empty; leave it out for all of them."
