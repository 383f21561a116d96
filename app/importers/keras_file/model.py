"""The layers of a model as its config lists them: names, fields, and which reads which."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..found import ImportRefusedError

MOST_DEPTH = 32  # of models in models

PACKAGES = {"keras", "tf_keras", "tensorflow", "keras_core"}
"""Where Keras' own classes are from."""

RECURRENT = {"LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU", "RNN", "Bidirectional"}
"""Layers that take, after what they read, the states that they start from."""

SILENT = {
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
}
"""Layers that give back what they read, when nothing is trained."""


@dataclass(frozen=True)
class Layer:
    """A layer of the model, or of a model in it."""

    path: str
    """Its name, after those of the models that it is in: "encoder/lstm"."""
    kind: str
    """The name of its class, "LSTM"; one of someone's own has its package before it, "Custom>LSTM"."""
    config: Mapping[str, Any]
    group: str
    """Where archives keep its weights: "layers/lstm_1"."""
    inputs: tuple[str, ...] = ()
    """Paths of the layers that it reads."""
    initial: tuple[str, ...] = ()
    """Paths of the layers that give the states that it starts from."""
    calls: int = 1
    """How often the model uses it."""
    is_configured: bool = True
    """Whether the file says how it computes; a file of weights does not."""

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition("/")[2]

    @property
    def outermost(self) -> str:
        """The name of the layer of the whole model that it is, or is in."""
        return self.path.partition("/")[0]

    def flag(self, field: str, *, default: bool = False) -> bool:
        """Return a field that is true or false."""
        value = self.config.get(field, default)
        if not isinstance(value, bool):
            raise ImportRefusedError(f"layer {self.path}: {field} is {str(value)[:40]!r}, which must be true or false")
        return value

    def wrapped(self, field: str) -> "Layer":
        """Return the layer or cell that this one runs, which its config describes; it goes by the name of this one."""
        kind, config = _described(self.config.get(field), f"{field} of layer {self.path}")
        return replace(self, kind=kind, config=config)


@dataclass(frozen=True)
class Graph:
    """All layers of a model, by path, in the order of its config."""

    layers: Mapping[str, Layer]

    def readers(self, path: str) -> Sequence[Layer]:
        """Return the layers that read a layer's output."""
        return [layer for layer in self.layers.values() if path in layer.inputs]

    def before(self, layer: Layer) -> Layer | None:
        """Return the layer whose output this one reads; None if there is no single one.

        Layers that do nothing are looked through.
        """
        seen = {layer.path}
        while len(layer.inputs) == 1 and layer.inputs[0] in self.layers and layer.inputs[0] not in seen:
            layer = self.layers[layer.inputs[0]]
            seen.add(layer.path)
            if not is_silent(layer):
                return layer
        return None

    def after(self, layer: Layer) -> Layer | None:
        """Return the only layer that reads this one's output, looking through those that do nothing."""
        seen = {layer.path}
        while len(readers := self.readers(layer.path)) == 1 and readers[0].path not in seen:
            layer = readers[0]
            seen.add(layer.path)
            if not is_silent(layer):
                return layer if len(layer.inputs) == 1 else None
        return None


def is_silent(layer: Layer) -> bool:
    """Return whether a layer gives back what it reads."""
    return layer.kind in SILENT or (layer.kind == "Activation" and layer.config.get("activation") == "linear")


def graph_of(config: Mapping[str, Any]) -> Graph | None:
    """Return the layers of a model; None if its config does not list them, as that of a class of someone's own."""
    kind, fields = _described(config, "the model")
    if not isinstance(fields.get("layers"), list):
        return None
    layers: dict[str, Layer] = {}
    for layer in _layers(kind, fields, "", "", 0):
        if layer.path in layers:
            raise ImportRefusedError(f"the model has two layers {layer.path!r}")
        layers[layer.path] = layer
    return Graph(layers)


