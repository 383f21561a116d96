"""Where the log goes, and in which form. It never holds what people type."""

import json
import logging.config
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

# uvicorn's own logs of requests hold queries, and a short text is part of a query. `requests.py` logs by route.
_LOGS_OF_QUERIES = ("uvicorn.access", "uvicorn.asgi")


class Lines(logging.Formatter):
    """Text for people. Of an exception it gives the type and the place, but no message, which may quote a text."""

    def formatException(  # noqa: N802
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return _without_messages(ei[1])


class JsonLines(Lines):
    """A JSON object for each message, with the fields of a request where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _without_messages(error: BaseException | None) -> str:
    """Return the traceback of an exception, and of those that led to it, without what they say."""
    parts: list[str] = []
    while error is not None:
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        parts.append("".join(["Traceback (most recent call last):\n", *traceback.format_tb(error.__traceback__), kind]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nThe exception above led to this one:\n\n".join(reversed(parts))


def configure_logging(level: str, form: str = "text") -> None:
    """Log messages of ``level`` and above to standard error, one on each line, as ``text`` or as ``json``."""
    logging.config.dictConfig(logging_config("root", level, form))


def guard_logs(level: str, form: str) -> None:
    """Keep queries out of the log, however the server was started, and log our own messages where nobody else does."""
    for name in _LOGS_OF_QUERIES:
        logger = logging.getLogger(name)
        if _drop not in logger.filters:
            logger.addFilter(_drop)
    if not logging.getLogger("gatescope").hasHandlers():
        logging.config.dictConfig(logging_config("gatescope", level, form))


def _drop(_record: logging.LogRecord) -> bool:
    return False


def logging_config(name: str, level: str, form: str) -> dict[str, Any]:
    """Return the configuration by which the logger ``name`` writes to standard error."""
    line = (
        {"()": JsonLines} if form == "json" else {"()": Lines, "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    )
    logger = {"level": level.upper(), "handlers": ["stderr"]}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        **({"root": logger} if name == "root" else {"loggers": {name: logger}}),
    }
