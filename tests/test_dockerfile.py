"""The image: what the Dockerfile says, read here, since not every machine can build it."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def instructions() -> list[tuple[str, str]]:
    """The instructions with their arguments, each on one line."""
    lines = [line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in whole.splitlines() if line)]


def arguments(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def installs() -> list[list[str]]:
    """The options of each call of ``pip install``."""
    commands = [part for run in arguments("RUN") for part in re.split(r"&&|;", run) if " install " in part]
    words = [shlex.split(re.sub(r"^.*?pip ", "pip ", command.strip())) for command in commands]
    return [each[each.index("install") + 1 :] for each in words]


def pins() -> dict[str, str]:
    lines = [line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()]
    return {canonicalize_name(name): version for name, version in lines}


def test_every_stage_begins_with_the_base_image_that_is_a_build_argument() -> None:
    (name, default), *_ = instructions()
    assert (name, default) == ("ARG", "BASE_IMAGE=python:3.11-slim")
    assert arguments("FROM") == ["${BASE_IMAGE} AS build", "${BASE_IMAGE}"]
    assert default.partition("=")[2] in (ROOT / "docs/deployment.md").read_text("utf-8")
    python = re.search(r"python:([\d.]+)", default)
    assert python
    assert python[1] in SpecifierSet(PROJECT["requires-python"])


def test_every_package_is_installed_under_the_constraints_or_by_its_hash() -> None:
    assert len(installs()) == 3
    for options in installs():
        constrained = options[options.index("--constraint") + 1] if "--constraint" in options else ""
        assert constrained == "constraints.txt" or "--require-hashes" in options


def test_what_builds_the_package_is_constrained_too() -> None:
    """Isolated builds take the newest setuptools, whatever the constraints say."""
    *_, tools, project = installs()
    assert tools[-1] == "setuptools"
    assert "setuptools" in pins()
    assert project[-1] == "."
    assert "--no-build-isolation" in project


def test_every_constraint_is_one_exact_version() -> None:
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)


def needed(name: str, extras: frozenset[str], known: set[tuple[str, frozenset[str]]]) -> Iterator[str]:
    """Yield the distributions that one needs, and those that these need, as they are installed here."""
    if (name, extras) in known:
        return
    known.add((name, extras))
    for each in map(Requirement, distribution(name).requires or []):
        if not each.marker or any(each.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield canonicalize_name(each.name)
            yield from needed(each.name, frozenset(each.extras), known)


def test_nothing_that_the_package_needs_is_left_without_a_version() -> None:
    names = set(needed("gatescope", frozenset(), set()))
    assert {"torch", "h11", "pydantic-core"} < names
    assert names - pins().keys() == set()


@pytest.mark.parametrize("copied", [each for each in arguments("COPY") if "--from" not in each])
def test_what_is_copied_is_there_and_is_sent_to_the_builder(copied: str) -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    *sources, _ = copied.split()
    for source in sources:
        name = source.replace("[t]", "t")
        assert name in sent
        assert (ROOT / name).exists() or not fnmatch(name, source) or "[" in source


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name.replace("[t]", "t") for each in arguments("COPY") if "--from" not in each for name in each.split()[:-1]
    }
    assert sent == copied


def test_it_serves_as_a_user_without_rights_and_is_probed_by_a_path_that_answers_any_host() -> None:
    assert arguments("USER") == ["gatescope"]
    assert "/healthz" in arguments("HEALTHCHECK")[0]
    assert re.findall(r"GATESCOPE_\w+=\S+", arguments("ENV")[-1]) == ["GATESCOPE_HOST=0.0.0.0"]


@pytest.mark.parametrize(("variables", "port"), [({}, 8000), ({"GATESCOPE_PORT": "9000"}, 9000)])
def test_the_port_that_is_set_is_probed(variables: dict[str, str], port: int) -> None:
    *_, code = json.loads(arguments("HEALTHCHECK")[0].partition("CMD ")[2])
    address = re.search(r"urlopen\((f'[^']*')", code)
    assert address
    environment = SimpleNamespace(environ=variables)
    assert eval(address[1], {"os": environment}) == f"http://127.0.0.1:{port}/healthz"
