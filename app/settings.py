"""The settings, each an environment variable GATESCOPE_*; and where the data folders are."""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "GATESCOPE_"

# Former settings that have a successor, each without the prefix.
SUCCESSORS: Mapping[str, str] = {"MAX_WORK": "MAX_SECONDS"}

# What Kubernetes and container links put into the environment next to a service or a container named gatescope.
_INJECTED = (f"{PREFIX}SERVICE_", f"{PREFIX}PORT_")

_HOST_NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")

# Segments, each of letters, digits and some marks, but neither . nor .., which browsers resolve.
_ROOT_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")

SHORTEST_TOKEN = 20  # characters: of letters and digits chosen at random, more than anyone can try

# The first segments of our own paths. Below a root that begins with one of them, a path could mean two things.
OWN_SEGMENTS = frozenset({"api", "docs", "first-screen", "healthz", "metrics", "models", "readyz", "static", "vendor"})


def data_folder(name: str) -> Path:
    """Return the folder ``static``, ``templates`` or ``models``: in the installed package, or next to ``app/``.

    Raises FileNotFoundError, naming both places, if it is in neither.
    """
    package = Path(__file__).resolve().parent
    places = (package / name, package.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"the folder {name!r} is neither {places[0]} nor {places[1]}: the installation is incomplete; install it again"
    )


def unknown_variable(environment: Iterable[str], fields: Iterable[str]) -> str | None:
    """Return a sentence on the first variable GATESCOPE_* of ``environment`` that sets none of ``fields``, or None.

    The sentence names the successor of a former setting, or the setting whose name is close. Variables that Kubernetes
    and container links inject are not looked at.
    """
    known = [name.upper() for name in fields]
    for variable in sorted(environment):
        name = variable.upper().removeprefix(PREFIX)
        if variable.upper() == name or variable.upper().startswith(_INJECTED) or name in known:
            continue
        if SUCCESSORS.get(name) in known:
            return f"there is no setting {variable} any more: set {PREFIX}{SUCCESSORS[name]} instead"
        if close := get_close_matches(name, known, n=1):
            return f"there is no setting {variable}: did you mean {PREFIX}{close[0]}?"
        return f"there is no setting {variable}: remove it from the environment; docs/settings.md lists the settings"
    return None


def host_patterns(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list of hosts, in lower case and as they stand in a request.

    Each is a name, ``*.`` before a name, an IP address, or ``*``. Raises ValueError for anything else.
    """
    return tuple(_host_pattern(each.strip()) for each in text.split(",") if each.strip())


def _host_pattern(host: str) -> str:
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).compressed
    except ValueError:
        pass
    if host == "*":
        return host
    wildcard, name = ("*.", host[2:]) if host.startswith("*.") else ("", host)
    try:
        pattern = wildcard + name.removesuffix(".").encode("idna").decode().lower()
    except UnicodeError:
        pattern = ""
    if not _HOST_NAME.fullmatch(pattern):
        raise ValueError(
            f"{host!r} is not a host: give names (without scheme and port), names after '*.', IP addresses, or '*'"
        )
    return pattern


def _require_hosts(text: str) -> str:
    host_patterns(text)
    return text


def _require_root_path(path: str) -> str:
    if not _ROOT_PATH.fullmatch(path):
        raise ValueError(
            f"{path!r} is not a path to serve below: give one such as '/gatescope', which begins with a slash, does "
            "not end with one, and holds only letters, digits, '-', '.', '_' and '~'; or none"
        )
    if path.removeprefix("/").partition("/")[0] in OWN_SEGMENTS:
        raise ValueError(
            f"{path!r} begins as a path of Gatescope itself does: give one that begins otherwise, such as '/gatescope'"
        )
    return path


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _require_long(token: SecretStr | None) -> SecretStr | None:
    if token is not None and not (len(token) >= SHORTEST_TOKEN and token.get_secret_value().isascii()):
        raise ValueError(
            f"a token has at least {SHORTEST_TOKEN} characters of ASCII: give one that "
            "'python -c \"import secrets; print(secrets.token_urlsafe())\"' prints"
        )
    return token


class Settings(BaseSettings):
    """What a deployment may choose. Environment variables carry the prefix GATESCOPE_."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    models: Path = Field(
        default_factory=lambda: data_folder("models"), description="Folder with one model in each of its folders."
    )
    default_model: str = Field(
        "sentiment-lstm", description="Model that the page opens with and `gatescope trace` runs."
    )
    imported: Annotated[Path | None, BeforeValidator(_none_if_empty)] = Field(
        default_factory=lambda: user_data_path("gatescope", appauthor=False) / "models",
        description="Folder that models are imported into, which serve next to the others; empty: nothing is imported.",
    )
    allowed_hosts: Annotated[str, AfterValidator(_require_hosts)] = Field(
        "",
        description="Host names to answer besides loopback names and the address listened on, separated by commas: "
        "`example.org`, `*.example.org` for all names below it, `*` for all.",
    )
    root_path: Annotated[str, AfterValidator(_require_root_path)] = Field(
        "",
        description="Path below which a proxy serves Gatescope, such as `/gatescope`; whether it passes the path on or "
        "takes it away does not matter.",
    )
    max_text: int = Field(
        10_000, ge=1, description="Longest text of a request, in code points; of numbers, the most steps."
    )
    max_body: int = Field(250_000, ge=1, description="Largest request body, in bytes.")
    max_upload: int = Field(500_000_000, ge=1, description="Largest body of an upload to be imported, in bytes.")
    max_imported: int = Field(
        5_000_000_000, ge=1, description="Most bytes that all imported models may take together on disk."
    )
    token: Annotated[SecretStr | None, BeforeValidator(_none_if_empty), AfterValidator(_require_long)] = Field(
        None,
        description="Secret of at least 20 characters; whoever sends it may upload and remove models from anywhere.",
    )
    max_values: int = Field(
        5_000_000,
        ge=1,
        description="Most numbers in one answer: steps × (units × arrays + outputs). Streams are exempt.",
    )
    max_seconds: float = Field(
        20, gt=0, description="Longest time that an answer is computed for, in seconds, without the wait for its turn."
    )
    max_in_flight: int = Field(
        64, ge=1, description="Most requests under way at a time; others are answered with 503 at once."
    )
    max_held: int = Field(
        50_000_000,
        ge=1,
        description="Most numbers held at a time for one answer on memory, gradients, decompositions or rankings: some "
        "hundreds of megabytes.",
    )
    chunk_steps: int = Field(16, ge=1, description="Steps computed between two chunks of a JSONL or CSV answer.")
    engine: Literal["compiled", "reference"] = Field(
        "compiled", description="What runs a trace: `compiled` kernels, or the `reference`, cells stepped by PyTorch."
    )
    threads: int = Field(1, ge=1, description="CPU threads that PyTorch uses within one trace.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe message to log.")
    log_format: Literal["text", "json"] = Field(
        "text", description="Form of a line of the log: `text`, or a `json` object with a field for each fact."
    )

    @model_validator(mode="before")
    @classmethod
    def _ignore_injected_port(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Leave out a port that Kubernetes or a container link wrote, as an address."""
        is_injected = str(values.get("port", "")).startswith("tcp://")
        return {name: value for name, value in values.items() if not (is_injected and name == "port")}

    @model_validator(mode="after")
    def _require_known_variables(self) -> Self:
        """Refuse variables that would be ignored without a word."""
        if sentence := unknown_variable(os.environ, type(self).model_fields):
            raise ValueError(sentence)
        return self
