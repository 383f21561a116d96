"""What the commands share: the settings, the model that is named, and how a command gives up."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from pydantic import ValidationError

    from ..settings import Settings
    from ..store.model import Model


def give_up(reason: str, code: int = 1) -> NoReturn:
    """Print in one line why the command cannot go on, and end it with the exit status ``code``."""
    typer.echo(f"gatescope: {reason}", err=True)
    raise typer.Exit(code)


def read_settings(**options: Any) -> "Settings":
    """Return the settings: ``options`` that are not None, else the environment. Gives up if one is wrong."""
    from pydantic import ValidationError

    from ..settings import Settings

    try:
        return Settings.model_validate({name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        give_up(why_refused(error), code=2)


def why_refused(error: "ValidationError") -> str:
    """Return what is wrong with the first setting that was refused."""
    first = error.errors()[0]
    what = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:  # not about a value, but about the environment
        return what
    name = str(first["loc"][0])
    return f"the setting {name} (GATESCOPE_{name.upper()}): {what}"


def require_known_variables(context: typer.Context) -> None:
    """Give up if the environment has a variable GATESCOPE_* that sets nothing; ``gatescope doctor`` tells it itself."""
    variables = [name for name in os.environ if name.upper().startswith("GATESCOPE_")]
    # Usually there are none, which spares the command the time to import the settings.
    if not variables or context.invoked_subcommand == "doctor":
        return
    from ..settings import Settings, unknown_variable

    if sentence := unknown_variable(variables, Settings.model_fields):
        give_up(sentence, code=2)


def read_model(name: str, settings: "Settings") -> "Model":
    """Return the installed model of that name, or the one in a folder given as a path; gives up if it cannot."""
    from ..store.files import BrokenModelError
    from ..store.loading import load_model

    is_path = name in {".", ".."} or not {"/", os.sep}.isdisjoint(name)
    places = [Path(name)] if is_path else [each / name for each in (settings.models, settings.imported) if each]
    folder = next((each for each in places if each.is_dir()), None)
    if not name or folder is None:
        give_up(f"there is no model {name!r}: 'gatescope models' lists them")
    try:
        return load_model(folder)
    except BrokenModelError as error:
        give_up(f"{name}: {error}")
