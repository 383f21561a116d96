"""Modules inside a larger model that compute with edits."""

import asyncio
import copy
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import EditError, edit, freeze, hold, scale, trace_module
from serving import in_a_loop, in_a_thread
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence
from torch.utils.checkpoint import CheckpointError, checkpoint

from .engines import error
from .torch_modules import KINDS, each_kind, packed, random_module, random_sequences, random_states

HALF = {"letter": "h", "units": [1], "scale": 0.5}


class Tagger(nn.Module):
    """A model that holds a recurrent module, and a head of its own."""

    def __init__(self, rnn: nn.RNNBase, **others: nn.Module) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"rnn": rnn, **others})
        self.head = nn.Linear(rnn.proj_size or rnn.hidden_size, 2, dtype=rnn.weight_ih_l0.dtype)

    def forward(self, x: Any) -> Any:
        return self.head(self.encoder["rnn"](x)[0])


def outputs(returned: Any) -> list[Tensor]:
    """The tensors of what a module returns, padded."""
    h, states = returned
    padded = pad_packed_sequence(h)[0] if isinstance(h, PackedSequence) else h
    return [padded, *(states if isinstance(states, tuple) else (states,))]


def require_same(ours: Any, theirs: Any, tolerance: float = 2e-6) -> None:
    for a, b in zip(outputs(ours), outputs(theirs), strict=True):
        assert a.shape == b.shape
        assert error(a.detach().numpy(), b.detach().numpy()) <= tolerance


def inputs(form: str, module: nn.RNNBase) -> tuple[Any, Any]:
    sequences = random_sequences([3, 6, 6, 2] if form == "packed" else [5, 5])
    batch = [] if form == "single" else [len(sequences)]
    x: Any = {
        "single": lambda: sequences[0],
        "batch": lambda: torch.stack(sequences, dim=0 if module.batch_first else 1),
        "packed": lambda: packed(sequences),
    }[form]()
    return x, random_states(module, *batch)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("form", ["single", "batch", "packed"])
@pytest.mark.parametrize("batch_first", [False, True])
@each_kind
def test_without_effect_a_call_is_that_of_the_module(kind: str, batch_first: bool, form: str) -> None:
    """An edit that changes nothing shows that all else is computed as torch.nn does: states, order, packing, layers."""
    module = random_module(kind, num_layers=2, bidirectional=True, batch_first=batch_first)
    x, hx = inputs(form, module)
    for given in ((x,), (x, hx)):
        plain = module(*given)
        with edit(module, {"letter": "h", "scale": 1}):
            ours = module(*given)
        require_same(ours, plain)
        if isinstance(x, PackedSequence):
            assert torch.equal(ours[0].batch_sizes, plain[0].batch_sizes)
            assert torch.equal(ours[0].sorted_indices, plain[0].sorted_indices)
            assert error(ours[0].data.detach().numpy(), plain[0].data.detach().numpy()) <= 2e-6


@pytest.mark.parametrize("form", ["single", "batch", "packed"])
@each_kind
def test_the_head_of_a_model_answers_for_the_edited_run(kind: str, form: str) -> None:
    module = random_module(kind)
    model = Tagger(module)
    x, _ = inputs(form, module)
    if form == "packed":
        x = random_sequences([4])[0]
    edits = [HALF, freeze(steps=[2])]
    with edit(model, *edits) as same, torch.no_grad():
        assert same is model
        ours = model(x)
    traces = trace_module(module, x, edits=edits)
    h = np.stack([each.layer()["h"] for each in ([traces] if hasattr(traces, "layers") else traces)], axis=1)
    expected = model.head(torch.from_numpy(h.reshape(ours.shape[:-1] + h.shape[-1:])))
    assert error(ours.numpy(), expected.detach().numpy()) <= 2e-6
    assert not torch.equal(ours, model(x))


def test_edits_may_name_sequences_of_a_packed_batch() -> None:
    module, sequences = random_module("gru"), random_sequences([3, 6, 5])
    edits = [hold("z", 1, sequences=[1], steps=[4]), hold("r", 0, sequences=[0])]
    with edit(module, *edits):
        h, _ = pad_packed_sequence(module(packed(sequences))[0])
    for b, each in enumerate(trace_module(module, packed(sequences), edits=edits)):
        assert error(h[: len(each), b].detach().numpy(), each.layer()["h"]) <= 2e-6


def test_a_module_is_as_before_on_leaving_and_after_an_exception() -> None:
    module = random_module()
    before, [x] = dict(vars(module)), random_sequences([4])
    plain = module(x)[0]
    with edit(module, HALF):
        assert not torch.equal(module(x)[0], plain)
    with pytest.raises(ZeroDivisionError), edit(module, HALF):
        raise ZeroDivisionError
    assert dict(vars(module)) == before
    assert torch.equal(module(x)[0], plain)


