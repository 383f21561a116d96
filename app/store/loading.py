"""Load a model from its folder, and verify that its files are intact and fit together."""

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..recurrent.modules import Direction
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import TOKENIZERS, Tokenizer, TokenizerKind
from .fields import ModelConfig, Statistics
from .files import (
    CARD,
    CONFIG,
    IMPORT,
    LIMITS,
    SATURATION,
    STATISTICS,
    VOCABULARY,
    WEIGHTS,
    BrokenModelError,
    exists,
    opened,
    parse,
)
from .imported import ImportReport
from .model import Model

MOST_TENSORS = 4_096  # of one network: 512 layers in both directions, built in about a second
MOST_HEADER = 2_000_000  # bytes that list the tensors: parsed at once, while no other thread runs
MOST_DIMENSIONS = 2  # of a tensor; many operations fail on one of more than 64
ATTEMPTS = 5  # to load a model of which one file or the whole folder is replaced meanwhile
_CHUNK = 16_000_000  # bytes of the weights that are read at a time


def load_model(folder: Path | str) -> Model:
    """Load the model in ``folder``.

    Raises BrokenModelError, which names the file and the reason, if anything is missing, malformed or does not fit:
    nothing else, whatever the folder holds. Where another model takes its place meanwhile, that one is loaded.
    """
    folder = Path(folder)
    for _ in range(ATTEMPTS):
        before, failure = _identity(folder), None
        try:
            model = _load_safely(folder)
        except BrokenModelError as error:
            failure = error
        if _identity(folder) == before:
            break
    if failure is not None:
        raise failure
    return model


def _identity(folder: Path) -> tuple[int, ...]:
    """Return what changes when a folder, or a file in it, is replaced; nothing if it cannot be told."""
    try:
        status = folder.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _load_safely(folder: Path) -> Model:
    """Load the model in ``folder`` once; raises no other error than BrokenModelError."""
    try:
        return _load(folder)
    except BrokenModelError:
        raise
    except OSError as error:
        raise BrokenModelError(f"the folder cannot be read: {error.strerror or error}") from error
    except Exception as error:  # one bad folder must not keep the others from being loaded
        raise BrokenModelError(f"cannot be loaded: {type(error).__name__}: {_first_line(error)}") from error


def _load(folder: Path) -> Model:
    """Do what ``_load_safely`` does, as far as errors can be foreseen."""
    if not folder.is_dir():
        raise BrokenModelError(_why_not_a_folder(folder))
    config = parse(folder, CONFIG, ModelConfig)
    if len(config.outputs) != config.network.outputs:
        raise BrokenModelError(f"{CONFIG}: {len(config.outputs)} names for {config.network.outputs} outputs")
    if config.verdict is not None:
        _require_verdict(config)
    if config.corrects_spelling and config.tokenizer != "word":
        raise BrokenModelError(f"{CONFIG}: corrects_spelling: only words have a spelling: set it to false")
    _require_input(config)
    for named in config.units:
        if not _has(config.network, named.layer, named.direction, named.activation, named.unit):
            place = f"layer {named.layer} {named.direction} {named.activation}, unit {named.unit}"
            raise BrokenModelError(f"{CONFIG}: {named.feature}: {place}: the network does not have this unit")
    tokenizer = None if config.tokenizer is None else _load_tokenizer(folder, config, config.tokenizer)
    config = with_meaning(config, tokenizer.vocabulary if tokenizer else ())
    network = _load_network(folder, config)
    for name in (CARD, SATURATION):  # read by those who ask for them
        if exists(folder, name):
            with opened(folder, name):
                pass
    name = Path(os.path.abspath(folder)).name  # noqa: PTH100  resolve() would follow a link and give its target's name
    imported = parse(folder, IMPORT, ImportReport) if exists(folder, IMPORT) else None
    return Model(name, config, tokenizer, network, folder, _load_statistics(folder, network), imported)


