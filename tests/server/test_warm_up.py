"""The server before its first request."""

from pathlib import Path

import orjson
import pytest
from gatescope.api.traces.schemas import TraceOptions
from gatescope.api.wire import problems
from gatescope.main import create_app
from gatescope.recurrent.cells.gru import GRU
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.cells.rnn import RELU_RNN, RNN
from gatescope.server import warm_up
from gatescope.settings import Settings
from gatescope.store.model import Model
from starlette.testclient import TestClient


def test_every_cell_is_traced_once_and_nothing_is_counted(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traced, real = [], warm_up.trace_json

    def counted(model: Model, options: TraceOptions, settings: Settings) -> bytes:
        traced.append(model.config.network.cell_definition)
        answer = real(model, options, settings)
        assert len(orjson.loads(answer)["tokens"]) >= 20
        return answer

    monkeypatch.setattr(warm_up, "trace_json", counted)
    app = create_app(Settings(models=models, engine="reference"))
    assert app.middleware_stack is None
    with TestClient(app) as client:
        assert app.middleware_stack is not None
        assert sorted(traced, key=str) == sorted((LSTM, GRU, RNN, RELU_RNN), key=str)
        counted_lines = [line for line in client.get("/metrics").text.splitlines() if line[0] != "#"]
        assert "gatescope_traces_total 0.0" in counted_lines
        assert not [line for line in counted_lines if line.startswith("http_requests_total")]


def test_a_post_is_read_before_the_first_one_comes(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = problems.unknown_model
    monkeypatch.setattr(problems, "unknown_model", lambda name, known: asked.append(name) or real(name, known))
    with TestClient(create_app(Settings(models=models))):
        assert asked == ["."]


@pytest.mark.parametrize("limit", ["max_text", "max_values"])
def test_low_limits_are_no_hindrance(models: Path, limit: str) -> None:
    with TestClient(create_app(Settings(models=models, default_model="lstm", **{limit: 1}))) as client:
        assert client.get("/healthz").status_code == 200


def test_a_folder_without_models_is_no_hindrance(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(models=tmp_path))) as client:
        assert client.get("/healthz").status_code == 200
