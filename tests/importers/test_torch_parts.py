"""The embedding and the head around a recurrent module: taken only where one tensor can be meant."""

import pytest
import torch
from gatescope.importers.found import ImportRefusedError, UndecidedError
from gatescope.importers.torch_names import chosen_module, sizes_of
from gatescope.importers.torch_parts import Parts, parts_around
from torch import Tensor, nn
from torch_files import INPUTS, UNITS, tagger

State = dict[str, Tensor]


def parts(state: State, module: str = "", **answers: str) -> Parts:
    named = chosen_module(state, module)
    return parts_around(named, sizes_of(named, state), state, answers)


def around(*names: str, **shapes: tuple[int, ...]) -> State:
    """A state dict of an LSTM, and of matrices next to it, whose names have __ for each dot."""
    lstm = {f"rnn.{name}": weight for name, weight in nn.LSTM(INPUTS, UNITS).state_dict().items()}
    return {**lstm, **{name.replace("__", "."): torch.ones(shape) for name, shape in shapes.items()}}


@pytest.mark.parametrize(
    "name", ["embedding", "emb", "word_embeddings", "encoder", "model__embed_tokens", "wte", "lookup_table"]
)
def test_an_embedding_is_known_by_its_name_and_columns(name: str) -> None:
    assert parts(around(**{f"{name}__weight": (9, INPUTS)})).embedding == f"{name}.weight".replace("__", ".")


def test_what_only_looks_like_an_embedding_is_not_taken() -> None:
    assert parts(around(projection__weight=(9, INPUTS))).embedding == ""
    assert parts(around(embedding__weight=(9, INPUTS), embedding__bias=(9,))).embedding == "", "a linear layer"
    found = parts(around(embedding__weight=(9, INPUTS - 1)))
    assert (found.embedding, found.remarks) == (
        "",
        [
            "the embedding is not imported: embedding.weight has 4 columns, but the network reads 5 numbers, and what "
            "comes between is in the code and not in the file"
        ],
    )


def test_of_two_embeddings_neither_is_taken_until_one_is_named() -> None:
    state = around(word_emb__weight=(9, INPUTS), tag_emb__weight=(4, INPUTS))
    found = parts(state)
    assert found.embedding == ""
    assert found.remarks == [
        "the embedding is not imported: it could be word_emb.weight or tag_emb.weight; say which by "
        "the answer embedding=NAME"
    ]
    answered = parts(state, embedding="tag_emb.weight")
    assert (answered.embedding, answered.remarks) == ("tag_emb.weight", [])
    assert parts(state, embedding="none").embedding == ""
    message = (
        "^the answer embedding=emb names no matrix of the file with 5 columns: choose from word_emb.weight, tag_emb"
    )
    with pytest.raises(ImportRefusedError, match=message):
        parts(state, embedding="emb")


def test_of_two_linear_layers_neither_is_the_head_until_one_is_named() -> None:
    state = around(fc__weight=(2, UNITS), attention__weight=(7, UNITS))
    assert parts(state).readout is None
    assert parts(state).remarks == [
        "the head is not imported: it could be fc.weight or attention.weight; say which by the answer head=NAME"
    ]
    found = parts(state, head="fc.weight", function="sigmoid")
    assert (found.weight, found.bias) == ("fc.weight", "")
    assert found.remarks == [
        "the outputs are what fc.weight makes of h of the last layer at each step: if your code gives it anything "
        "else, such as a mean over the steps, or attention, import the file with the answer function=none"
    ]
    assert found.readout is not None
    assert found.readout.function == "sigmoid"


