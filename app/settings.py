"""The settings, each an environment variable GATESCOPE_*; and where the data folders are."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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


class Settings(BaseSettings):
    """What a deployment may choose. Environment variables carry the prefix GATESCOPE_."""

    model_config = SettingsConfigDict(env_prefix="GATESCOPE_", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    models: Path = Field(
        default_factory=lambda: data_folder("models"), description="Folder with one model in each of its folders."
    )
    default_model: str = Field(
        "sentiment-lstm", description="Model that the page opens with and `gatescope trace` runs."
    )
    max_text: int = Field(10_000, ge=1, description="Longest text of a request, in code points.")
    max_body: int = Field(250_000, ge=1, description="Largest request body, in bytes.")
    max_values: int = Field(
        5_000_000, ge=1, description="Most numbers in one answer: steps × units × arrays. Streams are exempt."
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
