"""The server before its first request."""

from pathlib import Path
from typing import Any

import pytest
from gatescope import warming
from gatescope.main import create_app
from gatescope.recurrent.cells import GRU, LSTM, RELU_RNN, RNN
from gatescope.recurrent.network import Network
from gatescope.settings import Settings
from starlette.testclient import TestClient


def test_every_cell_is_traced_once_and_nothing_is_counted(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traced, real = [], warming.trace

    def counted(network: Network, *arguments: Any, engine: Any) -> Any:
        traced.append((network.config.cell_definition, engine))
        return real(network, *arguments, engine=engine)

    monkeypatch.setattr(warming, "trace", counted)
    app = create_app(Settings(models=models, engine="reference"))
    assert app.middleware_stack is None
    with TestClient(app) as client:
        assert app.middleware_stack is not None
        assert sorted(traced, key=str) == sorted(((cell, "reference") for cell in (LSTM, GRU, RNN, RELU_RNN)), key=str)
        counted_lines = [line for line in client.get("/metrics").text.splitlines() if line[0] != "#"]
        assert "gatescope_traces_total 0.0" in counted_lines
        assert not [line for line in counted_lines if line.startswith("http_requests_total")]


def test_a_folder_without_models_is_no_hindrance(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(models=tmp_path))) as client:
        assert client.get("/healthz").status_code == 200
