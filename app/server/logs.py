"""Where the log goes, and in which form."""

import logging.config
from typing import Any


def configure_logging(level: str) -> None:
    """Log messages of ``level`` and above to standard error, one on each line."""
    logging.config.dictConfig(logging_config(level))


def logging_config(level: str) -> dict[str, Any]:
    """Return what ``configure_logging`` does, for processes that configure themselves."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level.upper(), "handlers": ["stderr"]},
    }
