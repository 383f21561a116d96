"""What is shipped: the packages, the pins, the vendored stylesheet, and the wheel in an empty environment."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from importlib.resources import files
from itertools import chain
from pathlib import Path

import gatescope
import numpy as np
import pytest
from gatescope.settings import data_folder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DATA = ("models", "static", "templates")
SENTENCE = "the movie was not good"


def test_every_package_is_listed() -> None:
    folders = {
        ".".join(("gatescope", *path.parent.relative_to(ROOT).parts[1:])) for path in (ROOT / "app").rglob("*.py")
    }
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(folders | {f"gatescope.{name}" for name in DATA})


def packages_in(path: Path) -> set[str]:
    """What is imported, anywhere in a file, that is neither Python's nor ours."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    modules = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    modules |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {module.partition(".")[0] for module in modules} - sys.stdlib_module_names


def test_every_package_that_is_imported_is_declared() -> None:
    """Not left to come through another one, which may stop needing it; an extra is used where it is needed only."""
    project, distributions = PROJECT["project"], packages_distributions()
    of_extras = {
        "image": {"figures/image.py", "figures/inline_styles.py"},
        "import": {each.relative_to(ROOT / "app").as_posix() for each in (ROOT / "app/importers").rglob("*.py")},
        "notebook": {"notebook/display.py", "notebook/widget.py"},
    }
    imported = set[str]()
    for path in (ROOT / "app").rglob("*.py"):
        own = [extra for extra, files in of_extras.items() if path.relative_to(ROOT / "app").as_posix() in files]
        listed = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in own)]
        declared = {canonicalize_name(Requirement(each).name) for part in listed for each in part}
        names = packages_in(path)
        assert [name for name in names if canonicalize_name(distributions[name][0]) not in declared] == [], path
        imported |= names
    assert {"torch", "prometheus_client"} <= imported


def test_every_dependency_is_pinned_within_its_range() -> None:
    pins = (line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
    versions = {canonicalize_name(name): version for name, version in pins}
    project = PROJECT["project"]
    wanted = map(Requirement, chain(project["dependencies"], *project["optional-dependencies"].values()))
    misfits = [
        str(each) for each in wanted if not each.specifier.contains(versions.get(canonicalize_name(each.name), ""))
    ]
    assert misfits == []


def test_stylesheet_is_of_the_plotly_that_is_served() -> None:
    version = re.compile(r"plotly\.js v(\d+\.\d+\.\d+)")
    script = files("plotly").joinpath("package_data/plotly.min.js").read_text(encoding="utf-8")
    stylesheet = (ROOT / "static/css/plotly.css").read_text(encoding="utf-8")
    assert version.findall(stylesheet[:200]) == version.findall(script[:200])
    assert "MIT licence" in stylesheet.splitlines()[0]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: setuptools would leave a folder build/ behind, which goes stale."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("app", *DATA):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICES.md"):
        shutil.copy(ROOT / name, source / name)
    for stray in ("app/__pycache__/stray.pyc", "app/web/__pycache__/stray.pyc", "models/.stray/model.safetensors"):
        (source / stray).parent.mkdir(exist_ok=True)
        (source / stray).write_text("not for the wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (path,) = out.iterdir()
    return path


def test_wheel_holds_the_code_and_the_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if not name.startswith("gatescope-")}
    here = (path.relative_to(ROOT) for name in ("app", *DATA) for path in (ROOT / name).rglob("*") if path.is_file())
    kept = (path.parts for path in here if not any(part.startswith((".", "__pycache__")) for part in path.parts))
    expected = {"/".join(("gatescope", *parts[parts[0] == "app" :])) for parts in kept}
    assert inside == expected
    assert {"gatescope/models/sentiment-lstm/README.md", "gatescope/static/css/plotly.css"} < inside


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The programs of an empty environment into which nothing but the wheel, and so what it asks for, was installed."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [environment / "bin/python", "-m", "pip", "--disable-pip-version-check", "--no-input", "-qq"]
    # Without byte code: compiling all of torch would take longer than everything else.
    subprocess.run([*pip, "install", "--no-compile", "--constraint", ROOT / "constraints.txt", wheel], check=True)
    yield environment / "bin"
    shutil.rmtree(environment)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with nothing in the environment that points back at the checkout."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("GATESCOPE_", "PYTHON", "COV"))]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.mark.soak("installs the wheel with PyTorch into an empty environment: a minute or more")
def test_installed_command_traces(installed: Path, outside: Path) -> None:
    command = [installed / "gatescope", "trace", SENTENCE, "--model", "sentiment-lstm"]
    answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert [token["text"] for token in answer["tokens"]] == SENTENCE.split()


@pytest.mark.soak("installs the wheel with PyTorch into an empty environment: a minute or more")
def test_installed_package_traces_as_the_checkout_does(installed: Path, outside: Path) -> None:
    script = f"""if True:
        import json, gatescope
        from gatescope.settings import data_folder
        model = gatescope.load_model(data_folder("models") / "sentiment-lstm")
        print(json.dumps([gatescope.__file__, model.trace({SENTENCE!r}).outputs.tolist()]))
    """
    command = [installed / "python", "-c", script]
    origin, outputs = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert Path(origin).is_relative_to(installed.parent)
    here = gatescope.load_model(data_folder("models") / "sentiment-lstm").trace(SENTENCE)
    np.testing.assert_allclose(outputs, here.outputs, rtol=0, atol=1e-6)


@pytest.mark.soak("installs the wheel with PyTorch into an empty environment: a minute or more")
def test_installed_command_serves_from_any_directory(installed: Path, outside: Path) -> None:
    command = [installed / "gatescope", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            (address,) = re.findall(r"http://\S+", server.stdout.readline())
            for path in ("", "healthz", "static/css/plotly.css"):
                with urllib.request.urlopen(address + path) as page:
                    assert page.read()
        finally:
            server.terminate()
