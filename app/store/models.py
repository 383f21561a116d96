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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ..recurrent.modules import Direction
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import TOKENIZERS, Tokenizer
from ..recurrent.trace import Trace, trace
from .fields import ActivationStatistics, Metric, ModelConfig, NamedUnit, Statistics

__all__ = [
    "CARD",
    "CONFIG",
    "SATURATION",
    "STATISTICS",
    "VOCABULARY",
    "WEIGHTS",
    "ActivationStatistics",
    "BrokenModelError",
    "Metric",
    "Model",
    "ModelConfig",
    "NamedUnit",
    "Statistics",
    "Store",
    "load_model",
    "save_model",
    "write_units",
]

WEIGHTS, CONFIG, VOCABULARY, STATISTICS, CARD, SATURATION = (
    "model.safetensors",
    "config.json",
    "vocab.json",
    "statistics.json",
    "README.md",
    "saturation.svg",
)

T = TypeVar("T")


class BrokenModelError(Exception):
    """A model folder that cannot be used; the message says which file and why."""


@dataclass(frozen=True)
class Model:
    """A model that is loaded and verified."""

    id: str
    config: ModelConfig  # of which predicts_next is never None
    tokenizer: Tokenizer
    network: Network
    folder: Path
    statistics: Statistics | None = None  # where it was measured

    def trace(self, text: str) -> Trace:
        """Return the trace of ``text``.

        Raises ValueError if it has no token, and OverflowError, naming letter and step, where a number overflows.
        """
        return trace(self.network, self.tokenizer(text), overflow="refuse")

    @cached_property
    def next_outputs(self) -> tuple[int | None, ...]:
        """For each token of the vocabulary, by id, the output that says how likely it is to come next.

        None for a token without such an output, which only the unknown one may be. Empty unless the model predicts the
        next token.
        """
        if not self.config.predicts_next:
            return ()
        places = {name: place for place, name in enumerate(self.config.outputs)}
        return tuple(places.get(key) for key in self.tokenizer.vocabulary)


def load_model(folder: Path | str) -> Model:
    """Load a model from its folder.

    Raises BrokenModelError, naming the file and the reason, if anything is missing, malformed or does not fit.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BrokenModelError(_not_a_folder(folder))
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
    config = _with_meaning(config, vocabulary)
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
        config = _with_meaning(config, tokenizer.vocabulary)
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


def _not_a_folder(path: Path) -> str:
    """Say why ``path`` is not the folder of a model, and what to do."""
    if path.exists():
        return (
            f"{path} is a file: a model is a folder that holds {CONFIG}, {VOCABULARY} and {WEIGHTS}; to see the "
            "gates of a module of your own, load it with torch.load and call trace_module"
        )
    return f"{path}: there is no such folder"


def _with_meaning(config: ModelConfig, vocabulary: Sequence[str]) -> ModelConfig:
    """Return ``config`` with its ``predicts_next`` decided.

    Raises BrokenModelError if the outputs are said to predict the next token and cannot be told apart by its name.
    """
    if config.predicts_next is None:
        return config.model_copy(update={"predicts_next": tuple(config.outputs) == tuple(vocabulary)})
    if config.predicts_next:
        counts = Counter(config.outputs)
        remedy = f"name one output for each token of {VOCABULARY}, or set predicts_next to false"
        if repeated := [name for name, count in counts.items() if count > 1]:
            raise BrokenModelError(f"{CONFIG}: predicts_next: two outputs have the name {repeated[0]!r}: {remedy}")
        if missing := [key for key in vocabulary[1:] if key not in counts]:
            raise BrokenModelError(f"{CONFIG}: predicts_next: no output has the name {missing[0]!r}: {remedy}")
    return config


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