def test_blocks_nest_and_the_inner_comes_last() -> None:
    module, [x] = random_module(), random_sequences([4])
    plain = module(x)[0]
    with edit(module, hold("h", 0.5, steps=[1])):
        outer = module(x)[0]
        with edit(module, scale("h", 0.5, steps=[1])):
            assert (module(x)[0][1] == 0.25).all()
            assert (trace_module(module, x).layer()["h"][1] == 0.25).all()  # type: ignore[union-attr]
        assert torch.equal(module(x)[0], outer)
    assert torch.equal(module(x)[0], plain)


def test_inside_a_block_trace_module_shows_the_edited_run() -> None:
    module, [x] = random_module(), random_sequences([4])
    with edit(module, hold("i", 0, steps=[3])):
        inside = trace_module(module, x, edits=[hold("f", 1, steps=[2])])
        hooked = copy.deepcopy(module)
        handle = module.register_forward_hook(lambda *_: None)  # which needs a call to be checked
        checked, unchecked = (
            trace_module(module, x, check=check, edits=[hold("f", 1, steps=[2])]) for check in (True, False)
        )
        handle.remove()
    for each in (inside, checked, unchecked):
        assert [str(one) for one in each.edits] == ["i@3=0", "f@2=1"]  # type: ignore[union-attr]
        assert not each.layer()["i"][3].any()  # type: ignore[union-attr]
        assert (each.layer()["f"][2] == 1).all()  # type: ignore[union-attr]
    assert torch.equal(hooked(x)[0], module(x)[0])  # a copy has no edits of its own
    assert trace_module(module, x).edits == ()  # type: ignore[union-attr]


def test_other_threads_compute_without_the_edits() -> None:
    """Fifty threads with edits of their own, and without, at once."""
    module, [x] = random_module(), random_sequences([6])
    plain = module(x)[0].detach()
    values = [None if n % 5 == 0 else n / 50 for n in range(50)]
    barrier = threading.Barrier(len(values))

    def run(value: float | None) -> list[Tensor]:
        barrier.wait()
        if value is None:
            return [module(x)[0].detach() for _ in range(5)]
        found = []
        for _ in range(5):
            with edit(module, hold("h", value, steps=[3])):
                found.append(module(x)[0].detach())
        return found

    with ThreadPoolExecutor(len(values)) as pool:
        for value, found in zip(values, pool.map(run, values), strict=True):
            for h in found:
                assert torch.equal(h, plain) if value is None else bool((h[3] == np.float32(value)).all())
    assert "forward" not in vars(module)


@pytest.mark.slow("finite differences of every input and weight", seconds=2)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_flow_through_the_edited_step(kind: str) -> None:
    """Against finite differences, by the input, the states and all weights."""
    module = random_module(kind, inputs=2, hidden=4, bidirectional=True).double()
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(3, 2, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    names = [name for name, _ in module.named_parameters()]
    edits = [hold("h", 0.3, units=[1], steps=[1]), scale("h", 0.5, steps=[1]), freeze(steps=[2], units=[0])]
    if kind == "lstm":
        edits += [{"couple": True, "steps": [0]}]  # type: ignore[list-item]

    def call(x: Tensor, *weights: Tensor) -> Tensor:
        with edit(module, *edits):
            h, _ = torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x,))
        return h

    weights = [weight.detach().requires_grad_() for weight in module.parameters()]
    assert torch.autograd.gradcheck(call, (x, *weights))


def test_of_several_modules_one_is_chosen_by_name() -> None:
    model = Tagger(random_module("gru"), other=random_module("lstm"))
    [x] = random_sequences([4])
    message = "^this Tagger holds several recurrent modules: choose one by module=… from encoder.rnn, encoder.other$"
    with pytest.raises(ValueError, match=message), edit(model, HALF):
        pass
    message = "^this Tagger holds no module 'rnn' to edit: it holds encoder.rnn, encoder.other$"
    with pytest.raises(ValueError, match=message), edit(model, HALF, module="rnn"):
        pass
    plain = model(x)
    with edit(model, hold("i", 0), module="encoder.other"):
        assert torch.equal(model(x), plain)
    with edit(model, hold("z", 0), module="encoder.rnn"):
        assert not torch.equal(model(x), plain)


class Own(nn.LSTM):
    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        return super().forward(2 * input, hx)