def _layers(kind: str, fields: Mapping[str, Any], scope: str, group: str, depth: int) -> Iterator[Layer]:
    if depth > MOST_DEPTH:
        raise ImportRefusedError(f"{scope} lies in more than {MOST_DEPTH} models")
    names: Counter[str] = Counter()
    previous: tuple[str, ...] = ()
    for n, description in enumerate(fields["layers"]):
        inner, config = _described(description, f"layer {n} of {scope or 'the model'}")
        name = config.get("name", description.get("name"))
        if not isinstance(name, str) or not name:
            raise ImportRefusedError(f"layer {n} of {scope or 'the model'} has no name")
        path = f"{scope}/{name}".lstrip("/")
        snake = snake_case(inner.rpartition(">")[2])
        number = f"_{names[snake]}" if names[snake] else ""
        names[snake] += 1
        place = f"{group}/layers/{snake}{number}".lstrip("/")
        reads: tuple[tuple[str, ...], tuple[str, ...], int]
        if kind == "Sequential":
            reads = (previous, (), 1)
        else:
            reads = _read(description.get("inbound_nodes"), scope)
            if inner in RECURRENT and reads[2] == 1:
                reads = (reads[0][:1], reads[0][1:] + reads[1], 1)
        previous = (path,)
        yield Layer(path, inner, config, place, *reads)
        if isinstance(config.get("layers"), list):
            yield from _layers(inner, config, path, place, depth + 1)


def _described(description: object, where: str) -> tuple[str, Mapping[str, Any]]:
    """Return class and fields of what Keras describes as ``{"class_name": …, "config": …}``."""
    if isinstance(description, dict):
        kind, config = description.get("class_name"), description.get("config")
        if isinstance(config, list):  # a Sequential of Keras before 2.2.3
            config = {"layers": config}
        if isinstance(kind, str) and isinstance(config, dict):
            return _package(description) + kind, config
    raise ImportRefusedError(f"{where} is described without class_name and config: the config is damaged")


def _package(description: Mapping[str, Any]) -> str:
    """Return what stands before the name of a class that is not Keras' own: "Custom>"; "" for Keras' own."""
    registered, module = description.get("registered_name"), description.get("module")
    if isinstance(registered, str) and ">" in registered:
        return registered.partition(">")[0] + ">"
    if isinstance(module, str) and module.partition(".")[0] not in PACKAGES:
        return module + ">"
    return ""


def _read(nodes: object, scope: str) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Return what the calls of a layer read, what its initial states are, and how many calls there are.

    Keras 2 lists for each call [layer, node, tensor, options]; Keras 3 describes arguments, in which a tensor has a
    ``keras_history`` of the same form.
    """
    calls = nodes if isinstance(nodes, list) else []
    inputs: list[str] = []
    initial: list[str] = []
    for call in calls:
        if isinstance(call, dict):
            read, options = call.get("args"), [call.get("kwargs")]
        else:
            read = call
            options = [place[3] for place in call if _has_options(place)] if isinstance(call, list) else []
        inputs += _histories(read)
        for option in options:
            if isinstance(option, dict):
                inputs += _histories([option[name] for name in ("inputs", "sequence", "sequences") if name in option])
                initial += _histories(option.get("initial_state"))
    paths = [tuple(f"{scope}/{name}".lstrip("/") for name in names) for names in (inputs, initial)]
    return paths[0], paths[1], len(calls)


def _has_options(place: object) -> bool:
    return isinstance(place, list) and len(place) > 3 and isinstance(place[3], dict)


def _histories(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the names of the layers whose tensors stand in an argument."""
    if depth > MOST_DEPTH:
        raise ImportRefusedError("the inbound nodes of a layer are nested too deeply: the config is damaged")
    if isinstance(value, dict):
        config = value.get("config") if value.get("class_name") == "__keras_tensor__" else None
        history = config.get("keras_history") if isinstance(config, dict) else None
        if isinstance(history, list) and history and isinstance(history[0], str):
            yield history[0]
    elif isinstance(value, list):
        if len(value) >= 3 and isinstance(value[0], str) and all(isinstance(n, int) for n in value[1:3]):
            yield value[0]
        else:
            for each in value:
                yield from _histories(each, depth + 1)


def snake_case(name: str) -> str:
    """Return the name of a class as Keras writes it in its files: "SimpleRNN" is "simple_rnn"."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
