"""The models on disk: find, load, verify, save.

A model is a folder: ``model.safetensors`` (weights), ``config.json`` (a ``ModelConfig``), ``vocab.json`` (the tokens by
id), ``statistics.json`` (a ``Statistics``), ``README.md`` (the model card, for people) and ``saturation.svg`` (its
picture). It can do without the last three.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from .recurrent.cells import Letter
from .recurrent.modules import Direction
from .recurrent.network import Network, NetworkConfig
from .recurrent.tokenizer import TOKENIZERS, Tokenizer, TokenizerKind
from .recurrent.trace import Trace, trace

WEIGHTS, CONFIG, VOCABULARY, STATISTICS, CARD, SATURATION = (
    "model.safetensors",
    "config.json",
    "vocab.json",
    "statistics.json",
    "README.md",
    "saturation.svg",
)

T = TypeVar("T")
Share = Annotated[float, Field(ge=0, le=1)]


# As it stands in config.json: strict about its fields, which its own docstrings describe.
with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))(NetworkConfig)


class BrokenModelError(Exception):
    """A model folder that cannot be used; the message says which file and why."""


class Metric(BaseModel):
    """A figure measured on held-out data."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str = Field(description="What was measured, on which data.")
    value: float = Field(description="The figure of the weights that are shipped.")
    standard_error: float = Field(ge=0, description="Standard error of `value` over the held-out examples.")
    interval: tuple[float, float] | None = Field(
        default=None, description="95 % bootstrap interval of `value` over the held-out examples."
    )
    unit: str = Field(
        default="share", description="What `value` counts: share (of what is right), bits per character …"
    )
    baselines: dict[str, float] = Field(
        default={}, description="What simpler means reach on the same examples, by name."
    )
    seeds: list[float] = Field(default=[], description="The same figure of every training run, one a seed.")
    examples: int = Field(ge=1, description="How many held-out examples it was measured on.")


class NamedUnit(BaseModel):
    """A unit that tracks something that can be said of the text, better than any unit of an untrained network does.

    The unit and its sign were chosen on one part of the held-out texts, and all figures are of another.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    feature: str = Field(min_length=1, description="What it tracks: `bracket depth`.")
    layer: int = Field(ge=0, description="Its layer, from 0.")
    direction: Direction = Field(description="Its direction.")
    activation: Letter = Field(description="Which of its activations does: a letter.")
    unit: int = Field(ge=0, description="The unit, from 0.")
    sign: Literal[-1, 1] = Field(description="-1 where the activation falls as the feature rises.")
    measure: Literal["r", "AUC"] = Field(
        description="What `score` is: Pearson's r for a number; for what is or is not, the area under the ROC curve: "
        "the probability that of two steps the one where it is has the greater activation, a tie counted half."
    )
    score: float = Field(
        ge=-1, le=1, description="The measure, of the activation times `sign`: 1 at best; by chance 0 (r) or 0.5 (AUC)."
    )
    interval: tuple[float, float] = Field(description="95 % bootstrap interval of `score` over the texts.")
    untrained: list[float] = Field(
        min_length=1,
        description="Score of the best unit of untrained networks of the same form, found in the same way, one a seed.",
    )
    texts: int = Field(ge=1, description="Held-out texts that it was measured on.")
    steps: int = Field(ge=1, description="Steps of these texts where the feature applies.")


class ModelConfig(BaseModel):
    """``config.json``: how to build a model, and what is known of it."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(description="Name of the model, for people.")
    task: str = Field(description="What it was trained for; models of one task answer the same sentences.")
    description: str = Field(description="One sentence on what the outputs mean.")
    network: NetworkConfig = Field(description="Cell and sizes.")
    tokenizer: TokenizerKind = Field(description="How text is split.")
    outputs: list[str] = Field(min_length=1, description="Name of each number that the head says after a step.")
    opposite: str = Field(default="", description="What a single output near 0 means; empty where it has no name.")
    examples: list[str] = Field(default=[], description="Sentences worth typing.")
    metrics: list[Metric] = Field(default=[], description="Figures on held-out data.")
    units: list[NamedUnit] = Field(default=[], description="Units that track something that can be named.")
    licence: str = Field(description="Licence of the weights.")
    seed: int | None = Field(default=None, description="Seed of the training run that gave these weights.")
    weights_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of model.safetensors, in hexadecimal.")


