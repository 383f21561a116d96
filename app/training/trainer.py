"""The trainer that serves every task: it knows how networks learn, and nothing about what they learn."""

import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.optim.swa_utils import AveragedModel

from ..recurrent.memory.altered import as_pytorch_initialises
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.stepped_module import States
from ..store.fields import Start
from .checkpoint import Checkpoint, Snapshot


class Batch(NamedTuple):
    """Sequences of token ids, and what the network should say about them."""

    ids: Tensor  # (B, T)
    lengths: Tensor | None  # (B,); None where all have T
    targets: Tensor  # of the shape that the objective's loss expects
    follows: bool = False  # whether each sequence continues the one in the same row of the previous batch


class Objective(Protocol):
    """What is learned: batches of training data, and the loss."""

    def epoch(self, batch_size: int, generator: torch.Generator) -> Sequence[Batch]:
        """Return all training data once, in an order drawn from ``generator``."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the scalar to minimise for the logits (B, T, outputs) of a batch."""


@dataclass(frozen=True, kw_only=True)
class Recipe(Start):
    """How it is learned, and from which start. The defaults suit sentences of words."""

    epochs: int
    batch_size: int = 64
    learning_rate: float = 4e-3  # of AdamW at the first step; a half cosine takes it to 0
    weight_decay: float = 1e-4
    cell_decay: float = 0.0  # weight in the loss of the mean square of an LSTM's c where a batch ends
    clip: float = 1.0  # largest norm of the gradient
    dropout: float = 0.3  # of the embedded tokens and of what the head reads
    unknown: float = 0.1  # share of the tokens that are replaced by the unknown token
    patience: int = 0  # epochs in a row without a better network after which the run ends; 0: it never does
    averaged: float = 0.0  # share of the run, at its end, over whose steps the weights are averaged; 0: they are not
    keep_best: bool = True  # whether to keep the network of the epoch that was judged best, or that of the last epoch


Report = Callable[[float, float], None]  # share of the run that is done; loss of the last batch
Judge = Callable[[Network], float]  # how far from what is wanted, on data that are not learned from; lower is better


def train(
    config: NetworkConfig,
    objective: Objective,
    recipe: Recipe,
    seed: int,
    report: Report = lambda *_: None,
    judge: Judge | None = None,
    checkpoint: Checkpoint | None = None,
) -> Network:
    """Train a network of ``config`` on ``objective``; the same seed gives the same bits on the same machine.

    With ``judge`` the network of the epoch that was judged best is returned, unless ``recipe`` keeps the last one;
    without, that of the last epoch. A run that was stopped goes on from ``checkpoint`` to the same bits as if it had
    not been. Raises CheckpointError if the checkpoint cannot be read or belongs to another run, and OSError if it
    cannot be written.
    """
    with one_thread(), torch.random.fork_rng(devices=[]):
        network = fresh(config, recipe, seed)
        run = _Run(network, objective, recipe, torch.Generator().manual_seed(seed), judge)
        _fit(run, report, checkpoint, asdict(config) | asdict(recipe) | {"seed": seed})
    return network.eval().requires_grad_(requires_grad=False)


def fresh(config: NetworkConfig, start: Start, seed: int) -> Network:
    """Return a network of ``config`` before its first step; PyTorch's random numbers go on where its own end."""
    torch.manual_seed(seed)
    network = Network(config)
    initialise(network, start)
    return network


@lru_cache(maxsize=16)
def started(config: NetworkConfig, start: Start, seed: int) -> Network:
    """Return the network that a training run with ``start`` and ``seed`` begins with: the bits of ``fresh``.

    PyTorch's global generator is not used. The result is cached, and must not be changed.
    """
    generator = torch.Generator().manual_seed(seed)
    network = as_pytorch_initialises(config, generator)
    initialise(network, start, generator)
    return network


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: sums over several round differently from run to run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@torch.no_grad()
def initialise(network: Network, start: Start, generator: torch.Generator | None = None) -> None:
    """Set a small embedding, orthogonal recurrent matrices, a block each, and open forget gates; the rest is PyTorch's.

    PyTorch adds two biases: those of a forget gate start at 1 in sum (Jozefowicz et al. 2015), or with ``chrono`` at
    log(u), u uniform between 1 and that length, and those of the input gate at −log(u). Its embedding starts at a
    standard deviation of 1, from which rare words hardly move in the few steps that they get. Random numbers come from
    ``generator``; None: PyTorch's global one.
    """
    nn.init.normal_(network.require_embedding().weight, std=start.embedding_spread, generator=generator)
    cell = network.config.cell_definition
    blocks, keeps, writes = cell.blocks, cell.open_bias, cell.opposite_bias
    sign = cell.memory.sign if cell.memory else 1  # of a bias that keeps
    for layer, direction in network.layers():
        weights = network.weights(layer, direction)
        for block in weights.w_hh.chunk(len(blocks)) if cell.has_recurrent_weights else []:
            nn.init.orthogonal_(block, generator=generator)
        if keeps and weights.b_ih is not None:
            b_ih = dict(zip(blocks, weights.b_ih.chunk(len(blocks)), strict=True))
            b_ih[keeps].fill_(sign * start.forget_bias)
            if start.chrono:
                b_ih[keeps].uniform_(1, max(start.chrono - 1, 1), generator=generator).log_().mul_(sign)
                if writes:
                    b_ih[writes].copy_(-b_ih[keeps])
            if weights.b_hh is not None:
                for letter, bias in zip(blocks, weights.b_hh.chunk(len(blocks)), strict=True):
                    if letter == keeps or (start.chrono and letter == writes):
                        bias.zero_()


