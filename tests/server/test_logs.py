"""Logging: where it goes, its forms, and that it never holds a sentence, however the server is started."""

import json
import logging
import logging.config
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
from gatescope.server.logs import JsonLines, Lines, configure_logging, guard_logs
from serving import started, told, wait_until

MARKER = "xylophone"
UVICORN = ("uvicorn", "gatescope.main:create_app", "--factory")
STARTS = {
    "serve": ("gatescope.cli", "serve"),
    "uvicorn": UVICORN,
    "uvicorn, all that it logs": (*UVICORN, "--log-level", "trace"),
    "uvicorn, two workers": (*UVICORN, "--workers", "2"),
}


@pytest.fixture
def loggers() -> Iterator[logging.Logger]:
    """Gatescope's logger. It and the root logger are as before afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("gatescope")
    before = [(each, each.handlers[:], each.level) for each in (root, ours)]
    yield ours
    for each, handlers, level in before:
        each.handlers, each.level = handlers, level


def record(error: Exception | None = None, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("gatescope.test", logging.WARNING, "file.py", 1, "%d words", (3,), None)
    made.__dict__.update(extra)
    if error:
        made.exc_info = (type(error), error, error.__traceback__)
    return made


def failure() -> Exception:
    """An exception that came of another one; what both say quotes a text."""
    try:
        try:
            {}[MARKER]
        except KeyError as error:
            raise ValueError(f"there is no {MARKER}") from error
    except ValueError as error:
        return error


def test_a_line_of_json_has_the_fields() -> None:
    line = json.loads(JsonLines().format(record(fields={"route": "/", "status": 200})))
    assert datetime.fromisoformat(line.pop("time")).utcoffset() is not None
    assert line == {
        "level": "warning",
        "logger": "gatescope.test",
        "message": "3 words",
        "route": "/",
        "status": 200,
    }


@pytest.mark.parametrize("formatter", [Lines(), JsonLines()], ids=["text", "json"])
def test_a_failure_is_logged_with_its_places_and_types_but_not_with_what_it_says(formatter: logging.Formatter) -> None:
    line = formatter.format(record(failure()))
    assert MARKER not in line
    assert line.count("Traceback (most recent call last)") == 2
    assert line.index("builtins.KeyError") < line.index("builtins.ValueError")
    assert line.count("in failure") == 2
    assert isinstance(formatter, Lines)


def test_our_own_messages_are_logged_where_nobody_logs(
    capfd: pytest.CaptureFixture[str], loggers: logging.Logger
) -> None:
    logging.getLogger().handlers = []
    guard_logs("info", "text")
    guard_logs("info", "text")
    loggers.getChild("test").info("seen")
    assert capfd.readouterr().err.count("INFO gatescope.test: seen\n") == 1


def test_who_logs_already_goes_on(capfd: pytest.CaptureFixture[str], loggers: logging.Logger) -> None:
    guard_logs("info", "text")
    assert loggers.handlers == []


OTHERS = pytest.mark.soak("starts a server in a process of its own; what differs is the form of its lines")


@pytest.mark.parametrize(
    ("start", "form"),
    [("serve", "text"), *((start, "json") for start in STARTS)]
    + [pytest.param(start, "text", marks=OTHERS) for start in STARTS if start != "serve"],
)
@pytest.mark.slow("starts a server in a process of its own", seconds=40)
def test_a_log_never_holds_a_sentence(models: Path, tmp_path: Path, start: str, form: str) -> None:
    log = tmp_path / "log"
    settings = {"GATESCOPE_MODELS": str(models), "GATESCOPE_LOG_FORMAT": form, "GATESCOPE_DEFAULT_MODEL": "lstm"}
    workers = STARTS[start].count("--workers") + 1
    with (
        started(log, *STARTS[start], workers=workers, **settings) as address,
        httpx2.Client(base_url=address, timeout=60) as client,
    ):
        query = {"text": f"the {MARKER} was not good"}
        assert client.get("/", params=query).status_code == 200
        assert client.get("/api/v1/models/lstm/trace", params=query).status_code == 200
        assert client.get(f"/api/v1/models/{MARKER}", params=query).status_code == 404
        assert client.get(f"/api/v1/models/{MARKER}/", params=query).status_code == 307
        assert client.post("/api/v1/models/lstm/traces", json={**query, MARKER: 1}).status_code == 422
        assert client.post("/api/v1/models/lstm/traces", content=MARKER).status_code == 415
        metrics = client.get("/metrics").text
        last = client.get("/nope", headers={"X-Request-ID": "the-last"})
        assert last.headers["x-request-id"] == "the-last"
        wait_until(lambda: told(log, "the-last") > 0)
    lines = log.read_text("utf-8")
    assert MARKER not in lines + metrics
    assert "Traceback" not in lines
    [logged] = [line for line in lines.splitlines() if "the-last" in line]
    if form == "json":
        found = json.loads(logged)
        assert (found["method"], found["route"], found["status"]) == ("GET", "other", 404)
    else:
        assert re.search(r" INFO gatescope\.server\.requests: GET other 404 in \d\.\d{4} s, request the-last$", logged)


def test_logging_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        configure_logging("warning")
        logging.getLogger("gatescope.test").warning("seen")
        logging.getLogger("gatescope.test").info("not seen")
        out, err = capfd.readouterr()
    finally:
        root.handlers, root.level = before
    assert out == ""
    assert err.endswith(" WARNING gatescope.test: seen\n")
