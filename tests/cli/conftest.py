"""What tests of several commands share."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import pytest
from gatescope.importers import process
from gatescope.importers.__main__ import do
from gatescope.importers.child import Limits, outcome


@pytest.fixture
def _reading_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be read in the test's own process: one of its own takes seconds to begin."""

    async def run(job: Mapping[str, Any], limits: Limits, _: Sequence[int]) -> AsyncGenerator[float]:
        shares: list[float] = []
        process.raise_if_failed(outcome(do, job, shares.append), limits)
        for share in shares:
            yield share

    monkeypatch.setattr(process, "run", run)
