"""What the commands share: the settings, and how a command gives up."""

from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from ..settings import Settings


def give_up(reason: str, code: int = 1) -> NoReturn:
    """Say in one line why nothing was done, and end with the exit status ``code``."""
    typer.echo(f"gatescope: {reason}", err=True)
    raise typer.Exit(code)


def read_settings(**options: Any) -> "Settings":
    """The settings from the environment; ``options`` that are not None come first. Gives up where one is wrong."""
    from pydantic import ValidationError

    from ..settings import Settings

    try:
        return Settings.model_validate({name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        give_up(f"the setting {name} (GATESCOPE_{name.upper()}): {first['msg']}", code=2)
