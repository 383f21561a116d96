"""What is attacked: the application over small models, behind a real port."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gatescope.main import create_app
from gatescope.server.protocol import GuardedProtocol
from gatescope.settings import Settings
from serving import running


@pytest.fixture(scope="session")
def attacked(models: Path) -> Iterator[str]:
    """The address of a server of this process, which all attacks share that do no harm to it."""
    with running(create_app(Settings(models=models, default_model="lstm")), http=GuardedProtocol) as url:
        yield url
