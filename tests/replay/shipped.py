"""What is asked of the shipped models: card, trace and memory of a short text; recorded are the shapes."""

from typing import Any

from gatescope.main import create_app
from gatescope.settings import Settings
from starlette.testclient import TestClient

from .answers import answer
from .shapes import shape

LONGEST = 8  # characters
MEASURED = frozenset(
    {"metrics", "units", "shares", "examples"}
)  # of a card: they change when a model is measured again


def client() -> TestClient:
    """Return a client of the application over the shipped models."""
    return TestClient(create_app(Settings()), raise_server_exceptions=False)


def calls(model: str, text: str) -> dict[str, tuple[str, str, dict[str, Any] | None]]:
    """Return what is asked of a model: method, path and body of each call."""
    return {
        "card": ("GET", f"/api/v1/models/{model}", None),
        "statistics": ("GET", f"/api/v1/models/{model}/statistics", None),
        "trace": ("POST", f"/api/v1/models/{model}/traces", {"text": text}),
        "trace in base64": ("POST", f"/api/v1/models/{model}/traces", {"text": text, "encoding": "base64"}),
        "memory": ("POST", f"/api/v1/models/{model}/memory", {"text": text}),
        "page": ("GET", f"/?model={model}", None),
        "page of the card": ("GET", f"/models/{model}/card", None),
        "picture": ("GET", f"/models/{model}/saturation.svg", None),
    }


def asked(server: TestClient, model: str, text: str) -> dict[str, Any]:
    """Return status, media type and shape of what the server answers about a model."""
    return {name: _shaped(server, name, *call) for name, call in calls(model, text).items()}


def _shaped(server: TestClient, name: str, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    content = answer(server.request(method, path, json=body, headers={"Accept-Encoding": "identity"}))
    shaped = shape(content["body"])
    if name == "card":
        shaped = {key: each for key, each in shaped.items() if key not in MEASURED}
    if path.startswith(("/?", "/models/")):
        # What they hold is data of the models; that they show it, the tests of the small models say.
        shaped = "page" if content["status"] == 200 else shaped
    return {"status": content["status"], "type": content["headers"]["content-type"], "shape": shaped}