class ActivationStatistics(BaseModel):
    """One activation of one layer and direction over held-out text, unit by unit."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    layer: int = Field(ge=0, description="The layer, from 0.")
    direction: Direction = Field(description="Its direction.")
    activation: str = Field(description="Letter of the activation.")
    mean: list[float] = Field(description="(H,): mean of each unit, in the range of the activation.")
    standard_deviation: list[float] = Field(description="(H,): standard deviation of each unit, at least 0.")
    left_saturated: list[Share] | None = Field(
        default=None,
        description="(H,), of a gate alone: share of the steps, in [0, 1], at which each unit is below 0.1 "
        "(Karpathy, Johnson & Fei-Fei 2015). null: not a gate, or not measured.",
    )
    right_saturated: list[Share] | None = Field(
        default=None, description="(H,), of a gate alone: share of the steps, in [0, 1], at which it is above 0.9."
    )


class Statistics(BaseModel):
    """``statistics.json``: what the activations do over held-out text."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    steps: int = Field(ge=1, description="Tokens that were averaged over.")
    activations: list[ActivationStatistics] = Field(description="Layer by layer, forward before backward.")


@dataclass(frozen=True)
class Model:
    """A model that is loaded and verified."""

    id: str
    config: ModelConfig
    tokenizer: Tokenizer
    network: Network
    folder: Path
    statistics: Statistics | None = None  # where it was measured

    def trace(self, text: str) -> Trace:
        """The trace of ``text``. Raises ValueError if it has no token."""
        return trace(self.network, self.tokenizer(text))


def load_model(folder: Path | str) -> Model:
    """Load a model from its folder.

    Raises BrokenModelError, naming the file and the reason, if anything is missing, malformed or does not fit.
    """
    folder = Path(folder)
    config = _parse(folder, CONFIG, ModelConfig)
    if len(config.outputs) != config.network.outputs:
        raise BrokenModelError(f"{CONFIG}: {len(config.outputs)} names for {config.network.outputs} outputs")
    for named in config.units:
        if not _has(config.network, named.layer, named.direction, named.activation, named.unit):
            place = f"layer {named.layer} {named.direction} {named.activation}, unit {named.unit}"
            raise BrokenModelError(f"{CONFIG}: {named.feature}: {place}: the network has no such unit")
    vocabulary = _parse(folder, VOCABULARY, list[str])
    try:
        tokenizer = TOKENIZERS[config.tokenizer](vocabulary)
    except ValueError as error:
        raise BrokenModelError(f"{VOCABULARY}: {error}") from None
    if len(vocabulary) != config.network.vocabulary_size:
        raise BrokenModelError(
            f"{VOCABULARY}: {len(vocabulary)} tokens, but {CONFIG} says {config.network.vocabulary_size}"
        )
    network = _load_network(folder, config)
    name = Path(os.path.abspath(folder)).name  # noqa: PTH100  resolve() would name what a linked folder leads to
    return Model(name, config, tokenizer, network, folder, _load_statistics(folder, network))


def save_model(
    folder: Path,
    network: Network,
    tokenizer: Tokenizer,
    about: Mapping[str, Any],
    statistics: Statistics | None = None,
    card: str = "",
    saturation: str = "",
) -> Model:
    """Write a model to ``folder``, replacing what was there only once all of it is written, and load it back.

    ``about`` holds the fields of ``ModelConfig`` that the network and the tokenizer do not give; ``saturation`` is the
    picture of that name, where there is one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    new, old = workspace / "new", workspace / "old"
    try:
        new.mkdir()
        weights = save({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, {"format": "pt"})
        config = ModelConfig(
            **about,
            network=network.config,
            tokenizer=tokenizer.kind,
            weights_sha256=hashlib.sha256(weights).hexdigest(),
        )
        (new / WEIGHTS).write_bytes(weights)
        (new / CONFIG).write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
        vocabulary = json.dumps(tokenizer.vocabulary, ensure_ascii=False, indent=0)
        (new / VOCABULARY).write_text(vocabulary + "\n", encoding="utf-8")
        if statistics is not None:
            (new / STATISTICS).write_text(statistics.model_dump_json() + "\n", encoding="utf-8")
        (new / CARD).write_text(card, encoding="utf-8")
        if saturation:
            (new / SATURATION).write_text(saturation, encoding="utf-8")
        load_model(new)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    return load_model(folder)


def write_units(folder: Path, units: Sequence[NamedUnit]) -> None:
    """Let the model in ``folder`` name ``units`` in place of those that it named before, in one step.

    Raises BrokenModelError if there is no config.json to write them to, and OSError if it cannot be written.
    """
    config = _parse(folder, CONFIG, ModelConfig).model_copy(update={"units": list(units)})
    partial = folder / f".{CONFIG}.partial"
    try:
        partial.write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
        partial.replace(folder / CONFIG)
    finally:
        partial.unlink(missing_ok=True)


class Store:
    """The models of a folder, by the names of their folders; those that cannot be used, with the reason."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models: dict[str, Model] = {}
        self.broken: dict[str, str] = {}
        for each in sorted(folder.iterdir()) if folder.is_dir() else []:
            if each.is_dir() and not each.name.startswith((".", "_")):
                try:
                    self.models[each.name] = load_model(each)
                except BrokenModelError as error:
                    self.broken[each.name] = str(error)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def task(self, task: str) -> Sequence[Model]:
        """The models of one task: different cells for the same sentences."""
        return [model for model in self if model.config.task == task]


