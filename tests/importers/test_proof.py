"""The proof of an import: what is right passes with its numbers, and what is wrong is refused with them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.building import build
from gatescope.importers.found import Found, ImportRefusedError, Reference
from gatescope.importers.proof import Origin, gap, inputs_of, prove, reordered
from gatescope.importers.proof_text import EXCERPT, SOURCE
from gatescope.importers.state_dict import found_in
from torch import nn
from torch_files import CASES, Tagger, h_of, module_of, tagger

HERE = Origin("model.pt", "0" * 64, "0.1.0")


def found(module: nn.Module, vocabulary: Sequence[str] | None = None, **answers: str) -> Found:
    return replace(
        found_in(module.state_dict(), Request(Path("model.pt"), "", answers), "PyTorch"), vocabulary=vocabulary
    )


@pytest.mark.parametrize("case", CASES)
def test_what_was_read_right_passes(case: str) -> None:
    module, answers = module_of(case)
    report = prove(found(module, **answers), HERE)
    assert report.holds
    assert report.steps == [1, 7, 50]
    assert [each.kind for each in report.comparisons] == ["engine", "equations"]
    assert 0 < report.error < 1e-6
    assert report.engine_error is not None
    assert 0 < report.engine_error < 1e-6
    assert report.allowed == max(1e-6, 3 * report.engine_error)
    assert report.verdict.startswith("Over 1, 7, 50 steps, Gatescope's h is off the equations of torch.nn.")
    assert f", and so is h of {report.comparisons[0].reference} by {report.engine_error:.1e}: " in report.verdict
    assert report.verdict.endswith(f"within the {report.allowed:.1e} that rounding explains.")
    assert (report.source, report.sha256, report.version) == HERE


def test_the_errors_are_those_of_torch_in_both_precisions() -> None:
    module, _ = module_of("stacked LSTM in both directions")
    one = found(module)
    x = [inputs_of(one, steps) for steps in (1, 7, 50)]
    single = [h_of(module, each) for each in x]
    exact = [h_of(module.double(), each) for each in x]
    report = prove(one, HERE)
    assert report.engine_error == pytest.approx(max(map(gap, single, exact)), rel=1e-6)


@pytest.mark.parametrize("case", ["LSTM", "GRU in both directions"])
def test_two_gates_exchanged_in_any_way_are_refused_with_the_numbers(case: str) -> None:
    module, _ = module_of(case)
    one = found(module)
    count = len(one.cell.blocks)
    for a in range(count):
        for b in range(a):
            order = list(range(count))
            order[a], order[b] = b, a
            with pytest.raises(
                ImportRefusedError, match=r"^the import failed its proof, so nothing was saved\. Over .* more"
            ) as caught:
                prove(reordered(one, order), HERE)
            right = " ".join(one.cell.blocks[at] for at in order)
            assert f"With the gates in the order {right} it would pass." in str(caught.value)


def test_a_transposed_weight_a_lost_bias_and_directions_exchanged_are_refused() -> None:
    module, _ = module_of("GRU in both directions")
    one = found(module)
    layer = one.layers[0]
    transposed = torch.cat([block.T for block in layer["forward"].w_hh.chunk(3)])
    for wrong in (
        {**layer, "forward": layer["forward"]._replace(w_hh=transposed)},
        {"forward": layer["backward"], "backward": layer["forward"]},
    ):
        with pytest.raises(ImportRefusedError, match="failed its proof"):
            prove(replace(one, layers=[wrong]), HERE)
    biased = found(module_of("LSTM")[0])
    weights = biased.layers[0]["forward"]
    with pytest.raises(ImportRefusedError, match="failed its proof"):
        prove(replace(biased, layers=[{"forward": weights._replace(b_ih=None)}]), HERE)


def test_without_an_engine_the_equations_decide() -> None:
    module, _ = module_of("GRU")
    one = found(module)
    alone = replace(one, references=[each for each in one.references if each.kind == "equations"])
    report = prove(alone, HERE)
    assert (report.engine_error, report.allowed) == (None, pytest.approx(2e-5))
    assert "and so is h" not in report.verdict
    with pytest.raises(ImportRefusedError, match="failed its proof"):
        prove(reordered(alone, [1, 0, 2]), HERE)
    with pytest.raises(ImportRefusedError, match=r"^there is nothing that this GRU can be compared with$"):
        prove(replace(one, references=[]), HERE)


def test_an_engine_that_computes_something_else_allows_no_more() -> None:
    """Its own error may be large: sequences over which it is are not taken as a proof."""
    one = found(module_of("LSTM")[0])
    engine, equations = one.references

    def off(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        shifted: np.ndarray[Any, Any] = engine.run(x) + 0.01
        return shifted

    wrong = [Reference("another engine", "engine", off), equations]
    with pytest.raises(ImportRefusedError, match=r"^within 1 steps another engine is 1.0e-02 from the equations"):
        prove(replace(one, references=wrong), HERE)


def test_what_rounding_alone_decides_is_left_out() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.GRU(40, 128, 2, bidirectional=True)
    with torch.no_grad():
        for weight in module.parameters():
            weight *= 8
    report = prove(found(module), HERE)
    assert report.steps == [1, 7]
    assert report.allowed < 1e-3
    assert report.remarks[-1].startswith("over 50 steps torch.nn.GRU of PyTorch ")


def test_numbers_that_leave_the_range_of_float32_are_left_out() -> None:
    torch.manual_seed(0)  # of some, rounding is larger than the engine's
    module = nn.RNN(5, 6, nonlinearity="relu")
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(weight.abs() * 100)
    report = prove(found(module, nonlinearity="relu"), HERE)
    assert report.steps == [1, 7]
    assert report.remarks == [
        "over 50 steps its numbers leave the range of float32: only shorter sequences were compared"
    ]


def test_every_order_of_the_gates_is_shown_with_its_difference() -> None:
    module, _ = module_of("LSTM")
    report = prove(found(module), HERE)
    assert len(report.orders) == 24
    assert report.orders[0].order == "i f g o"
    assert report.orders[0].difference < 1e-6
    assert min(each.difference for each in report.orders[1:]) > 1e-2
    [exchanged] = [each for each in report.orders if each.order == "f i g o"]
    with torch.no_grad():
        for weight in module.parameters():  # as torch.nn computes with f and i exchanged
            i, f, g, o = weight.chunk(4)
            weight.copy_(torch.cat([f, i, g, o]))
    one = found(module_of("LSTM")[0])
    x = inputs_of(one, 7)
    expected = gap(h_of(module, x), h_of(module_of("LSTM")[0].double(), x))
    assert exchanged.difference == pytest.approx(expected, rel=1e-5)
    assert prove(found(module_of("tanh")[0], nonlinearity="tanh"), HERE).orders == []


def test_gates_that_are_alike_are_named() -> None:
    module, _ = module_of("LSTM")
    with torch.no_grad():
        for weight in module.parameters():
            weight[6:12] = weight[:6]  # f as i
    report = prove(found(module), HERE)
    assert report.remarks == [
        "the comparison cannot tell the order of the gates from f i g o: the weights are too small or alike"
    ]


LETTERS = sorted(set(EXCERPT) - {"B", "?"})


def test_a_language_model_is_measured_in_every_order_of_its_gates() -> None:
    network: Tagger = tagger(vocabulary=len(LETTERS), outputs=len(LETTERS))
    report = prove(found(network, LETTERS), HERE)
    assert report.text == f"{len(EXCERPT)} characters of {SOURCE}"
    rows = network.embedding.weight
    with torch.inference_mode():
        x = torch.stack([rows[LETTERS.index(each)] if each in LETTERS else torch.zeros(5) for each in EXCERPT])
        logits = network.fc(network.rnn(x)[0]).double()
        bits = -logits.log_softmax(-1) / np.log(2)  # (T, V)
    expected = [float(bits[t, LETTERS.index(each)]) for t, each in enumerate(EXCERPT[1:]) if each in LETTERS]
    assert report.orders[0].bits == pytest.approx(np.mean(expected), abs=1e-5)
    assert len({each.bits for each in report.orders}) == 24
    given = prove(found(network, LETTERS), HERE, text="a rabbit")
    assert given.text == "8 characters of the text given"


def test_a_model_that_knows_few_words_of_the_excerpt_is_not_measured_on_it() -> None:
    words = ["<unk>", "uno", "dos", "tres"]
    network = tagger(vocabulary=4, outputs=4)
    report = prove(found(network, words), HERE)
    assert (report.text, report.orders[0].bits) == ("", None)
    assert prove(found(network, words), HERE, text="uno dos").orders[0].bits is not None


def test_what_the_model_does_without_is_not_said_to_be_used() -> None:
    report = prove(found(tagger()), HERE)
    assert report.unused == ["embedding.weight", "fc.weight", "fc.bias"]
    assert [each.target for each in report.placed] == [
        f"layer 0 forward, {name}" for name in ("W_ih", "W_hh", "b_ih", "b_hh")
    ]
    assert build(found(tagger())).network.head is None