@pytest.mark.parametrize(
    ("model", "error_type", "message"),
    [
        (nn.Linear(2, 3), ValueError, "this Linear holds no torch.nn.LSTM, GRU or RNN: there is nothing to edit"),
        ("models/a", TypeError, "the model is a str, not a torch.nn.Module"),
        (
            Own(2, 3),
            ValueError,
            "a call of this Own does not run the forward of torch.nn.LSTM, inside which edits act (Own has a forward "
            "of its own): edit a plain module with its weights",
        ),
    ],
    ids=["no module", "a path", "its own forward"],
)
def test_what_cannot_be_edited_is_refused(model: Any, error_type: type[Exception], message: str) -> None:
    with pytest.raises(error_type) as raised, edit(model, HALF):
        pass
    assert str(raised.value) == message


def test_a_compiled_model_is_refused() -> None:
    module = random_module()
    compiled = torch.compile(module, backend="eager")
    module.compile(backend="eager")
    for model in (compiled, module, nn.Sequential(compiled)):
        message = r"^the model is compiled, and might compute without the edit"
        with pytest.raises(ValueError, match=message), edit(model, HALF):
            pass


def test_a_wrong_edit_is_refused_on_entering_and_a_wrong_step_in_the_call() -> None:
    module, [x] = random_module("gru"), random_sequences([4])
    with (
        pytest.raises(EditError, match=r"^edits\[0\].letter: a GRU has no forget gate 'f'"),
        edit(module, hold("f", 0)),
    ):
        pass
    with (
        edit(module, hold("z", 0, steps=[4])),
        pytest.raises(EditError, match=r"^edits\[0\].steps: there is no step 4"),
    ):
        module(x)
    assert "forward" not in vars(module)


def test_a_wrong_input_is_refused_as_torch_does() -> None:
    module = random_module("gru")
    for given in (
        (torch.zeros(4, 3),),
        (torch.zeros(4, 5), torch.zeros(2, 7)),
        (torch.zeros(1, 2, 3, 4),),
        (torch.zeros(0, 5),),
        (torch.zeros(0, 2, 5),),
    ):
        with pytest.raises(Exception) as theirs:  # noqa: PT011
            module(*given)
        with edit(module, HALF), pytest.raises(type(theirs.value)) as ours:
            module(*given)
        assert str(ours.value) == str(theirs.value)


def test_dropout_between_layers_acts_in_training() -> None:
    module = random_module("gru", num_layers=2, dropout=0.5)
    [x] = random_sequences([30])
    with edit(module, {"letter": "h", "scale": 1}):
        torch.manual_seed(0)
        one, two = module(x)[0], module(x)[0]
        assert not torch.equal(one, two)
        module.eval()
        assert torch.equal(module(x)[0], module(x)[0])


def test_a_batch_of_no_sequences_is_that_of_the_module() -> None:
    module, x = random_module(num_layers=2, bidirectional=True), torch.zeros(4, 0, 5)
    with edit(module, HALF):
        ours = module(x)
    assert [each.shape for each in outputs(ours)] == [each.shape for each in outputs(module(x))]


def block(module: nn.RNNBase, value: float) -> Iterator[None]:
    with edit(module, hold("h", value)):
        yield


def test_blocks_of_generators_may_be_left_in_any_order() -> None:
    module, [x] = random_module(), random_sequences([4])
    plain = module(x)[0]
    one, two = block(module, 0.25), block(module, 0.5)
    next(one), next(two)
    one.close()  # type: ignore[attr-defined]
    assert (module(x)[0] == 0.5).all()
    two.close()  # type: ignore[attr-defined]
    assert torch.equal(module(x)[0], plain)
    with edit(module, scale("h", 1)):
        assert [str(each) for each in trace_module(module, x).edits] == ["h:scale=1"]  # type: ignore[union-attr]


def test_a_block_may_be_left_in_another_thread() -> None:
    module, [x] = random_module(), random_sequences([4])
    plain, entered = module(x)[0], edit(module, hold("h", 0.25))
    entered.__enter__()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(entered.__exit__, None, None, None).result()
    assert torch.equal(module(x)[0], plain)
    assert trace_module(module, x).edits == ()  # type: ignore[union-attr]


@pytest.mark.parametrize("is_entered_first", [True, False])
def test_a_trace_in_another_thread_leaves_a_block_as_it_is(is_entered_first: bool) -> None:
    """To trace a module with hooks, its attributes are restored; the stand-in of a block is not among them."""
    module, [x] = random_module(), random_sequences([4])
    plain, block, seen = module(x)[0], edit(module, hold("h", 0.25)), []
    with ThreadPoolExecutor(1) as other:

        def enter() -> None:
            other.submit(block.__enter__).result()

        def leave() -> None:
            other.submit(block.__exit__, None, None, None).result()

        def meanwhile(*_: object) -> None:
            if not seen:
                seen.append(True)
                leave() if is_entered_first else enter()

        if is_entered_first:
            enter()
        handle = module.register_forward_hook(meanwhile)
        assert np.array_equal(trace_module(module, x).layer()["h"], trace_module(module, x, check=False).layer()["h"])  # type: ignore[union-attr]
        handle.remove()
        if not is_entered_first:
            assert (other.submit(module, x).result()[0] == 0.25).all()
            leave()
    assert "forward" not in vars(module)
    assert torch.equal(module(x)[0], plain)


