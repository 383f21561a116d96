"""A module that does something else than torch.nn when it is called is refused; whatever does the same is traced."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from gatescope import Trace, trace_module
from torch import Tensor, nn

from .torch_modules import bytes_of, each_engine, error_against_torch, packed, random_module, random_sequences

STEPS = 9


class Doubled(nn.LSTM):
    """Has a forward pass of its own, which doubles the outputs."""

    def forward(self, x: Tensor, hx: Any = None) -> Any:  # type: ignore[override]
        outputs, states = super().forward(x, hx)
        return 2 * outputs, states


class Named(nn.LSTM):
    """Has no forward pass of its own."""


class Calling(nn.GRU):
    """Has a forward pass that only calls that of torch.nn."""

    def forward(self, x: Tensor, hx: Any = None) -> Any:  # type: ignore[override]
        return super().forward(x, hx)


class Looped(nn.GRU):
    """Steps through time in Python, with the sums in another order than torch.nn has them."""

    def forward(self, x: Tensor, hx: Any = None) -> Any:  # type: ignore[override]
        batch = x if x.dim() == 3 else x[:, None]
        h = batch.new_zeros(batch.shape[1], self.hidden_size) if hx is None else hx.reshape(-1, self.hidden_size)
        w_ih, w_hh, b_ih, b_hh = self._flat_weights
        outputs = []
        for x_t in batch:
            x_r, x_z, x_n = (x_t @ w_ih.T + b_ih).chunk(3, dim=-1)
            h_r, h_z, h_n = (h @ w_hh.T + b_hh).chunk(3, dim=-1)
            r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
            h = z * h + (1 - z) * torch.tanh(x_n + r * h_n)
            outputs.append(h)
        stacked = torch.stack(outputs)
        return (stacked, h[None]) if x.dim() == 3 else (stacked[:, 0], h)


class OnlyOutputs(nn.LSTM):
    """Returns no states."""

    def forward(self, x: Tensor, hx: Any = None) -> Any:  # type: ignore[override]
        return super().forward(x, hx)[0]


class Shorter(nn.RNN):
    """Leaves the last step out."""

    def forward(self, x: Tensor, hx: Any = None) -> Any:  # type: ignore[override]
        outputs, states = super().forward(x, hx)
        return outputs[:-1], states


class Failing(nn.RNN):
    """Cannot be called."""

    def forward(self, x: Tensor, hx: Any = None) -> Any:  # type: ignore[override]
        raise NotImplementedError("not yet")


def replaced(module: nn.RNNBase) -> nn.RNNBase:
    plain = module.forward
    module.forward = lambda x, hx=None: plain(x + 1, hx)  # type: ignore[method-assign]
    return module


def hooked(hook: Callable[..., Any], module: nn.RNNBase | None = None, *, before: bool = False) -> nn.RNNBase:
    module = module or random_module("gru")
    (module.register_forward_pre_hook if before else module.register_forward_hook)(hook)
    return module


def scale_output(module: nn.Module, args: Any, result: Any) -> Any:
    return 1.5 * result[0], result[1]


def change_last_step(module: nn.Module, args: Any, result: Any) -> Any:
    outputs = result[0].clone()
    outputs[-1] += 0.01
    return outputs, result[1]


def change_last_states(module: nn.Module, args: Any, result: Any) -> Any:
    return result[0], result[1] + 1e-3


def shift_input(module: nn.Module, args: Any) -> Any:
    return args[0] + 0.1, *args[1:]


DIFFERENT: dict[str, tuple[Callable[[], nn.RNNBase], str, str]] = {
    # module, what a call does, why
    "a forward of its own": (
        lambda: Doubled(5, 7),
        "this Doubled differs from torch.nn with the same weights, from step 0 on, by up to 0.",
        "(Doubled has a forward of its own)",
    ),
    "a replaced forward": (
        lambda: replaced(random_module("lstm")), "this LSTM differs", "(its forward was replaced)"
    ),
    "a hook on the outputs": (lambda: hooked(scale_output), "from step 0 on", "(forward hooks: scale_output)"),
    "a hook on the last step": (
        lambda: hooked(change_last_step), "from step 8 on, by up to 0.01", "(forward hooks: change_last_step)"
    ),
    "a hook on the states": (
        lambda: hooked(change_last_states), "in its last states, by 0.001", "(forward hooks: change_last_states)"
    ),
    "a hook on the input": (
        lambda: hooked(shift_input, before=True), "from step 0 on", "(forward hooks: shift_input)"
    ),
    "outputs without states": (
        lambda: OnlyOutputs(5, 7), "returns a Tensor, not outputs and states", "(OnlyOutputs has a forward of its own)"
    ),
    "fewer steps": (
        lambda: Shorter(5, 7), "returns outputs and states of shapes [(8, 1, 7), (1, 7)]", "(Shorter has a forward"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "what", "why"), DIFFERENT.values(), ids=DIFFERENT.keys())
@pytest.mark.parametrize("batched", [False, True], ids=["one", "batch"])
def test_a_module_whose_call_does_something_else_is_refused_with_the_reason(
    make: Callable[[], nn.RNNBase], what: str, why: str, batched: bool
) -> None:
    module, (x,) = make(), random_sequences([STEPS])
    if batched:
        x, what = torch.stack([x, x.flip(0)], dim=1), what.split("[")[0]
    with pytest.raises(ValueError, match=f"{re.escape(what)}.*{re.escape(why)}.*pass check=False"):
        trace_module(module, x)
    unchecked = trace_module(module, x, check=False)
    plain = random_module({nn.LSTM: "lstm", nn.GRU: "gru", nn.RNN: "rnn"}[_base(module)])
    plain.load_state_dict(module.state_dict())
    ours = [unchecked] if isinstance(unchecked, Trace) else list(unchecked)
    sequences = [x] if x.dim() == 2 else list(x.unbind(1))
    assert error_against_torch(plain, ours, packed(sequences)) <= 1e-6


def _base(module: nn.RNNBase) -> type:
    return next(kind for kind in (nn.LSTM, nn.GRU, nn.RNN) if isinstance(module, kind))


def test_a_hook_on_all_modules_counts() -> None:
    module, (x,) = random_module("gru"), random_sequences([STEPS])
    handle = nn.modules.module.register_module_forward_hook(scale_output)
    try:
        with pytest.raises(ValueError, match=r"differs from torch.* \(forward hooks on all modules\)"):
            trace_module(module, x)
    finally:
        handle.remove()
    trace_module(module, x)


def test_what_cannot_be_traced_is_refused_before_a_call() -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("it was called")

    module = hooked(refuse, before=True)
    for x, message in ((torch.zeros(0, 5), "x has no steps"), (torch.zeros(4, 6), "with E = 5"), (None, "a NoneType")):
        with pytest.raises((TypeError, ValueError), match=message):
            trace_module(module, x)  # type: ignore[arg-type]
    assert list(trace_module(hooked(lambda *_: None), torch.zeros(4, 0, 5))) == []


def test_a_call_that_fails_says_how() -> None:
    message = "^a call of this Failing fails: NotImplementedError: not yet$"
    with pytest.raises(ValueError, match=message):
        trace_module(Failing(5, 7), random_sequences([STEPS])[0])


SAME: dict[str, Callable[[], nn.RNNBase]] = {
    "a subclass without forward": lambda: Named(5, 7),
    "a forward that calls the parent's": lambda: Calling(5, 7, num_layers=2, bidirectional=True),
    "a hook that returns None": lambda: hooked(lambda *_: None),
    "a pre-hook that returns None": lambda: hooked(lambda *_: None, before=True),
    "a loop in Python": lambda: Looped(5, 7),
    "an attribute of one's own": lambda: _with_attribute(),
}


def _with_attribute() -> nn.RNNBase:
    module: nn.RNNBase = random_module("lstm")
    module.note = "mine"
    return module


@pytest.mark.parametrize("make", SAME.values(), ids=SAME.keys())
@each_engine
def test_a_module_whose_call_does_the_same_is_traced(make: Callable[[], nn.RNNBase], engine: Any) -> None:
    module, (x,) = make(), random_sequences([STEPS])
    plain = _plain_copy(module)
    assert error_against_torch(plain, [trace_module(module, x, engine=engine)], packed([x])) <= 1e-6


def _plain_copy(module: nn.RNNBase) -> nn.RNNBase:
    options = {"num_layers": module.num_layers, "bidirectional": module.bidirectional}
    plain: nn.RNNBase = _base(module)(module.input_size, module.hidden_size, **options)
    plain.load_state_dict(module.state_dict())
    return plain


def test_a_compiled_module_is_read_without_compiling_it() -> None:
    module, (x,) = random_module("lstm"), random_sequences([STEPS])
    plain = bytes_of(trace_module(module, x))

    def refuse(*_: Any) -> Any:
        raise AssertionError("it was compiled")

    module.compile(backend=refuse)
    assert bytes_of(trace_module(module, x)) == plain
    named = Named(5, 7)
    named.compile(backend=refuse)
    trace_module(named, x)
    assert named._compiled_call_impl is not None


# What amplifies rounding: two correct engines in float32 are soon anywhere, and in float64 a little later.


def amplifying(kind: type[nn.RNNBase], steps: int = 2000) -> tuple[nn.RNNBase, Tensor]:
    generator = torch.Generator().manual_seed(0)
    module = kind(8, 16)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(4 * (2 * torch.rand(weight.shape, generator=generator) - 1))
    return module, torch.randn(steps, 8, generator=generator)


def test_two_correct_engines_part_in_a_network_that_amplifies() -> None:
    module, x = amplifying(nn.GRU)
    with torch.no_grad():
        gap = (module(x)[0] - _plain_copy(module).double()(x.double())[0]).abs()
    assert gap.max() > 1.9  # of at most 2


@pytest.mark.parametrize("kind", [Calling, Looped])
def test_a_right_trace_of_a_network_that_amplifies_is_not_refused(kind: type[nn.RNNBase]) -> None:
    module, x = amplifying(kind)
    traced = trace_module(module, x)
    assert bytes_of(traced) == bytes_of(trace_module(_plain_copy(module), x))


@pytest.mark.parametrize("kind", [nn.GRU, Calling, Looped])
def test_a_hook_on_the_last_step_of_a_network_that_amplifies_is_refused(kind: type[nn.RNNBase]) -> None:
    module, x = amplifying(kind)
    hooked(change_last_step, module)
    with pytest.raises(ValueError, match="differs from torch"):
        trace_module(module, x)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("form", ["batch", "batch first", "packed", "states"])
def test_a_loop_that_amplifies_is_compared_step_by_step_in_every_form(form: str, bidirectional: bool) -> None:
    """By hooks that turn off PyTorch's own kernel: two layers, both directions, sequences that differ in length."""
    module = nn.LSTM(4, 8, num_layers=2, bidirectional=bidirectional, batch_first=form == "batch first")
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(6 * (2 * torch.rand(weight.shape, generator=generator) - 1))
    sequences = [torch.randn(n, 4, generator=generator) for n in ((300, 300) if form != "packed" else (120, 300))]
    if form == "packed":
        x: Any = packed(sequences)
    else:
        x = torch.stack(sequences, dim=0 if form == "batch first" else 1)
    shape = (4 if bidirectional else 2, 2, 8)
    hx = (torch.rand(shape, generator=generator), torch.rand(shape, generator=generator)) if form == "states" else None

    def jitter(owner: nn.Module, args: Any) -> Any:
        """Stand for another correct engine: inputs that differ by rounding."""
        return _scaled(args[0], 1 + torch.finfo(owner.weight_ih_l0.dtype).eps), *args[1:]  # type: ignore[union-attr]

    module.register_forward_pre_hook(jitter)
    assert len(list(trace_module(module, x, hx))) == 2
    module.register_forward_hook(lambda _, __, result: (_scaled(result[0], 1 + 1e-7), result[1]))
    with pytest.raises(ValueError, match="differs from torch"):
        trace_module(module, x, hx)


