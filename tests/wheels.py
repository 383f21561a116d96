"""Packages that tests look into: fetched without their dependencies, kept in pytest's cache, and never installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


def unpack(config: pytest.Config, requirement: str, folder: Path) -> Path:
    """Unpack the wheel of ``requirement``, such as "name==1.0", into ``folder``, and return that."""
    assert config.cache is not None
    kept = config.cache.mkdir("wheels") / requirement
    if not any(kept.glob("*.whl")):
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-qq", "download"]
        options = ["--no-deps", "--only-binary", ":all:", "--dest", kept]
        subprocess.run([*pip, *options, requirement], check=True)
    (wheel,) = kept.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder
