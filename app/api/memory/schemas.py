"""The shapes of requests for memory and cost, and of their answers; OpenAPI is made from them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...recurrent.cells import CellName
from ...recurrent.memory.altered import LEAST, MOST
from ...recurrent.memory.attribution import Quantity
from ...recurrent.memory.plan import LossSteps, MemoryPart
from ..wire.schemas import CellLayerInfo, Choice, Encoding, StepOptions, TextAnswer, TypedArray

WeightsChoice = Literal["trained", "untrained", "untrained, forget bias 1", "untrained, as it started"]

Row = list[float | None]
Logarithms = Annotated[
    list[Row] | TypedArray,
    Field(
        description="(n, n) for the n steps answered: base-10 logarithms, row t for what depends, column k for what it "
        "depends on. null (in base64 NaN) where the derivative is exactly 0, or no path leads from k to t."
    ),
]


class MemoryBody(StepOptions):
    """What to measure of memory and gradients, over which text."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    parts: Choice[MemoryPart] = Field(
        None,
        description="What is wanted; null: all but `occlusion`. `states` ‖∂s_t/∂s_k‖; `inputs` ‖∂h_t/∂x_k‖ and "
        "the half-life; `spectral` the largest singular values at `step`; `words` ‖∂(output at t)/∂(embedding of word "
        "k)‖; `attribution` each word's share in an output at `step`; `occlusion` what that output loses without each "
        "word; `loss` the gradient of a loss through time, before and after clipping; `time_scales`; `saturation`; "
        "`spectra` of the recurrent weights.",
    )
    alpha: float = Field(1.0, ge=LEAST, le=MOST, description="Factor on the recurrent weights, W_hh of all layers.")
    weights: WeightsChoice = Field(
        "trained",
        description="The model's weights, or those of an untrained network of the same form: as PyTorch initialises "
        "a network; the same with the two biases of an LSTM's forget gates summing to 1; or as the training run of "
        "this model started, by the `start` of its config.json.",
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**63,
        description="Seed of the untrained weights. Left out, weights as the model started have that of its training "
        "run.",
    )
    step: int | None = Field(
        None,
        ge=0,
        description="The step that `spectral`, `attribution` and `occlusion` look back from; null: the last one "
        "wanted.",
    )
    output: int | None = Field(
        None,
        ge=0,
        description="The output that `words`, `attribution` and `occlusion` are about, by its place in the model card. "
        "null: `words` are about all outputs at once, the others about the most probable one at `step`.",
    )
    quantity: Quantity = Field(
        "probability", description="What is differentiated: the probability of an output, or its logit."
    )
    target: int | None = Field(
        None,
        ge=0,
        description="The class that the loss takes as right: an output; of a single output 1 or 0. null: for a model "
        "that predicts the next token, the token that comes next; otherwise what the network itself concludes.",
    )
    loss: LossSteps | None = Field(
        None,
        description="Cross-entropy after the last judged step, or its mean over all. A step is not judged if its next "
        "token has no output: the unknown one may lack it. Of outputs with a probability each (sigmoid), only that of "
        "the next token is judged. null: `every` for next tokens, `last` for a class.",
    )
    clip: float = Field(1.0, gt=0, description="Largest norm that clipping leaves the gradient of the parameters.")
    encoding: Encoding = Field("numbers", description="Matrices as nested numbers, or as typed arrays in base64.")


class StateMemory(BaseModel):
    """How states depend on earlier states."""

    log10_norms: Logarithms = Field(description="‖∂s_t/∂s_k‖ (Frobenius); s is h, of an LSTM h and c.")
    log10_kept: Logarithms | None = Field(
        description="The same with gates and candidate held constant: the norm over all units of ∏ f (LSTM) or "
        "∏ z (GRU). null: a plain RNN has no such path."
    )


class InputMemory(BaseModel):
    """How the hidden state depends on earlier inputs of its layer: comparable between cells."""

    log10_norms: Logarithms = Field(description="‖∂h_t/∂x_k‖ (Frobenius).")
    log10_medians: Row = Field(description="(n,): the median over t at each distance, from 0.")
    half_life: int | None = Field(
        description="First distance at which the median is under half of that at distance 1, in steps; null: it is "
        "not, within the text."
    )


class TimeScales(BaseModel):
    """For how long each unit keeps: τ = 1 / (1 − m), m the geometric mean of its gate."""

    activation: str = Field(description="Letter of the gate: f of an LSTM, z of a GRU.")
    tau: Row = Field(description="(H,): τ over the whole text, in steps, at least 1; null: more than the text has.")
    ranking: list[int] = Field(description="(H,): the units, the slowest first.")
    along: Annotated[
        list[Row] | TypedArray,
        Field(description="(n, H): τ of the text up to each step, in steps; null (in base64 NaN) as in `tau`."),
    ]


class GateSaturation(BaseModel):
    """How often each unit of a gate is nearly shut or wide open: shares of steps, in [0, 1]."""

    activation: str = Field(description="Letter of the gate.")
    left: list[float] = Field(description="(H,): share of the text's steps below 0.1.")
    right: list[float] = Field(description="(H,): share of the text's steps above 0.9.")
    usual_left: list[float] | None = Field(
        description="(H,): the same over held-out text, with the trained weights. null: not measured."
    )
    usual_right: list[float] | None = Field(description="(H,): as `usual_left`, above 0.9.")


