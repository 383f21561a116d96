"""A cache that holds small archives in place of the real ones."""

from pathlib import Path

import pytest
from archives import install_sentiment


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install_sentiment(tmp_path / "cache", monkeypatch)
