"""Watching a model: what it computes stays as it is, and what it did is recorded, to be traced as the module itself."""

import copy
import pickle
import re
import threading
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import edit, hold, load_model, memory, scale, trace_module, watch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.rnn import PackedSequence

from ..engines import error
from ..test_editing import inputs, outputs
from ..torch_modules import bytes_of, each_kind, error_against_torch, packed, random_module, random_sequences
from .models import Loop, Tagger, cell_and_module


def watched(model: Any, *given: Any, **options: Any) -> tuple[Any, Any]:
    with watch(model, **options) as seen:
        returned = model(*given)
    return seen, returned


def has_no_hooks(model: nn.Module) -> bool:
    return not any(each._forward_hooks or each._forward_pre_hooks for each in model.modules())


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("form", ["single", "batch", "packed"])
@pytest.mark.parametrize("batch_first", [False, True])
@each_kind
def test_a_call_is_recorded_as_it_was_and_stays_the_same(kind: str, batch_first: bool, form: str) -> None:
    module = random_module(kind, num_layers=2, bidirectional=True, batch_first=batch_first).eval()
    model = Tagger(module)
    for given in (inputs(form, module)[:1], inputs(form, module)):
        kept, plain = copy.deepcopy(given), model(*given)
        seen, returned = watched(model, *given)
        for a, b in zip(outputs(plain), outputs(returned), strict=True):
            assert a.detach().numpy().tobytes() == b.detach().numpy().tobytes()
        for each in given:
            for tensor in each if isinstance(each, tuple) and not isinstance(each, PackedSequence) else [each]:
                tensor.data.fill_(7.0)  # callers use their memory again
        run, direct = seen["encoder.rnn"][0], trace_module(module, *kept)
        theirs = [direct] if form == "single" else list(direct)
        ours = list(run.traces())
        assert run.lengths == [len(each) for each in theirs]
        for a, b in zip(ours, theirs, strict=True):
            assert max(error(p[k], q[k]) for p, q in zip(a.layers, b.layers, strict=True) for k in p.activations) < 2e-6
        if form == "single":
            assert bytes_of(*ours) == bytes_of(*theirs)
    assert has_no_hooks(model)


def test_a_trace_is_that_of_the_module_itself() -> None:
    module = random_module("lstm").eval()
    x = packed(random_sequences([4, 9, 2]))
    seen, _ = watched(module, x)
    assert error_against_torch(module, seen[""][0].traces(), x) < 2e-6
    assert seen[""][0].traces()[1].layer().activations.keys() == {*"ifgoch"}


