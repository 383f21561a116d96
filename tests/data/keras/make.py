"""Write the files of this folder by Keras itself, and what it computes with them.

    python make.py keras2     with tensorflow-cpu 2.15.1, whose Keras is 2.15.0
    python make.py keras3     with keras 3.15.1 and torch
    python make.py keras212   with tensorflow-cpu 2.12.1, whose Keras is 2.12.0
    python make.py text       with keras 3.15.1 and tensorflow-cpu 2.21.0, which TextVectorization needs

``FOLDER.npz`` holds, for a file and the name of a layer, what that layer reads, x (T, E), and gives at every step,
h (T, H·directions); and for a file, token ids or numbers that the whole model reads, and what it gives.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["CUDA_VISIBLE_DEVICES"] = "3", "-1"
WHICH = sys.argv[1]
if WHICH == "keras3":
    os.environ["KERAS_BACKEND"] = "torch"
tf: Any = import_module("tensorflow") if WHICH != "keras3" else None
keras: Any = tf.keras if WHICH.startswith("keras2") else import_module("keras")
L = keras.layers
FOLDER = Path(__file__).parent
RANDOM = np.random.default_rng(19)
STEPS = 7
EXPECTED: dict[str, Any] = {}


def save(name: str, model: Any, *layers: Any, only_weights: bool = False, reads: Any = None) -> None:
    """Save a model with random weights, what its ``layers`` compute, and what it gives for ``reads``."""
    model.set_weights([RANDOM.normal(0, 0.6, weight.shape).astype(weight.dtype) for weight in model.get_weights()])
    (model.save_weights if only_weights else model.save)(str(FOLDER / name))
    for layer in layers:
        record(name, layer.name, layer)
    if reads is not None:
        EXPECTED[f"{name}||reads"] = reads
        given = model(reads[None] if isinstance(reads, np.ndarray) else keras.ops.convert_to_tensor([reads]))
        EXPECTED[f"{name}||gives"] = to_numpy(given)[0]


def record(name: str, path: str, layer: Any, weights: Any = None) -> None:
    """Remember what a copy of ``layer`` gives at every step."""
    config = layer.get_config()
    inner = config["layer"]["config"] if "layer" in config else config
    inner.update(return_sequences=True, return_state=False)
    if "backward_layer" in config:
        config["backward_layer"]["config"].update(return_sequences=True, return_state=False)
    copy = type(layer).from_config(config)
    weights = layer.get_weights() if weights is None else weights
    x = RANDOM.normal(size=(STEPS, weights[0].shape[0])).astype("float32")
    copy.build((1, STEPS, x.shape[1]))
    copy.set_weights(weights)
    EXPECTED[f"{name}|{path}|x"], EXPECTED[f"{name}|{path}|h"] = x, to_numpy(copy(x[None]))[0]


def to_numpy(tensor: Any) -> Any:
    return tensor.numpy() if WHICH.startswith("keras2") else keras.ops.convert_to_numpy(tensor)


def ids(vocabulary: int) -> Any:
    return RANDOM.integers(1, vocabulary, STEPS).astype("int32")


def sequential(*layers: Any, size: int | None = None) -> Any:
    first = L.Input((None,), dtype="int32") if size is None else L.Input((None, size))
    return keras.Sequential([first, *layers])


def common(prefix: str, whole: str) -> None:
    """Write what both versions can, with ``whole`` as the end of the names of half of the files."""
    a, b = L.LSTM(4, return_sequences=True), L.LSTM(4, name="second", dropout=0.2)
    model = sequential(
        L.Embedding(9, 3, mask_zero=True), L.SpatialDropout1D(0.2), a, L.Dropout(0.1), b, L.Dense(1, "sigmoid")
    )
    save(f"{prefix}_lstm.keras", model, a, reads=ids(9))
    model.save(str(FOLDER / f"{prefix}_lstm.h5"))
    model.save_weights(str(FOLDER / f"{prefix}_lstm.weights.h5"))
    for each in ("h5", "weights.h5"):
        EXPECTED.update(
            {key.replace(".keras|", f".{each}|"): EXPECTED[key] for key in list(EXPECTED) if "_lstm.keras|" in key}
        )
    gru = L.GRU(4, reset_after=False, return_sequences=True)
    save(f"{prefix}_reset_before.{whole}", sequential(gru, L.TimeDistributed(L.Dense(3)), L.Softmax(), size=2), gru)
    gru = L.Bidirectional(L.GRU(3, return_sequences=True, name="words"), name="both")
    save(f"{prefix}_bidirectional.keras", sequential(L.Embedding(8, 4), gru, L.Dense(2, "softmax")), gru, reads=ids(8))
    relu = L.SimpleRNN(4, activation="relu", use_bias=False, return_sequences=True)
    save(f"{prefix}_relu.{whole}", sequential(relu, L.Dense(3, "relu"), L.Dense(1), size=2), relu)
    stepped = L.RNN(L.GRUCell(3), name="stepped")
    save(f"{prefix}_cell.{whole}", sequential(stepped, size=2), stepped)
    save(f"{prefix}_hard_sigmoid.h5", sequential(L.LSTM(2, recurrent_activation="hard_sigmoid"), size=2))
    numbers, other = L.Input((None, 3)), L.Input((None, 2))
    encoder, decoder = L.LSTM(3, return_state=True, name="encoder"), L.LSTM(3, return_sequences=True, name="decoder")
    _, h, c = encoder(numbers)
    rnn = L.SimpleRNN(3, return_sequences=True, name="rnn")
    inner = keras.Sequential([L.Input((None, 3)), L.Dense(3, name="in"), rnn], name="inner")
    model = keras.Model([numbers, other], inner(decoder(other, initial_state=[h, c])))
    save(f"{prefix}_nested.{whole}", model, encoder, decoder)
    record(f"{prefix}_nested.{whole}", "inner/rnn", rnn)


def keras2() -> None:
    old = tf.compat.v1.keras.layers
    common("keras2", "h5")
    model = sequential(
        old.CuDNNLSTM(4, return_sequences=True, name="cudnn"),
        L.Bidirectional(old.CuDNNGRU(3, return_sequences=True), name="both"),
        size=3,
    )
    save("keras2_cudnn.h5", model)
    plain = sequential(
        L.LSTM(4, return_sequences=True, name="cudnn"),
        L.Bidirectional(L.GRU(3, return_sequences=True), name="both"),
        size=3,
    )
    plain.load_weights(str(FOLDER / "keras2_cudnn.h5"))  # converts them
    for layer in plain.layers:
        record("keras2_cudnn.h5", layer.name, layer)
    model.save(str(FOLDER / "keras2_cudnn.keras"))
    model.save_weights(str(FOLDER / "keras2_cudnn_only_weights.h5"))
    for each in ("cudnn.keras", "cudnn_only_weights.h5"):
        EXPECTED.update(
            {key.replace("cudnn.h5|", f"{each}|"): EXPECTED[key] for key in list(EXPECTED) if "_cudnn.h5|" in key}
        )
    plain.save_weights(str(FOLDER / "keras2_only_weights.h5"))
    for layer in plain.layers:
        record("keras2_only_weights.h5", layer.name, layer)
    words("keras2")


def keras3() -> None:
    common("keras3", "keras")

    class Tagger(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.reader, self.out = L.GRU(3, return_sequences=True), L.Dense(2)

        def call(self, x: Any) -> Any:
            return self.out(self.reader(x))

    model = Tagger()
    model(np.zeros((1, 2, 2), "float32"))
    save("keras3_subclass.keras", model)
    record("keras3_subclass.keras", model.reader.name, model.reader)
    for dtype in ("float64", "bfloat16"):
        lstm = L.LSTM(3, dtype=dtype, name="precise", recurrent_initializer="zeros")  # torch has no QR in bfloat16
        save(f"keras3_{dtype}.keras", sequential(lstm, size=2))
        weights = [to_numpy(keras.ops.cast(each.value, "float64")) for each in lstm.weights]
        record(f"keras3_{dtype}.keras", "precise", L.LSTM(3, dtype="float64"), weights)


def words(prefix: str) -> None:
    """Write a model that reads texts."""
    texts = ["the movie was not good", "the acting was good"]
    split = L.TextVectorization(max_tokens=20)
    split.adapt(texts)
    lstm = L.LSTM(3, name="words")
    model = keras.Sequential([L.Input((1,), dtype="string"), split, L.Embedding(20, 3), lstm, L.Dense(1, "sigmoid")])
    for layer in model.layers[1:]:
        layer.set_weights([RANDOM.normal(0, 0.6, weight.shape) for weight in layer.get_weights()])
    name = f"{prefix}_text.keras"
    model.save(str(FOLDER / name))
    record(name, "words", lstm)
    EXPECTED[f"{name}||vocabulary"] = np.array(split.get_vocabulary())
    EXPECTED[f"{name}||reads"] = np.array(split([texts[0]]))[0]
    EXPECTED[f"{name}||gives"] = to_numpy(model(tf.constant([[texts[0]]])))[0]


def keras212() -> None:
    """Write the archive of the first version that had it, which numbers layers otherwise."""
    a, b = L.LSTM(3, return_sequences=True), L.LSTM(3, return_sequences=True)
    model = sequential(L.Embedding(6, 2), a, b, L.Dense(2))
    archive = model.save
    model.save = lambda path: archive(path, save_format="keras_v3")
    save("keras212_lstm.keras", model, a, b, reads=ids(6))
    model.save_weights(str(FOLDER / "keras212_lstm.weights.h5"))


def text() -> None:
    words("keras3")


MAKE: dict[str, Callable[[], None]] = {"keras2": keras2, "keras212": keras212, "keras3": keras3, "text": text}
MAKE[WHICH]()
np.savez_compressed(FOLDER / f"{WHICH}.npz", **EXPECTED)
