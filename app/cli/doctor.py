"""gatescope doctor: whether an installation works, and what to do where it does not."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .common import why_refused

if TYPE_CHECKING:
    from ..settings import Settings


class ProblemError(Exception):
    """What is wrong with an installation, and what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}: {remedy}" if remedy else what)


def doctor() -> None:
    """Check this installation: settings, versions, files, models, kernels and port.

    Prints a line for each check, and ends with exit status 1 if there is a problem.
    """
    healthy = [_report("versions", versions)]
    settings = None

    def valid_settings() -> str:
        nonlocal settings
        settings = _settings()
        return "all are valid"

    healthy.append(_report("settings", valid_settings))
    healthy.append(_report("files", files))
    healthy.append(_report("kernels", kernels))
    if settings is None:
        typer.echo("skipped  models, imports, port: they need the settings")
    else:
        healthy += [_report(check.__name__, partial(check, settings)) for check in (models, imports, port)]
    if not all(healthy):
        raise typer.Exit(1)


def _report(name: str, check: Callable[[], str]) -> bool:
    """Print the outcome of a check; return whether it is good."""
    try:
        typer.echo(f"ok       {name}: {check()}")
    except ProblemError as problem:
        return _failed(name, str(problem))
    except Exception as error:  # a broken installation fails in ways that nobody foresaw
        return _failed(name, f"{type(error).__name__}: {error}: install Gatescope again")
    return True


def _failed(name: str, what: str) -> bool:
    typer.echo(f"problem  {name}: {what}")
    return False


def versions() -> str:
    """Check that every package that Gatescope needs is there in a version that it takes."""
    from packaging.requirements import Requirement

    from .. import __version__

    wrong = []
    try:
        needed = [Requirement(each) for each in requires("gatescope") or []]
    except PackageNotFoundError:
        raise ProblemError("Gatescope is not installed", "pip install . -c constraints.txt") from None
    for each in needed:
        if each.marker and not each.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(each.name)
        except PackageNotFoundError:
            wrong.append(f"{each.name} is missing")
            continue
        if not each.specifier.contains(installed, prereleases=True):
            wrong.append(f"{each.name} is {installed}, and must be {each.specifier}")
    if wrong:
        raise ProblemError("; ".join(wrong), "pip install . -c constraints.txt")
    untested = list(_untested())
    note = f", but not those that it was tested with: {', '.join(untested)}" if untested else ""
    return f"Gatescope {__version__}, with packages in versions that it takes{note}"


def _untested() -> Iterator[str]:
    """Yield the packages whose versions differ from those in constraints.txt, if this is a checkout, which has it."""
    pins = Path(__file__).parents[2] / "constraints.txt"
    for line in pins.read_text("utf-8").split() if pins.is_file() else ():
        name, _, pinned = line.partition("==")
        try:
            installed = version(name).partition("+")[0]  # builds of PyTorch differ by what follows
        except PackageNotFoundError:  # needed only by tests
            continue
        if installed != pinned:
            yield f"{name} {installed} (tested: {pinned})"


def _settings() -> "Settings":
    """Return the settings. Raises ProblemError if one is wrong."""
    from pydantic import ValidationError

    from ..settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        raise ProblemError(why_refused(error)) from None


def files() -> str:
    """Check that the pages can be made: every template is there and can be read, and so are the static files."""
    from ..settings import data_folder
    from ..web.templates import templates

    try:
        static, pages = data_folder("static"), data_folder("templates")
    except FileNotFoundError as error:
        raise ProblemError(*str(error).split(": ", 1)) from None
    environment = templates().env
    if not (names := environment.list_templates()):
        raise ProblemError(f"{pages} is empty", "install Gatescope again")
    for name in names:
        environment.get_template(name)
    missing = [name for name in ("css/tokens.css", "js/main.js") if not (static / name).is_file()]
    if missing:
        raise ProblemError(f"{static} lacks {', '.join(missing)}", "install Gatescope again")
    return f"static files and {len(names)} templates"


def kernels() -> str:
    """Check that the compiled kernels agree with the cells as PyTorch steps them, on a small trace of each cell."""
    import numpy as np
    import torch

    from ..recurrent.cells import TABLE
    from ..recurrent.network import Network, NetworkConfig
    from ..recurrent.tokenizer import Token
    from ..recurrent.trace import trace

    tokens = [Token(str(number), number, number + 1, number, known=True) for number in range(5)]
    for cell in TABLE:
        options = cell.options or {}
        config = NetworkConfig(cell=cell.name, vocabulary_size=5, embedding_size=4, hidden_size=6, outputs=1, **options)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = Network(config)
        network.eval().requires_grad_(requires_grad=False)
        ours, theirs = (trace(network, tokens, None, engine) for engine in ("compiled", "reference"))
        for mine, other in zip(ours.layers, theirs.layers, strict=True):
            for letter in cell.activations:
                if not np.allclose(mine[letter], other[letter], rtol=0, atol=1e-5):
                    raise ProblemError(
                        f"those of the {cell.variant} give another {letter} than PyTorch",
                        "set GATESCOPE_ENGINE=reference, and report it with the versions of numba and of the processor",
                    )
    return f"those of {len(TABLE)} cells agree with PyTorch"


def models(settings: "Settings") -> str:
    """Check that the folder of models can be read, that all in it load, and that the default model is among them."""
    from ..store.store import Store

    folder, imported = settings.models, settings.imported
    remedy = "set GATESCOPE_MODELS to a folder of models, or train one with 'gatescope train'"
    if not folder.is_dir():
        raise ProblemError(f"{folder} is not a folder", remedy)
    try:
        store = Store(folder, imported=imported)
    except OSError as error:
        raise ProblemError(f"{folder} cannot be read: {error.strerror}", "let this user read it") from None
    if store.broken:
        reasons = "; ".join(f"{name}: {why}" for name, why in store.broken.items())
        raise ProblemError(f"{folder} holds broken ones: {reasons}", "copy them again, or move them away")
    if not store.models:
        raise ProblemError(f"{folder} holds none", remedy)
    if settings.default_model not in store.models:
        raise ProblemError(
            f"the default model {settings.default_model!r} is not in {folder}",
            f"set GATESCOPE_DEFAULT_MODEL to one of {', '.join(store.models)}",
        )
    ours = sum(store.is_imported(model.folder) for model in store)
    also = f", and {ours} that were imported into {imported}" if ours else ""
    return f"{len(store.models) - ours} in {folder}, with the default model {settings.default_model}{also}"


def imports(settings: "Settings") -> str:
    """Check that models can be imported, unless that is switched off: their folder can be made and written to."""
    folder = settings.imported
    if folder is None:
        return "switched off"
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise ProblemError(
            f"{folder} cannot be written to",
            "set GATESCOPE_IMPORTED to a folder that this user can write to, or to nothing to switch importing off",
        )
    return f"into {folder}"


def port(settings: "Settings") -> str:
    """Check that ``gatescope serve`` could listen."""
    place = f"port {settings.port} of {settings.host}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ProblemError(f"{place} is taken", "stop what listens there, or set GATESCOPE_PORT") from None
        raise ProblemError(
            f"cannot listen on {place}: {error.strerror}", "set GATESCOPE_HOST and GATESCOPE_PORT"
        ) from None
    return f"{place} is free"