def test_a_task_computes_with_the_edits_of_the_block_that_it_was_started_in_until_that_ends() -> None:
    module, [x] = random_module(), random_sequences([4])
    plain = module(x)[0]

    async def main() -> list[Tensor]:
        seen, ended = [], asyncio.Event()

        async def task() -> None:
            seen.append(module(x)[0])
            await ended.wait()
            seen.append(module(x)[0])

        async def other() -> None:
            with edit(module, hold("h", 0.5)):  # so that the module keeps its stand-in
                ended.set()
                await started

        with edit(module, hold("h", 0.25)):
            started = asyncio.create_task(task())
            await asyncio.sleep(0)
        await asyncio.create_task(other())
        return seen

    inside, after = in_a_loop(main())
    assert (inside == 0.25).all()
    assert torch.equal(after, plain)


def test_a_copy_made_within_a_block_is_a_plain_module() -> None:
    module, [x] = random_module(), random_sequences([4])
    plain = module(x)[0]
    with edit(module, HALF):
        copies = [copy.deepcopy(module), pickle.loads(pickle.dumps(module))]
        assert all(torch.equal(each(x)[0], plain) for each in copies)
    assert not any("forward" in vars(each) for each in copies)


# The forward pass and the backward pass of a checkpoint, with the edits that are in force in each.
EDITED, OTHER = scale("i", 0.25, steps=[2]), scale("i", 0.75, steps=[2])


def gradient(module: nn.RNNBase, x: Tensor, edits: list[Any], is_reentrant: bool | None, backward: list[Any]) -> Tensor:
    x = x.clone().requires_grad_()
    with edit(module, *edits):
        h = module(x)[0] if is_reentrant is None else checkpoint(lambda x: module(x)[0], x, use_reentrant=is_reentrant)
    with edit(module, *backward):
        h.square().sum().backward()
    assert x.grad is not None
    return x.grad


def test_a_checkpoint_never_gives_a_gradient_without_the_edits() -> None:
    """Its backward pass calls the module again: without the edits, or with others, that would be another function."""
    module, [x] = random_module().double(), random_sequences([4], dtype=torch.float64)
    expected = gradient(module, x, [EDITED], None, [])
    assert error(gradient(module, x, [EDITED], False, [EDITED]).numpy(), expected.numpy()) == 0
    for backward in ([], [OTHER], [EDITED, OTHER]):
        with pytest.raises(CheckpointError):
            gradient(module, x, [EDITED], False, backward)
        with pytest.raises(RuntimeError, match=r"^this LSTM is called within an autograd\.Function, such as a reent"):
            gradient(module, x, [EDITED], True, backward)
    assert error(gradient(module, x, [], True, []).numpy(), gradient(module, x, [], None, []).numpy()) == 0


@pytest.mark.parametrize("is_reentrant", [False, True])
def test_a_block_inside_a_checkpoint_gives_the_gradient_of_the_edited_run(is_reentrant: bool) -> None:
    module, [x] = random_module().double(), random_sequences([4], dtype=torch.float64)
    expected, x = gradient(module, x, [EDITED], None, []), x.requires_grad_()

    def edited(x: Tensor) -> Tensor:
        with edit(module, EDITED):
            return module(x)[0]

    checkpoint(edited, x, use_reentrant=is_reentrant).square().sum().backward()
    assert x.grad is not None
    assert error(x.grad.numpy(), expected.numpy()) == 0


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_an_edited_output_may_be_changed_in_place_and_differentiated_in_every_way() -> None:
    module = random_module(hidden=3).double()
    x = random_sequences([3], dtype=torch.float64)[0].requires_grad_()

    def h(x: Tensor) -> Tensor:
        return module(x)[0].mul_(2)

    with edit(module, EDITED):
        assert in_a_thread(lambda: torch.autograd.gradcheck(h, x, check_forward_ad=True))
        assert torch.autograd.gradgradcheck(h, x)
        jacobian = torch.func.jacrev(h)(x)
        assert error(jacobian.numpy(force=True), torch.autograd.functional.jacobian(h, x).numpy()) <= 1e-12
        assert error(torch.vmap(h)(x[None]).numpy(force=True)[0], h(x).numpy(force=True)) <= 1e-12
