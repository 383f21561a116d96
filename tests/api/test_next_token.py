"""What a model's outputs are about is stored with it, and the card and the loss go by that, whatever the sizes are."""

import math
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from gatescope.recurrent.network import Head
from gatescope.recurrent.tokenizer import Token
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.store.saving import save_model
from networks import random_network
from serving import LETTERS, client
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from .memory.asking import ask

TEXT = "ab?ba  b?a"  # with a character that the vocabulary does not hold


class Kind(NamedTuple):
    """What a model says, and what of that is written into its folder."""

    outputs: list[str]
    predicts_next: bool | None  # in config.json; None: nothing
    expected: bool
    head: Head = "softmax"


KINDS = {
    "vocabulary": Kind(["<unk>", "a", "b", " "], None, expected=True),
    "vocabulary, said": Kind(["<unk>", "a", "b", " "], True, expected=True),
    "without the unknown": Kind(["a", "b", " "], True, expected=True),
    "in another order": Kind(["b", " ", "<unk>", "a"], True, expected=True),
    "with an end": Kind(["a", "b", " ", "end"], True, expected=True),
    "each by itself": Kind(["a", "b", " ", "end"], True, expected=True, head="sigmoid"),
    "each by itself, vocabulary": Kind(["<unk>", "a", "b", " "], None, expected=True, head="sigmoid"),
    "as many classes as tokens": Kind(["bad", "fair", "good", "best"], None, expected=False),
    "as many classes as tokens, said": Kind(["bad", "fair", "good", "best"], False, expected=False),
    "classes named as tokens are": Kind(["<unk>", "a", "b", " "], False, expected=False),
    "tokens, but not all": Kind(["a", "b", " "], None, expected=False),
}
every = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def save(folder: Path, kind: Kind) -> Model:
    network = random_network(
        cell="gru", vocabulary_size=4, outputs=len(kind.outputs), head=kind.head, dtype=torch.float64, scale=2
    )
    about: dict[str, Any] = {"title": "M", "task": "t", "description": "d", "outputs": kind.outputs, "licence": "MIT"}
    if kind.predicts_next is not None:
        about["predicts_next"] = kind.predicts_next
    save_model(folder / "m", network, LETTERS, about)
    return load_model(folder / "m")


def losses_of_next(model: Model, tokens: list[Token], logits: torch.Tensor) -> list[torch.Tensor]:
    """The cross-entropy at the output that has the name of the next token, at each step where there is one."""
    names, losses = model.config.outputs, []
    for row, token in zip(logits, tokens[1:], strict=False):
        name = token.text if token.known else "<unk>"
        if name not in names:
            continue
        right = names.index(name)
        if model.network.config.head == "softmax":
            losses.append(cross_entropy(row, torch.tensor(right)))
        else:
            losses.append(binary_cross_entropy_with_logits(row[right], torch.ones((), dtype=torch.float64)))
    return losses


@every
@pytest.mark.parametrize("loss", [None, "every", "last"])
def test_the_loss_is_that_of_what_the_outputs_are_about(tmp_path: Path, kind: Kind, loss: str | None) -> None:
    model = save(tmp_path, kind)
    tokens = model.tokenizer(TEXT)
    network = deepcopy(model.network).requires_grad_()
    logits = network(torch.tensor([[token.id for token in tokens]]))[0]
    if kind.expected:
        losses = losses_of_next(model, tokens, logits)
        expected, target = losses[-1] if loss == "last" else torch.stack(losses).mean(), None
    else:
        right = int(logits[-1].argmax())
        each = [cross_entropy(row, torch.tensor(right)) for row in logits]
        expected, target = torch.stack(each).mean() if loss == "every" else each[-1], kind.outputs[right]
    expected.backward()
    norm = torch.nn.utils.get_total_norm([each.grad for each in network.parameters()])
    answer = ask(client(tmp_path, default_model="m"), "m", text=TEXT, parts=["loss"], loss=loss)
    learning = answer["learning"]
    assert learning["target"] == target
    assert learning["loss"] == pytest.approx(expected.item(), rel=1e-12)
    assert learning["log10_norm"] == pytest.approx(math.log10(norm), rel=1e-9)


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.expected], ids=str)
@pytest.mark.parametrize("loss", ["every", "last"])
def test_its_gradient_at_every_step_is_that_of_autograd(tmp_path: Path, kind: Kind, loss: str) -> None:
    model = save(tmp_path, kind)
    tokens = model.tokenizer(TEXT)
    cell, weights = model.network.config.cell_definition, model.network.weights(0, "forward")
    pushes = [torch.zeros(7, dtype=torch.float64, requires_grad=True) for _ in tokens]
    h, rows = torch.zeros(7, dtype=torch.float64), []
    for token, push in zip(tokens, pushes, strict=True):
        h = cell.step(model.network.embedding.weight[token.id], {"h": h}, weights)["h"] + push
        rows.append(model.network.read(h))
    losses = losses_of_next(model, tokens, torch.stack(rows))
    gradients = torch.autograd.grad(losses[-1] if loss == "last" else torch.stack(losses).mean(), pushes)
    answer = ask(client(tmp_path, default_model="m"), "m", text=TEXT, parts=["loss"], loss=loss)
    for given, gradient in zip(answer["layers"][0]["log10_loss"], gradients, strict=True):
        norm = gradient.norm().item()
        assert given == (pytest.approx(math.log10(norm), abs=1e-9) if norm else None)


@every
def test_the_card_says_what_the_outputs_are_about(tmp_path: Path, kind: Kind) -> None:
    model = save(tmp_path, kind)
    card = client(tmp_path, default_model="m").get("/api/v1/models/m").json()
    assert card["predicts_next"] == model.config.predicts_next == kind.expected
    names = [None if place is None else kind.outputs[place] for place in card["next_outputs"]]
    tokens = [name if name in kind.outputs else None for name in ("<unk>", "a", "b", " ")]
    assert names == (tokens if kind.expected else [])


@pytest.mark.parametrize("text", ["a", "?", "a??"])
def test_without_a_next_token_that_has_an_output_there_is_no_loss(tmp_path: Path, text: str) -> None:
    save(tmp_path, KINDS["without the unknown"])
    answer = ask(client(tmp_path, default_model="m"), "m", text=text, parts=["loss"])
    assert "learning" not in answer
    assert "log10_loss" not in answer["layers"][0]