def _require_input(config: ModelConfig) -> None:
    """Raise BrokenModelError if the fields of ``config`` that are about its input do not fit each other."""
    network, count = config.network, len(config.columns)
    if config.input == "text":
        if network.input_size:
            what = f"{network.input_size}, and the model reads text: set input to numbers, or leave input_size out"
            raise BrokenModelError(f"{CONFIG}: network.input_size: is {what}")
        if config.tokenizer is None:
            raise BrokenModelError(
                f"{CONFIG}: tokenizer: is missing, and the model reads text: set it to word or character"
            )
        if count:
            raise BrokenModelError(f"{CONFIG}: columns: the model reads text, which has none: leave them out")
        return
    if not network.input_size:
        raise BrokenModelError(f"{CONFIG}: network.input_size: is missing, and the model reads numbers: say how many")
    for name, value in (("tokenizer", config.tokenizer), ("predicts_next", config.predicts_next)):
        if value:
            raise BrokenModelError(f"{CONFIG}: {name}: the model reads numbers, not tokens: leave it out")
    if count != network.input_size:
        raise BrokenModelError(f"{CONFIG}: {count} columns for an input_size of {network.input_size}")
    if repeated := [name for name, times in Counter(each.name for each in config.columns).items() if times > 1]:
        raise BrokenModelError(f"{CONFIG}: columns: two have the name {repeated[0]!r}: give each its own")


def _load_tokenizer(folder: Path, config: ModelConfig, kind: TokenizerKind) -> Tokenizer:
    """Return the tokenizer with its vocabulary. Raises BrokenModelError if that cannot be used."""
    vocabulary = parse(folder, VOCABULARY, list[str])
    try:
        tokenizer = TOKENIZERS[kind](vocabulary, corrects_spelling=config.corrects_spelling)
    except ValueError as error:
        raise BrokenModelError(f"{VOCABULARY}: {error}") from None
    if len(vocabulary) != config.network.vocabulary_size:
        raise BrokenModelError(
            f"{VOCABULARY}: {len(vocabulary)} tokens, but {CONFIG} says {config.network.vocabulary_size}"
        )
    return tokenizer


def _why_not_a_folder(path: Path) -> str:
    """Say why ``path`` is not the folder of a model, and what to do."""
    if path.exists():
        return (
            f"{path} is a file: a model is a folder that holds {CONFIG}, {VOCABULARY} and {WEIGHTS}; to see the "
            "gates of a module of your own, load it with torch.load and call trace_module"
        )
    return f"{path}: this folder does not exist"


def _require_verdict(config: ModelConfig) -> None:
    """Raise BrokenModelError if the verdict of ``config`` is not one output with a probability of its own."""
    if config.network.head != "sigmoid":
        raise BrokenModelError(f"{CONFIG}: verdict: the outputs share one probability (softmax): leave verdict out")
    if config.outputs.count(config.verdict or "") != 1:
        names = ", ".join(map(repr, config.outputs))
        raise BrokenModelError(
            f"{CONFIG}: verdict: {config.verdict!r} is not the name of one output: name one of {names}"
        )


def with_meaning(config: ModelConfig, vocabulary: Sequence[str]) -> ModelConfig:
    """Return ``config`` with ``predicts_next`` true or false.

    Raises BrokenModelError if it is true but the outputs' names do not match tokens one to one.
    """
    if config.predicts_next is None:
        is_vocabulary = bool(vocabulary) and tuple(config.outputs) == tuple(vocabulary)
        return config.model_copy(update={"predicts_next": is_vocabulary})
    if config.predicts_next:
        counts = Counter(config.outputs)
        remedy = f"name one output for each token of {VOCABULARY}, or set predicts_next to false"
        if repeated := [name for name, count in counts.items() if count > 1]:
            raise BrokenModelError(f"{CONFIG}: predicts_next: two outputs have the name {repeated[0]!r}: {remedy}")
        if missing := [key for key in vocabulary[1:] if key not in counts]:
            raise BrokenModelError(f"{CONFIG}: predicts_next: no output has the name {missing[0]!r}: {remedy}")
    return config