class _Run:
    """A run under way: everything that it needs to go on from where it stands."""

    def __init__(
        self, network: Network, objective: Objective, recipe: Recipe, generator: torch.Generator, judge: Judge | None
    ) -> None:
        self.network, self.objective, self.recipe, self.generator, self.judge = (
            network,
            objective,
            recipe,
            generator,
            judge,
        )
        self.optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
        self.mean = AveragedModel(network) if recipe.averaged else None  # of the weights (Izmailov et al. 2018)
        self.epoch, self.number = 0, 0  # of the next batch
        self.drawn_from = generator.get_state()  # what the batches of this epoch were drawn from
        self.carried: States | None = None  # where the sequences of the last batch ended
        self.best, self.best_weights, self.stale = math.inf, network.state_dict(), 0

    def batches(self) -> Sequence[Batch]:
        """Return the batches of this epoch."""
        self.generator.set_state(self.drawn_from)
        return self.objective.epoch(self.recipe.batch_size, self.generator)

    def learn(self, batch: Batch, done: float) -> float:
        """Take one step on ``batch``, when the share ``done`` of the run is over; return the loss before it.

        The cell state of an LSTM has no bound. Where it has run away, tanh(c) is flat: no error reaches the gates any
        more, and only a penalty on c itself brings it back (compare Krueger & Memisevic 2016).
        """
        recipe = self.recipe
        self.optimiser.param_groups[0]["lr"] = recipe.learning_rate * (1 + math.cos(math.pi * done)) / 2
        logits, last = _noisy_logits(self.network, batch, recipe, self.carried if batch.follows else None)
        self.carried = (last[0].detach(), last[1].detach()) if isinstance(last, tuple) else last.detach()
        loss = self.objective.loss(logits, batch)
        penalty = recipe.cell_decay * last[1].square().mean() if isinstance(last, tuple) and recipe.cell_decay else 0
        self.optimiser.zero_grad()
        (loss + penalty).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip)
        self.optimiser.step()
        if self.mean is not None and done >= 1 - recipe.averaged:
            self.mean.update_parameters(self.network)
        return loss.item()

    def end_epoch(self) -> None:
        """Go on to the next epoch; with a judge, note the best network, and end the run when patience runs out."""
        self.epoch, self.number, self.drawn_from = self.epoch + 1, 0, self.generator.get_state()
        if self.mean is not None and self.mean.n_averaged and self.epoch == self.recipe.epochs:
            self.network.load_state_dict(self.mean.module.state_dict())
        if self.judge is None:
            return
        self.network.eval()
        value = self.judge(self.network)
        self.network.train()
        self.stale += 1
        if value < self.best:
            self.best, self.stale = value, 0
            self.best_weights = {name: weight.clone() for name, weight in self.network.state_dict().items()}
        if 0 < self.recipe.patience <= self.stale or self.epoch == self.recipe.epochs:
            self.epoch = self.recipe.epochs
            if self.recipe.keep_best:
                self.network.load_state_dict(self.best_weights)

    def snapshot(self) -> Snapshot:
        """Return the state of the run, for ``restore``."""
        kept = {name: getattr(self, name) for name in _KEPT}
        parts = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        means = {} if self.mean is None else {"mean": self.mean.state_dict()}
        return kept | parts | means | {"random": torch.get_rng_state()}

    def restore(self, snapshot: Snapshot) -> None:
        """Put the run in the state that ``snapshot`` holds."""
        for name in _KEPT:
            setattr(self, name, snapshot[name])
        self.network.load_state_dict(snapshot["network"])
        self.optimiser.load_state_dict(snapshot["optimiser"])
        if self.mean is not None:
            self.mean.load_state_dict(snapshot["mean"])
        torch.set_rng_state(snapshot["random"])


_KEPT = ("epoch", "number", "drawn_from", "carried", "best", "best_weights", "stale")


def _fit(run: _Run, report: Report, checkpoint: Checkpoint | None, options: Mapping[str, Any]) -> None:
    if checkpoint is not None and (snapshot := checkpoint.read(options)) is not None:
        run.restore(snapshot)
    epochs = run.recipe.epochs
    while run.epoch < epochs:
        batches = run.batches()
        for number in range(run.number, len(batches)):
            done = (run.epoch + number / len(batches)) / epochs
            with _uninterrupted():
                report(done, run.learn(batches[number], done))
                run.number = number + 1
                if checkpoint is not None:
                    checkpoint.keep(options, run.snapshot)
        run.end_epoch()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait for the end: it would strike in the middle of PyTorch's work, or of what ``report`` draws."""
    if threading.current_thread() is not threading.main_thread():  # no other thread gets it
        yield
        return
    pressed = []
    usual = signal.signal(signal.SIGINT, lambda *which: pressed.append(which))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if pressed and callable(usual):
        usual(*pressed[0])


def _noisy_logits(network: Network, batch: Batch, recipe: Recipe, initial: States | None) -> tuple[Tensor, States]:
    """Return logits (B, T, outputs), with words hidden and dropout at both ends of the network, and the last states."""
    hidden = torch.rand(batch.ids.shape) < recipe.unknown
    x = dropout(network.require_embedding()(batch.ids.masked_fill(hidden, 0)), recipe.dropout)  # (B, T, E)
    h, last = network.states(x, batch.lengths, initial)
    return network.read(dropout(h, recipe.dropout)), last