def test_a_head_without_a_known_function_is_not_complete() -> None:
    found = parts(around(fc__weight=(3, UNITS), fc__bias=(3,), out__weight=(2, 3)))
    assert found.readout is not None
    assert (found.readout.function, found.bias) == ("", "fc.bias")
    assert found.remarks == [
        "the head is not complete: what is made of the 3 numbers that fc.weight gives (by a function such as ReLU, or "
        "a norm) is in the code and not in the file; out.weight may read what it gives, so the model has no outputs; "
        "if it is a probability for each output, say so by the answer function=sigmoid or function=softmax"
    ]
    assert "head" not in [each.question for each in found.conventions], "it is not taken for one"
    assert "of the number that fc.weight gives" in parts(around(fc__weight=(1, UNITS))).remarks[0]
    assert "say so" not in parts(around(fc__weight=(3, UNITS)), function="none").remarks[0]
    with pytest.raises(ImportRefusedError, match=r"^the answer function=relu is none of sigmoid, softmax, none$"):
        parts(around(fc__weight=(3, UNITS)), function="relu")


def test_of_a_head_that_reads_both_directions_it_is_asked_at_which_steps() -> None:
    """Most classifiers read the last h of each direction, which are of different steps."""
    state = {f"rnn.{name}": each for name, each in nn.GRU(INPUTS, UNITS, bidirectional=True).state_dict().items()}
    state["fc.weight"] = torch.ones(1, 2 * UNITS)
    asked = (
        ({}, "fc.weight reads h of both"),
        ({"reads": "mean"}, "the answer reads=mean is not one of the choices: fc"),
    )
    for given, start in asked:
        with pytest.raises(UndecidedError, match=f"^{start}.*: say which by --answer reads=each-step or ") as undecided:
            parts(state, function="sigmoid", **given)
        assert (undecided.value.question, undecided.value.choices) == ("reads", ("each-step", "last-states"))
    each = parts(state, function="sigmoid", reads="each-step")
    assert each.readout is not None
    assert [(told.question, told.answer) for told in each.conventions] == [
        ("function", "sigmoid"),
        ("reads", "each-step"),
        ("head", "fc.weight"),
    ]
    last = parts(state, function="sigmoid", reads="last-states")
    assert last.readout is None
    assert last.remarks == [
        "the head is not imported: fc.weight reads the last h of each direction, and those are of different steps, "
        "while Gatescope's outputs are made of h of one step"
    ]
    assert parts(state).readout is not None, "without a function there is nothing to ask"


def test_a_head_with_an_output_for_each_row_of_the_embedding_predicts_tokens() -> None:
    found = parts(dict(tagger(vocabulary=9, outputs=9).state_dict()))
    assert found.readout is not None
    assert found.readout.function == "softmax"
    assert found.remarks == []
    assert [each.answer for each in found.conventions] == ["embedding.weight", "softmax", "fc.weight"]


def test_parts_of_another_network_in_the_file_are_left_to_it() -> None:
    state = {
        **{f"encoder.{name}": weight for name, weight in tagger().state_dict().items() if not name.startswith("fc")},
        **{f"decoder.{name}": weight for name, weight in tagger(vocabulary=7, outputs=7).state_dict().items()},
    }
    encoder, decoder = parts(state, "encoder.rnn"), parts(state, "decoder.rnn")
    assert (encoder.embedding, encoder.weight) == ("encoder.embedding.weight", "")
    assert (decoder.embedding, decoder.weight) == ("decoder.embedding.weight", "decoder.fc.weight")


def test_a_head_that_could_belong_to_either_of_two_networks_is_not_taken() -> None:
    lower, upper = nn.LSTM(INPUTS, UNITS).state_dict(), nn.LSTM(UNITS, UNITS).state_dict()
    state = {
        **{f"lstm1.{name}": weight for name, weight in lower.items()},
        **{f"lstm2.{name}": weight for name, weight in upper.items()},
        "fc.weight": torch.ones(2, UNITS),
    }
    found = parts(state, "lstm1")
    assert found.weight == ""
    assert found.remarks == [
        "the head is not imported: fc.weight could belong to lstm1 or lstm2; say which by the answer head=NAME"
    ]
    assert parts(state, "lstm2", head="fc.weight").weight == "fc.weight"


def test_a_part_that_cannot_be_computed_with_is_refused_by_name() -> None:
    state = around(fc__weight=(2, UNITS))
    state["fc.weight"][1, 3] = torch.inf
    with pytest.raises(ImportRefusedError, match=r"^fc\.weight\[1, 3\] is inf"):
        parts(state)