def test_everything_of_a_trace_works_on_a_run() -> None:
    """Edits, memory and decompositions are those of the sequence by itself, and say that inputs were replayed."""
    module = random_module("gru", num_layers=2).double().eval()
    x = torch.stack(random_sequences([6, 6], dtype=torch.float64), 1)
    hx = torch.randn(2, 2, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    run = watched(module, x, hx)[0][""][0]
    alone = x[:, 1], hx[:, 1].contiguous()
    edits = [hold("z", 1, steps=[2], layer=1), scale("h", 0.5, sequences=[0]), hold("r", 0, sequences=[1])]
    edited = run.trace(1, edits=edits)
    direct = trace_module(module, *alone, edits=[edits[0], hold("r", 0)])
    assert max(error(a[k], b[k]) for a, b in zip(edited.layers, direct.layers, strict=True) for k in "rznh") < 1e-12
    assert run.trace(1).notes == ()
    assert edited.notes[0].startswith("recorded inputs were replayed: inputs that the model computed from earlier")
    measured, theirs = run.memory(1, ["inputs"]), memory(module, alone[0], ["inputs"], hx=alone[1])
    np.testing.assert_allclose(measured.layer().inputs.log10_norms, theirs.layer().inputs.log10_norms)  # type: ignore[union-attr]
    head = torch.randn(1, 7, dtype=torch.float64), None
    parts = run.decompose(1, head)
    logits = module(x, hx)[0][:, 1] @ head[0][0]
    np.testing.assert_allclose(parts.shares.sum(axis=1), logits.detach().numpy(), atol=1e-9)
    assert parts.notes == measured.notes == edited.notes[:1]


def test_initial_states_count_in_the_memory_of_a_module() -> None:
    """The first step's derivatives are those at the state that it starts from: against autograd."""
    module = random_module("lstm").double()
    x = random_sequences([3], dtype=torch.float64)[0].requires_grad_()
    h, c = (torch.randn(1, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(n)) for n in (0, 1))
    out = module(x, (h, c))[0]
    jacobian = torch.stack([torch.autograd.grad(out[0, n], x, retain_graph=True)[0][0] for n in range(7)])
    ours = memory(module, x.detach(), ["inputs"], hx=(h, c)).layer().inputs
    assert ours is not None
    assert ours.log10_norms[0, 0] == pytest.approx(torch.linalg.norm(jacobian).log10().item(), abs=1e-9)
    with pytest.raises(TypeError, match=r"hx is what a torch\.nn"):
        memory(load_model("models/sentiment-gru"), "good", hx=h)


def test_weights_are_those_that_a_call_ran_with_and_are_kept_once_for_each_content() -> None:
    module, (x,) = random_module("gru").eval(), random_sequences([5])
    before = trace_module(module, x)
    seen: Any
    with watch(module) as seen:
        module(x)
        module(x)
        size = seen.bytes
        module.weight_hh_l0.data[0, 0] += 1e-3  # no counter of PyTorch's changes
        module(x)
        weights = sum(each.nbytes for each in module.parameters())
        assert seen.bytes - size == weights + x.nbytes + 6 * 7 * 4  # outputs and the last state
        module.weight_hh_l0.data[0, 0] -= 1e-3
        restored = module.weight_hh_l0.detach().clone()
        module(x)
    runs = seen[""]
    assert bytes_of(runs[0].trace()) == bytes_of(runs[1].trace()) == bytes_of(before)
    assert bytes_of(runs[2].trace()) != bytes_of(before)
    assert runs[0].circumstances.weights is runs[1].circumstances.weights
    same = torch.equal(restored, runs[0].circumstances.weights.tensors["weight_hh_l0"])
    assert (runs[3].circumstances.weights is runs[0].circumstances.weights) == same


def test_training_goes_on_as_without_and_gradients_flow() -> None:
    def trained(is_watched: bool) -> tuple[list[Tensor], Any]:
        torch.manual_seed(0)
        model = Loop(nn.LSTMCell(3, 4))
        optimizer, seen = torch.optim.SGD(model.parameters(), lr=0.1), None
        x = torch.randn(4, 2, 3)
        for _ in range(2):
            if is_watched:
                with watch(model) as seen:
                    loss = model(x)[0].sum()
            else:
                loss = model(x)[0].sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return [each.detach() for each in model.parameters()], seen

    plain, _ = trained(False)
    ours, seen = trained(True)
    assert all(map(torch.equal, plain, ours))
    assert seen["cell"][0].trace(1).layer()["f"].shape == (4, 4)


def test_a_call_with_dropout_is_recorded_and_refused() -> None:
    module = random_module("lstm", num_layers=2, dropout=0.5).train()
    seen, _ = watched(module, random_sequences([3])[0])
    with pytest.raises(
        ValueError, match=r"was random, as dropout was on .*: call module\.eval\(\) before it is watched"
    ):
        seen[""][0].trace()


def test_a_call_that_is_not_that_of_torch_is_refused() -> None:
    class Doubled(nn.LSTM):
        def forward(self, *given: Any) -> Any:
            output, states = super().forward(*given)
            return 2 * output, states

    seen, _ = watched(Doubled(5, 7), random_sequences([3])[0])
    with pytest.raises(ValueError, match=r"from step 0 on, .*Doubled has a forward of its own"):
        seen[""][0].trace()


def test_computed_weights_are_those_of_the_call() -> None:
    module = weight_norm(random_module("gru"), "weight_hh_l0")
    (x,) = random_sequences([4])
    plain = module(x)[0]
    seen, returned = watched(module, x)
    assert torch.equal(plain, returned[0])
    assert error(seen[""][0].trace().layer()["h"], plain.detach().numpy()) < 2e-6


def test_edits_that_are_in_force_are_part_of_the_trace() -> None:
    module, (x,) = random_module("lstm"), random_sequences([5])
    with watch(module) as seen, edit(module, hold("f", 1, steps=[2])):
        returned, _ = module(x)
    traced = seen[""][0].trace()
    assert (traced.layer()["f"][2] == 1).all()
    assert error(traced.layer()["h"], returned.detach().numpy()) < 2e-6
    assert traced.notes == ("1 edit of the module was in force: it is part of the trace",)
    with pytest.raises(ValueError, match="memory is that of a plain run"):
        seen[""][0].memory()


def test_a_trace_within_the_block_is_no_call_of_the_model() -> None:
    module, (x,) = random_module("gru"), random_sequences([4])
    module.register_forward_hook(lambda *_: None)
    with watch(module) as seen:
        module(x)
        trace_module(module, x)
        copy.deepcopy(module)(x)
        pickle.loads(pickle.dumps(random_module("gru")))(x)
    assert len(seen[""]) == 1


def test_what_was_recorded_before_an_exception_stays() -> None:
    module, (x,) = random_module("rnn"), random_sequences([4])
    watching = watch(Tagger(module))
    with pytest.raises(RuntimeError, match=r"input\.size"):  # noqa: PT012, SIM117
        with watching as seen:
            module(x)
            module(x[:, :3])
    assert has_no_hooks(module)
    assert len(seen["encoder.rnn"]) == 1
    module(x)
    assert seen["encoder.rnn"][0].trace() is not None


def test_limits_drop_later_calls_and_say_so() -> None:
    module, (x,) = random_module("gru"), random_sequences([4])
    with watch(module, calls=2) as seen:
        for _ in range(5):
            module(x)
    assert len(seen[""]) == 2
    assert "3 calls of the model were dropped: calls=2 was reached" in repr(seen)
    one = watched(module, x)[0].bytes
    with watch(module, bytes=one) as seen:
        module(x)
        module(x)
    assert (len(seen[""]), seen.bytes) == (1, one)
    assert seen.notes == (f"1 call of the model was dropped: bytes={one:.3g} was reached",)
    with watch(module, bytes=10) as seen:
        module(x)
    with pytest.raises(IndexError, match="no run of the model was recorded: its calls were dropped, bytes=10 was"):
        seen[""][0]
    weights = sum(each.nbytes for each in module.parameters())
    with watch(module, calls=1, bytes=one) as seen:
        module(x)
        seen.forget()
        assert (len(seen[""]), seen.bytes) == (0, weights)
        module(x)
    assert (len(seen[""]), seen.bytes, seen.notes) == (1, one, ())
    with pytest.raises(ValueError, match="calls is -1: it must be at least 0"), watch(module, calls=-1):
        pass


def test_only_some_modules_are_watched() -> None:
    model = nn.ModuleDict({"a": Tagger(random_module("gru")), "b": random_module("lstm")})
    x = random_sequences([3])[0]
    with watch(model, "a") as seen:
        model["a"](x)
        model["b"](x)
    assert list(seen) == ["a.encoder.rnn"]
    with watch(model, only=["b", "a.encoder.rnn"]) as seen:
        model["b"](x)
    assert list(seen) == ["a.encoder.rnn", "b"]
    assert "not called: a.encoder.rnn" in seen.notes
    with pytest.raises(KeyError, match=r"no module 'c' was watched: there is 'a\.encoder\.rnn' and 'b'"):
        seen["c"]
    with pytest.raises(
        ValueError, match=r"only='c' names no recurrent module of this ModuleDict: it holds a\.enc.*, b"
    ):
        watched(model, x, only="c")


def test_a_shared_module_has_one_entry_and_both_names() -> None:
    module = random_module("gru")
    model = nn.ModuleDict({"a": module, "b": module})
    with watch(model) as seen:
        model["b"](random_sequences([3])[0])
    assert list(seen) == ["a"]
    assert len(seen["b"]) == 1


def test_a_watch_that_saw_nothing_says_why() -> None:
    model = Tagger(random_module("gru"))
    with pytest.warns(UserWarning, match=r"no call was seen of encoder\.rnn: the model was not called within"):  # noqa: SIM117
        with watch(model) as seen:
            pass
    assert "encoder.rnn" in repr(seen)
    with pytest.raises(IndexError, match=r"no run of encoder\.rnn was recorded: the model was not called"):
        seen["encoder.rnn"][0]
    model.forward = lambda x: x
    with pytest.warns(UserWarning, match="the model was called and did not call it, or used its weights"):  # noqa: SIM117
        with watch(model):
            model(1)


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [
        (
            nn.Sequential(nn.Linear(2, 2)),
            ValueError,
            "this Sequential holds no torch.nn.LSTM, GRU or RNN, nor a cell of these, that can be watched",
        ),
        ("model.pt", TypeError, "the model is a str, not a torch.nn.Module"),
    ],
)
def test_nothing_to_watch(model: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"), watch(model):
        pass


def test_half_precision_is_traced_in_float32() -> None:
    for module in (random_module("gru").to(torch.bfloat16), random_module("lstm").half()):
        x = random_sequences([6], dtype=module.weight_ih_l0.dtype)[0]
        seen, (output, _) = watched(module, x)
        run = seen[""][0]
        assert run.notes == (f"the module computed in {x.dtype}: it is traced in torch.float32",)
        assert run.trace().notes == run.notes
        assert run.trace().layer()["h"].dtype == np.float32
        in_double = copy.deepcopy(module).double()(x.double())[0].detach().numpy()
        assert error(run.trace().layer()["h"], in_double) < 1e-5
        assert error(in_double, output.detach().double().numpy()) < 0.05
        assert run.notes[0] in repr(seen)


def test_autocast_is_seen() -> None:
    module, (x,) = random_module("lstm"), random_sequences([6])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        seen, (output, _) = watched(module, x)
    run = seen[""][0]
    assert output.dtype == torch.bfloat16
    assert run.notes == ("the module computed in torch.bfloat16: it is traced in torch.float32",)
    assert error(run.trace().layer()["h"], output.detach().float().numpy()) < 0.02


def test_another_device_has_numbers_or_says_that_it_has_none() -> None:
    module = random_module("gru").to("meta")
    seen, _ = watched(module, torch.empty(3, 5, device="meta"))
    assert seen.notes == ("1 call of the model was dropped: ran on the meta device, where there are no numbers",)


def test_inference_mode_and_threads() -> None:
    module = random_module("gru").eval()
    with torch.inference_mode(), watch(module) as seen:
        module(random_sequences([4])[0])
    assert not seen[""][0].calls.inputs[0].is_inference()
    with watch(module) as seen:
        threads = [threading.Thread(target=module, args=(random_sequences([4])[0],)) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert len({tuple(bytes_of(run.trace())) for run in seen[""]}) == 1
    assert len(seen[""]) == 4


def test_transforms_of_functions_are_dropped() -> None:
    module = random_module("gru")
    with watch(module) as seen:
        torch.func.grad(lambda x: module(x)[0].sum())(random_sequences([4])[0])
    assert "ran inside a transform of torch.func, which hides the numbers" in seen.notes[0]


# Wrappers.


def test_data_parallel() -> None:
    model = nn.DataParallel(Tagger(random_module("gru")))
    seen, _ = watched(model, random_sequences([4])[0])
    assert list(seen) == ["module.encoder.rnn"]
    assert len(seen["encoder.rnn"]) == 1


def test_a_module_of_lightning_is_a_module() -> None:
    """What its trainer does: a training_step of the module's, in training mode, and no call of the module itself."""

    class Lightning(Tagger):
        def training_step(self, batch: Tensor, number: int) -> Tensor:
            return self.encoder["rnn"](batch)[0].sum()

    model = Lightning(random_module("gru")).train()
    with watch(model) as seen:
        model.training_step(random_sequences([4])[0], 0).backward()
    assert seen["encoder.rnn"][0].trace().layer()["z"].shape == (4, 7)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize("how", ["function", "method"])
def test_a_compiled_model(how: str) -> None:
    cell, _ = cell_and_module("gru")
    model, x = Loop(cell), torch.stack(random_sequences([4, 4]), 1)
    plain, _ = model(x)
    torch._dynamo.reset()
    compiled: Any = model
    if how == "function":
        compiled = torch.compile(model, backend="eager")
    else:
        model.compile(backend="eager")
    seen, (returned, _) = watched(compiled, x)
    assert torch.equal(plain, returned)
    assert error(seen["cell"][0].trace(1).layer()["h"], plain[:, 1].detach().numpy()) < 2e-6
    torch._dynamo.reset()
    compiled(x)
    with pytest.warns(UserWarning, match="the model is compiled, and its compiled code may run without hooks"):
        assert torch.equal(watched(compiled, x)[1][0], plain)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_scripted_module_is_named_with_what_to_do() -> None:
    scripted = torch.jit.script(random_module("lstm"))  # type: ignore[no-untyped-call]
    model = nn.ModuleDict({"a": scripted, "b": random_module("gru")})
    with watch(model) as seen:
        model["b"](random_sequences([3])[0])
    why = "this LSTM is scripted, and takes no hooks: watch the Python model that it was made from"
    assert f"a was not watched: {why}" in seen.notes
    with pytest.raises(KeyError, match="'a' was not watched: this LSTM is scripted"):
        seen["a"]
    with pytest.raises(ValueError, match="can be watched; the model: this LSTM is scripted"), watch(scripted):
        pass


def test_packed_input_is_kept_whole() -> None:
    module, x = random_module("gru"), packed(random_sequences([2, 5]))
    run = watched(module, x)[0][""][0]
    assert isinstance(run.replay().x, PackedSequence)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [len(each) for each in trace_module(*run.replay())] == [2, 5]
