"""Configurations and HDF5 attributes of Keras with other values in them: each file is refused by a sentence, or read.

The bytes stay those of a whole file, so that libhdf5, which reads them, is not what is tried: see ``test_mutated``.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest
from gatescope.importers import Request
from gatescope.importers.building import build
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.keras_file import IMPORTER
from gatescope.store.files import printable
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some
from quick import Length

from importers.keras_file.files import ANSWERS, FOLDER, changed

WORDS = re.findall(
    r"\S+",
    "LSTM GRU SimpleRNN RNN LSTMCell GRUCell StackedRNNCells Bidirectional TimeDistributed Dense Embedding Dropout "
    "Masking InputLayer Sequential Functional Lambda Concatenate TextVectorization Activation CuDNNLSTM tanh sigmoid "
    "hard_sigmoid relu linear softmax float16 mixed_float16 bfloat16 concat sum ave lstm gru dense layers Custom>LSTM "
    "__keras_tensor__ keras.layers my.package name class_name config units activation keras_history 2.1.0 3.0.0",
)
FIELDS = re.findall(
    r"\S+",
    "name units activation recurrent_activation use_bias return_sequences go_backwards stateful time_major reset_after "
    "merge_mode layer backward_layer cell layers dtype dropout mask_zero mask_value mask_token oov_token vocabulary "
    "num_oov_indices output_mode invert inbound_nodes batch_input_shape class_name module registered_name config",
)
NUMBERS = some.one_of(some.integers(-3, 3), some.sampled_from([10**12, -(10**12), 2**63, 10**400, 1e308, -0.0, 0.5]))
PLAIN = some.one_of(some.none(), some.booleans(), NUMBERS, some.sampled_from(WORDS), some.text(max_size=8))
VALUES = some.recursive(
    PLAIN,
    lambda inner: some.one_of(
        some.lists(inner, max_size=4),
        some.fixed_dictionaries({"class_name": some.sampled_from(WORDS), "config": inner}),
        some.dictionaries(some.one_of(some.sampled_from(WORDS), some.text(max_size=4)), inner, max_size=4),
    ),
    max_leaves=6,
)
ATTRIBUTES = some.one_of(
    some.none(),
    NUMBERS.filter(lambda value: abs(value) < 2**63),
    some.text(some.characters(exclude_characters="\0", codec="utf-8"), max_size=8),
    some.binary(max_size=8).map(np.bytes_),
    some.lists(some.sampled_from([b"lstm", b"kernel:0", b"\xff", b"", b"../x"]), max_size=3).map(np.array),
    some.sampled_from([np.zeros(3), np.zeros((2, 2), "S4"), np.float16(1), np.zeros(0)]),
)


class Change(NamedTuple):
    """One change of a configuration: at a place, counted from the first, round and round."""

    kind: str
    place: int
    other: int
    value: Any


CHANGES = some.lists(
    some.builds(
        Change,
        some.sampled_from(["field", "field", "class", "set", "drop", "twice", "copy"]),
        some.integers(0, 9_999),
        some.integers(0, 9_999),
        VALUES,
    ),
    min_size=1,
    max_size=5,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON, as what holds it and its key there."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def change(config: Any, changes: Sequence[Change]) -> None:
    for each in changes:
        found = list(places(config))
        if not found:
            return
        (held, key), (other, its) = found[each.place % len(found)], found[each.other % len(found)]
        described = [at[name] for at, name in found if isinstance(at[name], dict) and "config" in at[name]]
        if each.kind in {"field", "class"} and described:
            target = described[each.place % len(described)]
            if each.kind == "class":
                target["class_name"] = WORDS[each.other % len(WORDS)]
            else:
                fields = target["config"] if isinstance(target["config"], dict) else target
                fields[FIELDS[each.other % len(FIELDS)]] = each.value
        elif each.kind == "set":
            held[key] = each.value
        elif each.kind == "drop":
            del held[key]
        elif each.kind == "twice" and isinstance(held, list):
            held.append(held[key])
        else:
            held[key] = json.loads(json.dumps(other[its]))


def change_attributes(file: Any, changes: Sequence[tuple[int, str, Any]]) -> None:
    """Set, or delete, attributes of HDF5; and put other numbers in the place of weights."""
    groups: list[Any] = [file]
    file.visititems(lambda _, each: groups.append(each))
    for place, name, value in changes:
        group = groups[place % len(groups)]
        if name == "the numbers" and isinstance(group, h5py.Dataset):
            path, parent = group.name, group.parent
            del file[path]
            parent.create_dataset(path.rpartition("/")[2], data=np.zeros(3) if value is None else value)
            groups[place % len(groups)] = file
        elif name in group.attrs and value is None:
            del group.attrs[name]
        elif value is not None:
            group.attrs[name] = value


def read(path: Path) -> str:
    """The sentence with which a file is refused; empty if it is read."""
    try:
        build(IMPORTER.open(Request(path, "", ANSWERS)))
    except ImportRefusedError as error:
        return str(error)
    return ""


def sound(reason: str) -> bool:
    return printable(reason) == reason and len(reason) <= 1_000


def tried(length: Length, whole: int) -> Any:
    """Run a test of hypothesis so many times, by the seed of the attack."""

    def run(test: Any) -> None:
        options = settings(
            max_examples=length.of(whole), database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        seed(length.seed)(options(test))()

    return run


KERAS = sorted(path.name for path in FOLDER.iterdir() if path.suffix == ".keras")
HDF5 = sorted(path.name for path in FOLDER.iterdir() if path.suffix == ".h5" and "weights" not in path.name)


@pytest.mark.filterwarnings("ignore")  # of NumPy, about numbers out of range
@pytest.mark.attack("reads 100 files", seconds=6)
def test_a_configuration_with_other_values_is_refused_or_read(tmp_path: Path, length: Length) -> None:
    outcomes: list[str] = []

    @tried(length, 2_000)
    @given(some.sampled_from([*KERAS, *HDF5]), CHANGES)
    def run(name: str, changes: Sequence[Change]) -> None:
        outcomes.append(read(changed(name, tmp_path, lambda model: change(model, changes))))

    assert [each for each in outcomes if not sound(each)] == []
    assert len(set(outcomes)) > 10
    assert "" in outcomes


@pytest.mark.filterwarnings("ignore")
@pytest.mark.attack("reads 50 files", seconds=3)
def test_attributes_and_weights_of_other_kinds_are_refused_or_read(tmp_path: Path, length: Length) -> None:
    outcomes: list[str] = []
    names = ["layer_names", "weight_names", "model_config", "keras_version", "backend", "the numbers", "other"]

    @tried(length, 1_000)
    @given(
        some.sampled_from([*KERAS, *HDF5]),
        some.lists(some.tuples(some.integers(0, 999), some.sampled_from(names), ATTRIBUTES), min_size=1, max_size=4),
    )
    def run(name: str, changes: Sequence[tuple[int, str, Any]]) -> None:
        outcomes.append(read(changed(name, tmp_path, weights=lambda file: change_attributes(file, changes))))

    assert [each for each in outcomes if not sound(each)] == []
    assert len(set(outcomes)) > 3