def _load_network(folder: Path, config: ModelConfig) -> Network:
    """Return the network with verified weights. Raises BrokenModelError if they cannot be used."""
    with opened(folder, WEIGHTS) as file:
        state = _tensors(file, config.weights_sha256)
    _require_traceable(state, config.network)
    try:
        with torch.device("meta"):
            network = Network(config.network)
        network.load_state_dict(state, assign=True)
    except (RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[-1].strip() if isinstance(error, RuntimeError) else _first_line(error)
        raise BrokenModelError(f"{WEIGHTS}: does not fit {CONFIG}: {reason}") from None
    return network.eval().requires_grad_(requires_grad=False)


def _tensors(file: BinaryIO, sha256: str) -> dict[str, Tensor]:
    """Return the tensors of weights with this SHA-256. Raises BrokenModelError if they are others or damaged.

    They are read from a copy. While the original is mapped into memory, anyone who shortens it ends this process; and
    ``safetensors.torch.load``, which takes bytes, lets no other thread run while it copies them all.
    """
    with _private_file() as (copy, path):
        digest, size, header = hashlib.sha256(), 0, 0
        while chunk := file.read(_CHUNK):
            header = header or int.from_bytes(chunk[:8], "little")
            digest.update(chunk)
            size += copy.write(chunk)
            if size > LIMITS[WEIGHTS]:  # it grows
                break
        copy.flush()
        if digest.hexdigest() != sha256:
            raise BrokenModelError(f"{WEIGHTS}: its SHA-256 is not the one that {CONFIG} records: the file was changed")
        if MOST_HEADER < header < size:
            raise BrokenModelError(f"{WEIGHTS}: has a header of {header:,} bytes: at most {MOST_HEADER:,} are read")
        try:
            with safe_open(path, "pt") as content:
                names = content.keys()
                if len(names) > MOST_TENSORS:
                    raise BrokenModelError(
                        f"{WEIGHTS}: holds {len(names):,} tensors: at most {MOST_TENSORS:,} are read"
                    )
                return {name: content.get_tensor(name).clone() for name in names}
        except (SafetensorError, RuntimeError, TypeError, OverflowError) as error:
            raise BrokenModelError(f"{WEIGHTS}: {_first_line(error)}") from None


@contextmanager
def _private_file() -> Iterator[tuple[IO[bytes], str]]:
    """Give an empty file that no other process knows, and a path to it: in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create(WEIGHTS), "wb") as file:
            yield file, f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            yield file, file.name


def _require_traceable(state: Mapping[str, Tensor], network: NetworkConfig) -> None:
    """Raise BrokenModelError unless the weights can be traced and have the sizes that memory will be allocated for."""
    dtypes = {tensor.dtype for tensor in state.values()}
    if len(dtypes) > 1 or not dtypes <= {torch.float32, torch.float64}:
        held = ", ".join(sorted(map(str, dtypes)))
        raise BrokenModelError(f"{WEIGHTS}: holds {held}: it must be torch.float32 or torch.float64 throughout")
    for name, tensor in state.items():
        if tensor.dim() > MOST_DIMENSIONS:
            many = f"{tensor.dim()} dimensions: no weight of a network has more than {MOST_DIMENSIONS}"
            raise BrokenModelError(f"{WEIGHTS}: {name} has {many}")
        if not tensor.isfinite().all():
            raise BrokenModelError(f"{WEIGHTS}: {name} holds a number that is not finite")
    extents = {extent for tensor in state.values() for extent in tensor.shape}
    for name in ("vocabulary_size", "embedding_size", "input_size", "hidden_size", "outputs"):
        if (size := getattr(network, name)) and size not in extents:
            raise BrokenModelError(f"{WEIGHTS}: does not fit {CONFIG}: no tensor has the {name} {size}")
    if network.layers > len(state):
        raise BrokenModelError(
            f"{WEIGHTS}: does not fit {CONFIG}: {len(state)} tensors are too few for {network.layers} layers"
        )


def _load_statistics(folder: Path, network: Network) -> Statistics | None:
    """Return the statistics, if there are any. Raises BrokenModelError if they do not fit ``network``."""
    if not exists(folder, STATISTICS):
        return None
    statistics = parse(folder, STATISTICS, Statistics)
    size = network.config.hidden_size
    for each in statistics.activations:
        place = f"layer {each.layer} {each.direction} {each.activation}"
        if not _has(network.config, each.layer, each.direction, each.activation):
            raise BrokenModelError(f"{STATISTICS}: {place}: the network does not have this activation")
        if not len(each.mean) == len(each.standard_deviation) == size:
            raise BrokenModelError(
                f"{STATISTICS}: {place}: {size} means and standard deviations are needed, one per unit"
            )
        if any(shares is not None and len(shares) != size for shares in (each.left_saturated, each.right_saturated)):
            raise BrokenModelError(f"{STATISTICS}: {place}: {size} shares are needed, one per unit, or null")
    return statistics


def _has(network: NetworkConfig, layer: int, direction: Direction, activation: str, unit: int = 0) -> bool:
    """Return whether a network has this activation, with this unit."""
    return (
        layer < network.layers
        and direction in network.directions
        and activation in tuple(network.cell_definition.activations)
        and unit < network.hidden_size
    )


def _first_line(error: Exception) -> str:
    """Return the first line of a message: PyTorch adds a trace of its own calls to some."""
    return (str(error).splitlines() or [""])[0]
