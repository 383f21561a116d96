"""What is attacked: the application over small models, behind a real port."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gatescope.main import create_app
from gatescope.server.protocol import GuardedProtocol
from gatescope.settings import Settings
from model_folders import saved_numbers
from networks import numeric_network
from serving import running


@pytest.fixture(scope="session")
def attacked(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of this process, which all attacks share that do no harm to it."""
    folder = tmp_path_factory.mktemp("attacked")
    for each in models.iterdir():
        (folder / each.name).symlink_to(each)
    saved_numbers(folder / "numbers", numeric_network(cell="lstm", outputs=1))
    with running(create_app(Settings(models=folder, default_model="lstm")), http=GuardedProtocol) as url:
        yield url