def _load_network(folder: Path, config: ModelConfig) -> Network:
    data = _read(folder, WEIGHTS)
    if hashlib.sha256(data).hexdigest() != config.weights_sha256:
        raise BrokenModelError(f"{WEIGHTS}: its SHA-256 is not the one that {CONFIG} records: the file was changed")
    try:
        state = load(data)
    except SafetensorError as error:
        raise BrokenModelError(f"{WEIGHTS}: {error}") from None
    except KeyError:  # safetensors knows more formats than it can turn into tensors
        raise BrokenModelError(f"{WEIGHTS}: holds a number format that PyTorch does not read") from None
    _check(state, config.network)
    try:
        with torch.device("meta"):
            network = Network(config.network)
        network.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise BrokenModelError(f"{WEIGHTS}: does not fit {CONFIG}: {str(error).splitlines()[-1].strip()}") from None
    return network.eval().requires_grad_(requires_grad=False)


def _check(state: Mapping[str, Tensor], network: NetworkConfig) -> None:
    """Refuse weights that could not be traced, and sizes that are nowhere in them before memory is spent on those."""
    dtypes = {tensor.dtype for tensor in state.values()}
    if len(dtypes) > 1 or not dtypes <= {torch.float32, torch.float64}:
        found = ", ".join(sorted(map(str, dtypes)))
        raise BrokenModelError(f"{WEIGHTS}: holds {found}: it must be torch.float32 or torch.float64 throughout")
    for name, tensor in state.items():
        if not tensor.isfinite().all():
            raise BrokenModelError(f"{WEIGHTS}: {name} holds a number that is not finite")
    extents = {extent for tensor in state.values() for extent in tensor.shape}
    for name in ("vocabulary_size", "embedding_size", "hidden_size", "outputs"):
        if (size := getattr(network, name)) not in extents:
            raise BrokenModelError(f"{WEIGHTS}: does not fit {CONFIG}: no tensor is of {name} {size}")
    if network.layers > len(state):
        raise BrokenModelError(f"{WEIGHTS}: does not fit {CONFIG}: {len(state)} tensors are no {network.layers} layers")


def _load_statistics(folder: Path, network: Network) -> Statistics | None:
    if not (folder / STATISTICS).exists():
        return None
    statistics = _parse(folder, STATISTICS, Statistics)
    size = network.config.hidden_size
    for each in statistics.activations:
        place = f"layer {each.layer} {each.direction} {each.activation}"
        if not _has(network.config, each.layer, each.direction, each.activation):
            raise BrokenModelError(f"{STATISTICS}: {place}: the network has no such activation")
        if not len(each.mean) == len(each.standard_deviation) == size:
            raise BrokenModelError(
                f"{STATISTICS}: {place}: {size} means and standard deviations are needed, one a unit"
            )
        if any(shares is not None and len(shares) != size for shares in (each.left_saturated, each.right_saturated)):
            raise BrokenModelError(f"{STATISTICS}: {place}: {size} shares are needed, one a unit, or null")
    return statistics


def _has(network: NetworkConfig, layer: int, direction: Direction, activation: str, unit: int = 0) -> bool:
    """Whether a network has such an activation, of such a unit."""
    return (
        layer < network.layers
        and direction in network.directions
        and activation in tuple(network.cell_definition.activations)
        and unit < network.hidden_size
    )


def _parse(folder: Path, name: str, kind: type[T]) -> T:
    """What a JSON file holds, validated as ``kind``."""
    try:
        return TypeAdapter(kind).validate_json(_read(folder, name))
    except ValidationError as error:
        raise BrokenModelError(f"{name}: {_first(error)}") from None


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise BrokenModelError(f"{name}: the file is missing") from None
    except OSError as error:
        raise BrokenModelError(f"{name}: cannot be read: {error.strerror}") from None


def _first(error: ValidationError) -> str:
    """The first of a validation's complaints, with the place it is about."""
    complaint = error.errors()[0]
    place = ".".join(str(part) for part in complaint["loc"])
    message = complaint["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