def _scaled(x: Any, factor: float) -> Any:
    return x * factor if isinstance(x, Tensor) else x._replace(data=x.data * factor)


IN_FLOAT32 = (
    "cannot be run in float64: it was compared with torch.nn.GRU only in torch.float32, where a small difference"
)


class InFloat32(Looped):
    """Insists on a dtype."""

    def forward(self, x: Tensor, hx: Any = None) -> Any:  # type: ignore[override]
        assert x.dtype == torch.float32
        return super().forward(x, hx)


def from_step_10_on(module: nn.Module, args: Any, result: Any) -> Any:
    outputs = result[0].clone()
    outputs[10:] = 0
    return outputs, result[1]


def test_a_module_that_cannot_be_copied_is_compared_in_its_own_precision_and_says_so() -> None:
    module, x = amplifying(InFloat32)
    with pytest.warns(UserWarning, match=re.escape(f"this InFloat32 {IN_FLOAT32}")):
        traced = trace_module(module, x)
    assert bytes_of(traced) == bytes_of(trace_module(_plain_copy(module), x))
    for hook, step in ((from_step_10_on, 10), (scale_output, 0)):
        hooked(hook, module)
        with pytest.raises(ValueError, match=f"from step {step} on"):
            trace_module(module, x)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_call_that_is_rounded_to_bfloat16_within_is_refused_though_float64_agrees(kind: str) -> None:
    base = nn.LSTM if kind == "lstm" else nn.GRU

    class Mixed(base):  # type: ignore[misc, valid-type]
        def forward(self, x: Tensor, hx: Any = None) -> Any:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return super().forward(x, hx)

    with pytest.raises(ValueError, match="differs from torch"):
        trace_module(Mixed(5, 7), random_sequences([STEPS])[0])


