"""Which cell a state dict is of, from its names and shapes; and what is refused, by name."""

from typing import Any

import pytest
import torch
from gatescope.importers.found import ImportRefusedError, UndecidedError
from gatescope.importers.torch_names import NamedModule, cell_of_module, chosen_module, modules_in, sizes_of
from torch import Tensor, nn
from torch_files import CASES, INPUTS, UNITS, module_of

State = dict[str, Tensor]


@pytest.mark.parametrize("case", CASES)
def test_sizes_and_cell_follow_from_the_shapes(case: str) -> None:
    module, answers = module_of(case)
    kind, options = CASES[case]
    state = module.state_dict()
    named = chosen_module(state, "")
    sizes = sizes_of(named, state)
    cell, _ = cell_of_module(named, sizes, answers, {})
    both = ("forward", "backward") if options.get("bidirectional") else ("forward",)
    assert (sizes.inputs, sizes.hidden, sizes.projection) == (INPUTS, UNITS, options.get("proj_size", 0))
    assert (sizes.layers, sizes.directions) == (options.get("num_layers", 1), both)
    assert sizes.bias is options.get("bias", True)
    assert kind in {cell.module, cell.step_module}
    assert (cell.options or {}).get("nonlinearity") == options.get("nonlinearity")


def told(module: nn.Module, answers: dict[str, str], said: dict[str, str]) -> dict[str, tuple[str, str]]:
    state = module.state_dict()
    named = chosen_module(state, "")
    _, conventions = cell_of_module(named, sizes_of(named, state), answers, said)
    return {each.question: (each.answer, each.reason) for each in conventions}


def test_each_convention_is_told_with_its_reason() -> None:
    names = "weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0"
    assert told(nn.LSTM(2, 3), {}, {}) == {
        "cell": ("LSTM", "weight_hh_l0 has 12 rows for 3 units"),
        "order of the gates": ("i f g o", f"the names {names} are those of torch.nn.LSTM, which has this order"),
    }
    assert told(nn.GRUCell(2, 3, bias=False), {}, {}) == {
        "cell": ("GRU", "weight_hh has 9 rows for 3 units"),
        "order of the gates": (
            "r z n",
            "the names weight_ih, weight_hh are those of torch.nn.GRUCell, which has this order",
        ),
        "reset_after": ("True", "torch.nn.GRUCell computes in this way"),
    }


def test_a_plain_network_is_asked_for_its_nonlinearity() -> None:
    answered = ("tanh", "so it was answered; the file does not say")
    assert told(nn.RNN(2, 3), {"nonlinearity": "tanh"}, {"nonlinearity": "relu"})["nonlinearity"] == answered
    assert told(nn.RNN(2, 3), {}, {"nonlinearity": "relu"})["nonlinearity"] == ("relu", "so config.json says")
    unsaid = "the weights of an RNN do not say which nonlinearity it computes with"
    for answers, said, why in (
        ({}, {}, unsaid),
        ({}, {"nonlinearity": "gelu"}, f"{unsaid}, and that of config.json, gelu, is not one of ours"),
        ({"nonlinearity": "sine"}, {}, f"the answer nonlinearity=sine is not one of the choices: {unsaid}"),
    ):
        with pytest.raises(UndecidedError) as caught:
            told(nn.RNN(2, 3), answers, said)
        assert (caught.value.question, caught.value.choices) == ("nonlinearity", ("tanh", "relu"))
        assert caught.value.why == why
        assert str(caught.value) == (f"{why}: say which by --answer nonlinearity=tanh or --answer nonlinearity=relu")


SEVERAL: State = {
    f"{name}.{weight}": tensor
    for name in ("encoder.rnn", "decoder.rnn", "decoder.cell")
    for weight, tensor in (nn.LSTMCell if name.endswith("cell") else nn.LSTM)(2, 3).state_dict().items()
}