class BlockSpectrum(BaseModel):
    """One recurrent matrix, alpha included."""

    block: str = Field(description="Letter of the gate or candidate that it leads to; h of a plain RNN.")
    largest_singular_value: float = Field(ge=0, description="The most that it stretches a state in one step.")
    spectral_radius: float = Field(ge=0, description="How much it stretches a state per step in the long run.")


class LayerMemory(CellLayerInfo):
    """One layer in one direction. What was not asked for is left out."""

    states: StateMemory | None = Field(None, description="States by states.")
    inputs: InputMemory | None = Field(None, description="Hidden states by inputs.")
    log10_spectral: Row | None = Field(None, description="(n,): largest singular value of ∂s_t/∂s_k, t = `step`.")
    log10_loss: Row | None = Field(None, description="(n,): ‖∂L/∂h_t‖, on all paths from h_t to the loss.")
    time_scales: TimeScales | None = Field(None, description="Also left out for a plain RNN.")
    saturation: list[GateSaturation] | None = Field(None, description="Gate by gate.")
    spectra: list[BlockSpectrum] | None = Field(None, description="Block by block of W_hh.")


class WordMemory(BaseModel):
    """How outputs depend on words."""

    output: str | None = Field(description="The output; null: all, by the Frobenius norm.")
    log10_norms: Logarithms = Field(description="‖∂(output at t)/∂(embedding of word k)‖.")


class Attribution(BaseModel):
    """Each word's share in one output at one step."""

    step: int = Field(ge=0, description="The step of the output.")
    output: str = Field(description="The output.")
    log10_gradient: Row = Field(description="(n,): norm of its gradient by each word's embedding.")
    gradient_times_input: Row = Field(description="(n,): gradient × embedding: the share to first order.")
    integrated_gradients: Row = Field(
        description="(n,): integrated gradients from embeddings of zeros (Sundararajan, Taly & Yan 2017)."
    )
    difference: float | None = Field(
        description="The output, minus that for embeddings of zeros: what the shares of all words add up to."
    )
    gap: float | None = Field(description="What their sum misses of `difference`: the error of the quadrature.")
    points: int = Field(ge=1, description="Points of the quadrature.")


class Occlusion(BaseModel):
    """What one output at one step loses if the embedding of each word in turn is set to zeros."""

    step: int = Field(ge=0, description="The step of the output.")
    output: str = Field(description="The output.")
    losses: Row = Field(description="(n,): the output, less that without the word. They do not add up to anything.")


class Learning(BaseModel):
    """What the network would learn from the text: the gradient of all parameters, as in a step of training."""

    target: str | None = Field(description="The class taken as right; null: the next token.")
    loss: float | None = Field(description="The loss, in nats.")
    log10_norm: float | None = Field(description="Norm of the gradient before clipping; null: exactly 0.")
    log10_clipped: float | None = Field(
        description="The same after clipping. Clipping limits what explodes; it cannot restore what vanished."
    )
    clip: float = Field(gt=0, description="The largest norm that clipping leaves.")


class MemoryAnswer(TextAnswer):
    """How far back a network remembers, and where its gradients go. What was not asked for is left out."""

    alpha: float = Field(description="Factor on the recurrent weights.")
    weights: WeightsChoice = Field(description="Which weights.")
    layers: list[LayerMemory] = Field(description="Layer by layer, forward before backward.")
    words: WordMemory | None = Field(None, description="Outputs by words.")
    attribution: Attribution | None = Field(None, description="Shares of the words in one output.")
    occlusion: Occlusion | None = Field(None, description="What that output loses without each word.")
    learning: Learning | None = Field(
        None,
        description="The gradient of the parameters, with `loss`; left out where no step has a next token to judge.",
    )


class EngineTime(BaseModel):
    """The measured time of a step forward: quartiles over rounds in which the engines took turns."""

    engine: Literal["ours", "torch"] = Field(
        description="`ours` keeps every activation; `torch` is PyTorch's fused module, which keeps only h."
    )
    lower: float = Field(ge=0, description="Lower quartile, in seconds a step.")
    median: float = Field(ge=0, description="Median, in seconds a step.")
    upper: float = Field(ge=0, description="Upper quartile, in seconds a step.")
    rounds: int = Field(ge=1, description="How often it was measured.")


class CostAnswer(BaseModel):
    """What a step through the recurrent layers costs: counted, and measured on this machine just now, forward only."""

    model: str = Field(description="The model.")
    cell: CellName = Field(description="The recurrent cell.")
    recurrent_parameters: int = Field(ge=1, description="Parameters of the recurrent layers.")
    multiply_adds: int = Field(ge=1, description="Multiply-adds of a step's matrix products.")
    tensor_operations: int = Field(
        ge=1,
        description="Operations on whole tensors, without views, in the equations of a step as they are written. A "
        "fused program executes fewer: this is not what a CPU does.",
    )
    steps: int = Field(ge=1, description="T of the sequence that was measured.")
    threads: int = Field(ge=1, description="CPU threads that PyTorch may use.")
    times: list[EngineTime] = Field(description="Engine by engine; PyTorch has no GRU that resets before the product.")
