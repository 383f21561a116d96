"""Keras itself as the engine: layers that it writes now, in every form, against what is found in its files."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.importers.found import Found
from gatescope.importers.keras_file import references

from .files import ANSWERS, computed, opened

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras on NumPy 2

KINDS: dict[str, dict[str, Any]] = {
    "LSTM": {},
    "GRU": {"reset_after": True},
    "reset-before GRU": {"reset_after": False},
    "SimpleRNN": {},
    "relu SimpleRNN": {"activation": "relu"},
}
SUFFIXES = (".keras", ".h5", ".weights.h5")


def engine_of(found: Found) -> Any:
    return next(each for each in found.references if each.kind == "engine")


@pytest.mark.slow("imports Keras, which takes seconds", seconds=30)
@pytest.mark.parametrize(("bias", "both", "depth"), list(product([True, False], [False, True], [1, 2])))
@pytest.mark.parametrize("kind", KINDS)
def test_what_keras_writes_is_computed_as_keras_computes_it(
    kind: str, *, bias: bool, both: bool, depth: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))  # where it writes its settings
    import keras

    layers = [keras.Input((None, 3))]
    for n in range(depth):
        layer = getattr(keras.layers, kind.split()[-1])(
            4, use_bias=bias, return_sequences=True, name=f"layer{n}", **KINDS[kind]
        )
        layers.append(keras.layers.Bidirectional(layer, name=f"both{n}") if both else layer)
    layers.append(keras.layers.TimeDistributed(keras.layers.Dense(2)))
    model = keras.Sequential(layers)
    random = np.random.default_rng(4)
    model.set_weights([random.normal(0, 0.7, weight.shape).astype("f4") for weight in model.get_weights()])
    inside = keras.Sequential(model.layers[:depth])
    x = random.normal(size=(11, 3)).astype("f4")
    h = keras.ops.convert_to_numpy(inside(x[None]))[0]
    for suffix in SUFFIXES:
        path = tmp_path / f"model{suffix}"
        (model.save_weights if "weights" in suffix else model.save)(path)
        given = {"activation": KINDS[kind].get("activation", "tanh"), "reset_after": str("before" not in kind).lower()}
        found = opened(path, **ANSWERS, **given)
        assert len(found.layers) == depth
        for ours in (computed(found, x), engine_of(found).run(x)):
            assert np.abs(ours - h).max() < 1e-6 * max(1, np.abs(h).max())  # relu is not bounded
        assert (found.readout is None) == (both and "weights" in suffix)  # which do not tell what the head reads


@pytest.mark.slow("imports Keras, which takes seconds", seconds=5)
@pytest.mark.parametrize("module", ["cudnn", "both"])
def test_keras_computes_from_cudnn_s_layout(module: str) -> None:
    """Keras 3 does not read it; the engine gets what Keras 2 makes of it."""
    found = opened("keras2_cudnn.h5", module)
    x = np.random.default_rng(1).normal(size=(6, found.input_size)).astype("f4")
    assert np.abs(engine_of(found).run(x) - computed(found, x)).max() < 3e-7


def missing(name: str) -> str:
    raise PackageNotFoundError(name)


@pytest.mark.parametrize("version", [missing, lambda name: "2.15.0"])
def test_without_keras_3_the_equations_are_left(version: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "version", version)
    assert [each.kind for each in opened("keras3_lstm.keras").references] == ["equations"]


def test_the_engine_gets_the_arrays_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a stand-in for Keras that keeps what its layers are built with."""
    built: list[Any] = []

    class Layer:
        def __init__(self, *args: Any, **options: Any) -> None:
            self.args, self.options = args, options
            built.append(self)

        def build(self, shape: tuple[int, ...]) -> None:
            self.shape = shape

        def set_weights(self, weights: list[Any]) -> None:
            self.weights = weights

        def __call__(self, x: Any) -> Any:
            return x[:, :, :1].repeat(6, axis=2)

    class Keras:
        class layers:  # noqa: N801 - as Keras calls it
            GRU = LSTM = Bidirectional = Layer

        class ops:  # noqa: N801
            convert_to_numpy = staticmethod(np.asarray)

    monkeypatch.setattr(references, "import_module", lambda name: Keras)
    found = opened("keras2_cudnn.h5", "both")
    x = np.ones((5, 4), "f4")
    assert engine_of(found).run(x).shape == (5, 6)
    gru, both = built
    assert gru.options == {
        "activation": "tanh",
        "return_sequences": True,
        "use_bias": True,
        "dtype": "float32",
        "kernel_initializer": "zeros",
        "recurrent_initializer": "zeros",
        "recurrent_activation": "sigmoid",
        "reset_after": True,
    }
    assert both.options == {"merge_mode": "concat", "dtype": "float32"}
    assert both.shape == (1, 5, 4)
    assert [weight.shape for weight in both.weights] == [(4, 9), (3, 9), (2, 9)] * 2
