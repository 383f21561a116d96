"""Where the log goes, and in which form."""

import logging.config


def configure_logging(level: str) -> None:
    """Log messages of ``level`` and above to standard error, one on each line."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": level.upper(), "handlers": ["stderr"]},
        }
    )