def test_one_of_several_modules_is_chosen_by_its_name_or_the_end_of_it() -> None:
    assert [each.name for each in modules_in(SEVERAL)] == ["encoder.rnn", "decoder.rnn", "decoder.cell"]
    assert chosen_module(SEVERAL, "encoder.rnn").name == "encoder.rnn"
    assert chosen_module(SEVERAL, "cell").name == "decoder.cell"
    assert chosen_module(nn.LSTMCell(2, 3).state_dict(), "(the file itself)").name == ""
    names = ["encoder.rnn", "decoder.rnn", "decoder.cell"]
    for wanted, choices, message in (
        ("", names, "there are 3 recurrent modules"),
        ("rnn", names[:2], "there are 2 recurrent modules"),
        ("der.rnn", names, "no recurrent module is called 'der.rnn'"),
    ):
        with pytest.raises(UndecidedError) as undecided:
            chosen_module(SEVERAL, wanted)
        assert (undecided.value.question, undecided.value.choices) == ("module", tuple(choices))
        assert str(undecided.value) == f"{message}: say which by {' or '.join(f'--module {each}' for each in choices)}"


def changed(**weights: Any) -> State:
    """The state dict of a stacked LSTM in which some tensors are others; None takes one away."""
    state: State = {**nn.LSTM(2, 3, 2, bidirectional=True).state_dict(), **weights}
    return {name: weight for name, weight in state.items() if weight is not None}


def with_nan() -> Tensor:
    weight = torch.zeros(12, 6)
    weight[4, 2] = torch.nan
    return weight


REFUSED: dict[str, State] = {
    "weight_hh_l1 is missing: the file must hold every weight of the network": changed(weight_hh_l1=None),
    "weight_ih_l0_reverse is missing": changed(weight_ih_l0_reverse=None),
    "bias_hh_l1_reverse is missing": changed(bias_hh_l1_reverse=None),
    r"weight_ih_l1 has the shape \(12, 5\): by the shapes of the others it must be \(12, 6\)": changed(
        weight_ih_l1=torch.zeros(12, 5)
    ),
    r"bias_ih_l0 has the shape \(1, 12\): by the shapes of the others it must be \(12,\)": changed(
        bias_ih_l0=torch.zeros(1, 12)
    ),
    "weight_hr_l1: layer 0 has none of the kind: it must have one, too": changed(weight_hr_l1=torch.zeros(2, 3)),
    r"weight_ih_l1_reverse\[4, 2\] is nan: a network with numbers that are not finite": changed(
        weight_ih_l1_reverse=with_nan()
    ),
    r"weight_ih_l0 is torch\.int8: save the network in torch\.float32": changed(
        weight_ih_l0=torch.zeros(12, 2, dtype=torch.int8)
    ),
    "weight_ih_l0 is without numbers: save the network with dense weights": changed(
        weight_ih_l0=torch.zeros(12, 2, device="meta")
    ),
    r"weight_hh_l0 has 15 rows for 3 units: in torch\.nn each has 4 \(LSTM\) or 3 \(GRU\) or 1 \(RNN\)": {
        "weight_ih_l0": torch.zeros(15, 2),
        "weight_hh_l0": torch.zeros(15, 3),
    },
    r"weight_hh_l0 has the shape \(12,\): it must be a matrix": changed(weight_hh_l0=torch.zeros(12)),
    "weight_hh_l0_raw is not weight_hh_l0: this network drops weights": changed(weight_hh_l0_raw=torch.ones(12, 3)),
    "weight_hh_l0_raw: this network computes its weights when it is called": changed(
        weight_hh_l0=None, weight_hh_l0_raw=torch.ones(12, 3)
    ),
    "parametrizations.weight_hh_l0.original0: this network computes its weights when it is called": dict(
        nn.utils.parametrizations.weight_norm(nn.LSTM(2, 3), "weight_hh_l0").state_dict()
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_computed_right_is_refused_by_name(message: str) -> None:
    state = REFUSED[message]
    with pytest.raises(ImportRefusedError, match=f"^{message}"):
        sizes_of(chosen_module(state, ""), state)


def test_weights_that_dropout_left_alone_are_taken() -> None:
    state = changed()
    state = {f"rnn.module.{name}": weight for name, weight in state.items()}
    state["rnn.weight_hh_l0_raw"] = state["rnn.module.weight_hh_l0"].clone()
    named: NamedModule = chosen_module(state, "")
    assert sizes_of(named, state).layers == 2
