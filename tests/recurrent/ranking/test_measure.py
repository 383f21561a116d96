"""Rankings: every effect is that of a trace with the edit, run by itself, and one is that of a loop by hand."""

from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import Edit, Ranking, Trace, hold, rank, scale, swap, trace_module
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.decomposition.path import NoPathError
from gatescope.recurrent.edits.edit import Resources
from gatescope.recurrent.network import Network
from gatescope.recurrent.option_error import OptionError
from gatescope.recurrent.overflow import RangeError
from gatescope.recurrent.ranking import KINDS, plan
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from networks import VARIANTS, random_network, tokens_of

from ..torch_modules import each_engine

each_variant = pytest.mark.parametrize("variant", VARIANTS)
TEXT, OTHER = "3 1 4 1 5 9", "2 7 1 8 2 8"


@dataclass(frozen=True)
class Numbers:
    """A model whose text is the ids of its tokens, with random means."""

    network: Network

    def tokens(self, text: str) -> list[Token]:
        return tokens_of(map(int, text.split()))

    def named(self, traced: Trace) -> Trace:
        return traced

    def trace(self, text: str, edits: Any = ()) -> Trace:
        return trace(self.network, self.tokens(text), edits=edits, resources=self.resources())

    def resources(self) -> Resources:
        return Resources(mean, self.trace, self.tokens)


@cache
def mean(layer: int, direction: str, letter: str) -> list[float]:
    generator = torch.Generator().manual_seed(layer * 1000 + ord(letter) + (direction == "backward"))
    return torch.rand(7, generator=generator, dtype=torch.float64).tolist()


@cache
def model(variant: str, dtype: torch.dtype = torch.float64, **config: Any) -> Numbers:
    return Numbers(random_network(**VARIANTS[variant], **{"layers": 2, "outputs": 1, **config}, dtype=dtype, scale=2.0))


def logits(traced: Trace) -> Any:
    """All logits after the last step, in float64."""
    assert traced.head is not None
    h = np.concatenate([each["h"][-1] for each in traced.layers if each.layer == traced.layers[-1].layer])
    weight, bias = traced.head.weight.tensor.double().detach(), traced.head.bias.tensor.double().detach()
    return weight.numpy() @ h.astype(np.float64) + bias.numpy()


def options_of(kind: str) -> dict[str, Any]:
    return {"other": OTHER} if kind == "patches" else {}


def check_by_single_runs(of: Numbers, ranking: Ranking, bound: float, common: tuple[Any, ...] = ()) -> None:
    """Every part, and every group, has the effect that a trace with its edits has."""
    plain = logits(of.trace(TEXT, common))[0]
    assert ranking.logit == pytest.approx(plain, abs=bound)
    for place, edit in enumerate(ranking.edits()):
        edited = logits(of.trace(TEXT, [*common, edit]))[0]
        assert ranking.effects[place] == pytest.approx(edited - plain, abs=bound)
        assert ranking.probabilities is not None
        assert ranking.probabilities[place] == pytest.approx(1 / (1 + np.exp(-edited)), abs=bound)
    for group in ranking.groups:
        if group.size + len(common) <= 100:
            edited = logits(of.trace(TEXT, [*common, *ranking.edits(group.size)]))[0]
            assert group.effect == pytest.approx(edited - plain, abs=bound)
            assert group.probability == pytest.approx(1 / (1 + np.exp(-edited)), abs=bound)