@pytest.mark.parametrize(("dtype", "factor"), [(torch.bfloat16, 1.5), (torch.float16, 1.05)], ids=str)
def test_in_half_precision_too_a_difference_is_more_than_rounding(dtype: torch.dtype, factor: float) -> None:
    module = random_module("gru", dtype=dtype)
    module.register_forward_hook(lambda _, __, result: (factor * result[0], result[1]))
    (x,) = random_sequences([STEPS], dtype=dtype)
    with pytest.raises(ValueError, match="differs from torch"):
        trace_module(module, x)


def test_a_module_made_in_inference_mode_is_traced_with_its_hooks() -> None:
    with torch.inference_mode():
        module, (x,) = random_module("lstm"), random_sequences([STEPS])
    hooked(lambda *_: None, module)
    assert error_against_torch(module, [trace_module(module, x)], packed([x])) <= 1e-6


def test_a_module_that_cannot_be_copied_is_warned_of_where_the_call_was_made() -> None:
    class Unique(Looped):
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("there is one only")

    with pytest.warns(UserWarning, match="cannot be run in float64") as caught:
        trace_module(Unique(5, 7), random_sequences([STEPS])[0])
    assert caught[0].filename == __file__
    with pytest.raises(TypeError):
        copy.deepcopy(Unique(5, 7))
