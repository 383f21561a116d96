"""The layers of a config: which reads which, in the forms of Keras 2 and 3."""

from typing import Any

import pytest
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.keras_file.model import Graph, graph_of, snake_case


def layer(name: str, kind: str = "LSTM", nodes: Any = None, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}, "inbound_nodes": nodes or []}


def functional(*layers: dict[str, Any]) -> Graph:
    graph = graph_of({"class_name": "Functional", "config": {"name": "model", "layers": list(layers)}})
    assert graph is not None
    return graph


def tensor(name: str, index: int = 0) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": [], "keras_history": [name, 0, index]}}


def test_names_are_written_as_keras_writes_them() -> None:
    names = {
        "LSTM": "lstm",
        "SimpleRNN": "simple_rnn",
        "CuDNNLSTM": "cu_dnnlstm",
        "SpatialDropout1D": "spatial_dropout1d",
        "TextVectorization": "text_vectorization",
    }
    assert {kind: snake_case(kind) for kind in names} == names


STATES = {
    "Keras 2": [[["words", 0, 0, {}], ["encoder", 0, 1, {}], ["encoder", 0, 2, {}]]],
    "Keras 2, by keyword": [[["words", 0, 0, {"initial_state": [["encoder", 0, 1], ["encoder", 0, 2]]}]]],
    "Keras 3": [{"args": [tensor("words")], "kwargs": {"initial_state": [tensor("encoder", 1), tensor("encoder", 2)]}}],
    "Keras 3, by place": [{"args": [tensor("words"), [tensor("encoder", 1), tensor("encoder", 2)]], "kwargs": {}}],
    "Keras 3, all by keyword": [
        {"args": [], "kwargs": {"sequences": tensor("words"), "initial_state": [tensor("encoder", 1)] * 2}}
    ],
}


@pytest.mark.parametrize("nodes", STATES.values(), ids=STATES)
def test_initial_states_are_told_from_what_is_read(nodes: list[Any]) -> None:
    graph = functional(layer("words", "InputLayer"), layer("encoder"), layer("decoder", nodes=nodes))
    decoder = graph.layers["decoder"]
    assert (decoder.inputs, decoder.initial) == (("words",), ("encoder", "encoder"))
    assert graph.readers("encoder") == []


def test_layers_that_do_nothing_are_looked_through() -> None:
    def after(name: str) -> list[Any]:
        return [[[name, 0, 0, {}]]]

    graph = functional(
        layer("a"),
        layer("b", "Dropout", after("a")),
        layer("c", "Activation", after("b"), activation="linear"),
        layer("d", nodes=after("c")),
        layer("e", "Activation", after("d"), activation="tanh"),
        layer("f", nodes=after("e")),
    )
    assert [graph.before(graph.layers[name]) for name in "ad"] == [None, graph.layers["a"]]
    assert graph.before(graph.layers["f"]) is graph.layers["e"]
    assert graph.after(graph.layers["a"]) is graph.layers["d"]
    assert graph.after(graph.layers["f"]) is None


def test_a_layer_that_several_read_or_that_reads_itself_has_no_next_one() -> None:
    graph = functional(layer("a"), layer("b", "Add", [[["a", 0, 0, {}]]]), layer("c", "Add", [[["a", 0, 0, {}]]]))
    assert graph.after(graph.layers["a"]) is None
    graph = functional(layer("a", "Dropout", [[["b", 0, 0, {}]]]), layer("b", "Dropout", [[["a", 0, 0, {}]]]))
    assert graph.before(graph.layers["a"]) is None
    assert graph.after(graph.layers["a"]) is None


def test_a_layer_that_is_used_twice_is_counted() -> None:
    twice = [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]
    assert functional(layer("a"), layer("b"), layer("c", nodes=twice)).layers["c"].calls == 2


def test_archives_count_the_classes_of_each_model() -> None:
    inner = layer("inner", "Sequential", layers=[layer("x"), layer("y"), layer("z", "GRU")])
    groups = {path: each.group for path, each in functional(layer("a"), inner, layer("b")).layers.items()}
    assert groups == {
        "a": "layers/lstm",
        "inner": "layers/sequential",
        "inner/x": "layers/sequential/layers/lstm",
        "inner/y": "layers/sequential/layers/lstm_1",
        "inner/z": "layers/sequential/layers/gru",
        "b": "layers/lstm_1",
    }


def test_a_sequential_of_old_versions_is_a_list() -> None:
    graph = graph_of({"class_name": "Sequential", "config": [layer("a"), layer("b")]})
    assert graph is not None
    assert graph.layers["b"].inputs == ("a",)


def test_a_class_of_someone_s_own_may_list_no_layers() -> None:
    assert graph_of({"class_name": "Tagger", "config": {"units": 3}}) is None


def nested(depth: int) -> dict[str, Any]:
    return layer("m", "Sequential", layers=[nested(depth - 1)] if depth else [layer("x")])


def deep(depth: int) -> Any:
    return [deep(depth - 1)] if depth else ["a", 0, 0]


TEXT = {"class_name": "__keras_tensor__", "config": "keras_history"}
DAMAGED: dict[str, tuple[Any, str]] = {
    "no class": ([{"config": {}}], "layer 0 of the model is described without class_name and config"),
    "no name": ([layer("a") | {"config": {}}], "layer 0 of the model has no name"),
    "one name": ([layer("a"), layer("a")], "the model has two layers 'a'"),
    "deep": ([nested(40)], " lies in more than 32 models"),
    "a tensor that is none": (
        [{"class_name": "Dense", "config": {"name": "a"}, "inbound_nodes": [{"args": [TEXT]}]}] * 2,
        "the model has two layers 'a'",
    ),
    "deep nodes": ([layer("a", nodes=deep(50))], "the inbound nodes of a layer are nested too deeply"),
}


@pytest.mark.parametrize(("layers", "sentence"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_config_is_refused(layers: list[Any], sentence: str) -> None:
    with pytest.raises(ImportRefusedError) as caught:
        functional(*layers)
    assert sentence in str(caught.value)