@pytest.mark.parametrize("both_ways", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize(
    ("variant", "kind"),
    [
        (cell.variant, kind)
        for cell in TABLE
        for kind in KINDS
        if (kind != "gates" or cell.gates) and (kind != "words" or cell.memory is not None)
    ],
)
def test_every_effect_is_that_of_a_single_run(
    variant: str, both_ways: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "MOST_RUNS", 16)  # several batches
    of = model(variant, bidirectional=both_ways)
    cell = of.network.config.cell_definition
    for layer, direction in of.network.layers():
        ranking = rank(of, TEXT, kind, layer=layer, direction=direction, **options_of(kind))
        counts = {"units": 7, "gates": 6 * len(cell.gates), "words": 6, "patches": 42}
        assert len(ranking) == len(set(ranking.parts)) == counts[kind]
        check_by_single_runs(of, ranking, 1e-12)
        assert (np.diff(np.abs(ranking.effects)) <= 0).all()


@each_engine
@each_variant
def test_in_float32_effects_are_those_of_float64(variant: str, engine: Any) -> None:
    kinds = {"units": {}, "patches": {"other": OTHER}}
    for kind, options in kinds.items():
        single = rank(model(variant, torch.float32), TEXT, kind, engine=engine, **options)
        double = rank(model(variant), TEXT, kind, **options)
        assert np.abs(single.grid - double.grid).max() <= 2e-5 * max(1, np.abs(double.grid).max())


@each_variant
def test_every_letter_can_be_chosen(variant: str) -> None:
    of = model(variant)
    cell = of.network.config.cell_definition
    for letter, to in product(cell.activations, ("zero", "mean")):
        ranking = rank(of, TEXT, "units", letter=letter, to=to, layer=0, steps=[1, 4], units=[5, 2])
        assert {(part.letter, part.unit, part.step) for part in ranking.parts} == {(letter, 5, None), (letter, 2, None)}
        assert ranking.edits()[0].steps == (1, 4)
        check_by_single_runs(of, ranking, 1e-12)
    for letter in cell.gates:
        ranking = rank(of, TEXT, "gates", letter=letter, to="zero", steps=[5, 0])
        assert sorted(part.step for part in ranking.parts) == [0, 5]  # type: ignore[type-var]
        check_by_single_runs(of, ranking, 1e-12)


@each_engine
@each_variant
def test_in_float32_edits_of_several_letters_that_every_run_has_come_first(variant: str, engine: Any) -> None:
    letters = model(variant).network.config.cell_definition.activations
    common = [hold(letter, 0.5, layer=1, steps=[2]) for letter in letters]
    single = rank(model(variant, torch.float32), TEXT, "units", edits=common, engine=engine)
    double = rank(model(variant), TEXT, "units", edits=common)
    assert np.abs(single.grid - double.grid).max() <= 2e-5 * max(1, np.abs(double.grid).max())


@pytest.mark.slow("a run for each of the parts that are ranked", seconds=5)
@pytest.mark.parametrize("kind", ["units", "patches"])
@each_variant
def test_edits_that_every_run_has_come_first(variant: str, kind: str) -> None:
    of = model(variant)
    letter = of.network.config.cell_definition.activations[0]
    common = (hold(letter, 0.5, layer=0, steps=[2]), scale("h", 0.5, layer=1, units=[3]), swap("6", steps=[1]))
    for layer in (0, 1):
        check_by_single_runs(of, rank(of, TEXT, kind, layer=layer, edits=common, **options_of(kind)), 1e-12, common)


def test_silenced_units_of_an_lstm_by_hand() -> None:
    """Without any of our edits or engines: a loop in PyTorch."""
    of = model("lstm", layers=1)
    network, w = of.network, of.network.weights(0, "forward")

    @torch.no_grad()
    def final(silenced: int | None) -> float:
        h = c = torch.zeros(7, dtype=torch.float64)
        for token in of.tokens(TEXT):
            a = w.w_ih @ network.embedding.weight[token.id] + w.b_ih + w.w_hh @ h + w.b_hh
            i, f, g, o = a.split(7)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            if silenced is not None:
                c = torch.where(torch.arange(7) == silenced, 0.0, c)
            h = torch.sigmoid(o) * torch.tanh(c)
        return float(network.head(h))

    ranking = rank(of, TEXT, "units")
    expected = np.array([final(unit) - final(None) for unit in range(7)])
    assert np.abs(ranking.grid[0, 0] - expected).max() <= 1e-12
    assert [part.unit for part in ranking.parts] == np.argsort(-np.abs(expected)).tolist()


def test_what_changes_nothing_has_no_effect_at_all() -> None:
    """The last output of a backward layer has read only the last word."""
    ranking = rank(model("gru", torch.float32, bidirectional=True), TEXT, "words", direction="backward")
    assert ranking.effects[0] != 0
    assert ranking.parts[0].step == 5
    assert ranking.effects[1:].tolist() == [0] * 5


@pytest.mark.parametrize(("by", "sign"), [("rise", -1), ("fall", 1)])
def test_the_order_may_be_that_of_a_sign(by: Any, sign: int) -> None:
    ranking = rank(model("lstm"), TEXT, "units", by=by)
    assert ranking.effects.tolist() == sorted(ranking.effects, key=lambda effect: sign * effect)
    assert ranking.grid.ravel().tolist() == rank(model("lstm"), TEXT, "units").grid.ravel().tolist()


def test_groups_and_what_is_drawn_to_compare_with() -> None:
    of = model("lstm")
    ranking = rank(of, TEXT, "units", draws=8)
    assert [group.size for group in ranking.groups] == [1, 2, 4, 7]
    assert ranking.groups[0].effect == ranking.effects[0]
    singles, plain = set(ranking.effects.tolist()), logits(of.trace(TEXT))[0]
    assert set(ranking.groups[0].random.tolist()) <= singles
    pairs = [logits(of.trace(TEXT, [*pair]))[0] - plain for pair in product(ranking.edits(), repeat=2)]
    for effect in ranking.groups[1].random:
        assert np.abs(np.array(pairs) - effect).min() <= 1e-12
    assert ranking.groups[3].random == pytest.approx([ranking.groups[3].effect] * 8, abs=1e-12)
    again = rank(of, TEXT, "units", draws=8, together=[2, 3])
    assert [group.size for group in again.groups] == [2, 3]
    assert rank(of, TEXT, "units", together=[]).groups == ()


def test_one_output_of_a_softmax_against_another() -> None:
    of = model("gru", outputs=4, head="softmax")
    plain = logits(of.trace(TEXT))
    first, second = np.argsort(-plain)[:2].tolist()
    by_default, chosen = rank(of, TEXT, "words"), rank(of, TEXT, "words", output=[3, 0])
    assert (by_default.output.outputs, chosen.output.outputs) == ((first, second), (3, 0))
    for ranking in (by_default, chosen):
        a, b = ranking.output.outputs
        assert ranking.probability == pytest.approx(of.trace(TEXT).outputs[-1, a], abs=1e-12)
        for place, edit in enumerate(ranking.edits()):
            edited = of.trace(TEXT, [edit])
            effect = logits(edited)[a] - logits(edited)[b] - (plain[a] - plain[b])
            assert ranking.effects[place] == pytest.approx(effect, abs=1e-12)
            assert ranking.probabilities is not None
            assert ranking.probabilities[place] == pytest.approx(edited.outputs[-1, a], abs=1e-12)


@pytest.mark.parametrize("options", [{}, {"proj_size": 3}, {"bidirectional": True, "num_layers": 2}], ids=str)
def test_a_module_with_its_head(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    lstm = torch.nn.LSTM(5, 7, **options).double()
    width = options.get("proj_size", 7) * (2 if "bidirectional" in options else 1)
    weight, bias = torch.randn(2, width).double(), torch.randn(2).double()
    x, other = torch.randn(2, 6, 5).double()
    source = trace_module(lstm, other)
    assert isinstance(source, Trace)

    def logit(edits: list[Edit]) -> float:
        traced = trace_module(lstm, x, edits=edits)
        assert isinstance(traced, Trace)
        last = [each["h"][-1] for each in traced.layers if each.layer == traced.layers[-1].layer]
        values = weight.numpy() @ np.concatenate(last) + bias.numpy()
        return float(values[1] - values[0])

    for kind, letter, more in (("units", "h", {}), ("words", None, {}), ("patches", "h", {"other": source})):
        ranking = rank(lstm, x, kind, head=(weight, bias), output=[1, 0], letter=letter, layer=0, **more)
        assert (ranking.probability, ranking.probabilities, ranking.tokens) == (None, None, ())
        assert ranking.logit == pytest.approx(logit([]), abs=1e-12)
        for edit, effect in zip(ranking.edits(), ranking.effects, strict=True):
            assert effect == pytest.approx(logit([edit]) - logit([]), abs=1e-12)


def refused(*arguments: Any, **options: Any) -> str:
    with pytest.raises(OptionError) as caught:
        rank(*arguments, **options)
    return str(caught.value)


def test_what_does_not_fit_is_named() -> None:
    lstm, rnn = partial(refused, model("lstm"), TEXT), partial(refused, model("rnn"), TEXT)
    assert lstm("all") == "kind: there is no kind 'all': choose from units, gates, words, patches"
    assert rnn("gates") == "kind: a plain RNN has no gates: rank its units or patches"
    with pytest.raises(NoPathError, match="keeps nothing apart"):
        rank(model("rnn"), TEXT, "words")
    assert lstm("words", letter="i") == "letter: is not taken by 'words', which takes steps: leave it out"
    assert lstm("units", letter="z").startswith("letter: an LSTM has no update gate 'z'")
    assert refused(model("gru"), TEXT, "units", letter="f").startswith("letter: a GRU has no forget gate 'f': its up")
    assert lstm("gates", letter="c") == "letter: 'c' is not a gate of an LSTM: choose from i, f, o"
    assert lstm("units", layer=2) == "layer: there is no layer 2: layers go from 0 to 1"
    assert lstm("units", direction="backward").startswith("direction: there is no backward direction")
    assert lstm("units", units=[7]) == "units: there is no unit 7 of c: units go from 0 to 6"
    assert lstm("words", steps=[6]) == "steps: there is no step 6: steps go from 0 to 5"
    assert lstm("units", to="one") == "to: there is no 'one': choose from zero, mean"
    assert lstm("units", by="name") == "by: there is no 'name': choose from size, rise, fall"
    assert lstm("units", together=[8]) == "together: there is no group of 8: take from 1 to all 7 parts together"
    assert lstm("units", draws=101) == "draws: 101 does not lie between 0 and 100"
    assert lstm("units", output=1) == "output: there is no output 1: choose from 0 to 0"
    missing = "other: is missing: a patch takes its values from another text of as many steps"
    assert lstm("patches") == missing
    unequal = "other: has 2 steps, and the sequence has 6: a patch map needs two of equal length"
    assert lstm("patches", other="1 2") == unequal
    assert lstm("patches", other="") == "other: there is nothing to trace: the sequence is empty"
    assert lstm("patches", other=model("lstm", layers=1).trace(OTHER)).startswith(
        "other: the trace to take from has no"
    )
    tokens = model("lstm").tokens(TEXT)
    mean = (
        "to: the mean is that of a model's statistics, and there are none here: take 'zero', or rank a model that has"
    )
    assert refused(model("lstm").network, tokens, "gates").startswith(mean)
    assert refused(torch.nn.GRU(5, 7), torch.randn(6, 5)).startswith("head: this trace has none: pass head=")


def test_what_is_not_one_sequence_of_a_network_is_refused() -> None:
    network, gru = model("gru").network, torch.nn.GRU(5, 7)
    with pytest.raises(ValueError, match="there is nothing to rank"):
        rank(network, [])
    with pytest.raises(TypeError, match="a Network has no tokenizer"):
        rank(network, TEXT)
    with pytest.raises(TypeError, match="a ranking is of a model from load_model, a Network, or a"):
        rank(torch.nn.Linear(1, 1), TEXT)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a module reads a"):
        rank(gru, TEXT)
    with pytest.raises(ValueError, match="a ranking is of one sequence"):
        rank(gru, torch.randn(6, 2, 5))
    gru.register_forward_hook(lambda *_: None)
    with pytest.raises(ValueError, match="the module is not a plain one"):
        rank(gru, torch.randn(6, 5))


def test_an_overflow_is_refused() -> None:
    network = random_network(cell="rnn", nonlinearity="relu", scale=1e30, outputs=1)
    with pytest.raises(RangeError):
        rank(network, tokens_of([1, 2, 3, 4]))
