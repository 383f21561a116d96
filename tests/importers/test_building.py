"""The network and the tokenizer of what was found: rows of the vocabulary, outputs, and what is left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.building import Built, build
from gatescope.importers.found import Found, ImportRefusedError
from gatescope.importers.state_dict import found_in
from gatescope.recurrent.tokenizer import CharacterTokenizer, WordTokenizer
from gatescope.recurrent.trace import Trace, trace
from gatescope.recurrent.trace_module import trace_module
from torch_files import Tagger, tagger

ANYWHERE = Request(Path("model.pt"))


def found(network: Tagger, vocabulary: list[str] | None = None, **answers: str) -> Found:
    return replace(found_in(network.state_dict(), ANYWHERE._replace(answers=answers), "PyTorch"), vocabulary=vocabulary)


def probabilities(network: Tagger, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return network(torch.tensor(ids)).softmax(-1)  # (T, outputs)


LETTERS = ["a", "b", "<pad>", "[UNK]", "c"]


def test_a_language_model_predicts_what_torch_does_with_the_unknown_token_moved_to_the_front() -> None:
    network = tagger(vocabulary=5, outputs=5)
    built = build(found(network, LETTERS))
    assert isinstance(built.tokenizer, CharacterTokenizer)
    assert built.tokenizer.vocabulary == ("<unk>", "a", "b", "<pad>", "c")
    assert built.outputs == ["a", "b", "<pad>", "<unk>", "c"]
    assert built.predicts_next
    outputs = trace(built.network, built.tokenizer("cab?")).outputs
    np.testing.assert_allclose(outputs, probabilities(network, [4, 0, 1, 3]), atol=1e-6)
    assert built.remarks == []


def test_a_vocabulary_without_an_unknown_token_reads_it_as_zeros() -> None:
    network = tagger(vocabulary=3, outputs=3)
    built = build(found(network, ["a", "b", "c"]))
    assert built.tokenizer is not None
    assert built.tokenizer.vocabulary == ("<unk>", "a", "b", "c")
    assert built.outputs == ["a", "b", "c"]
    assert built.remarks == ["the vocabulary has no unknown token: a token outside it is read as zeros"]
    with torch.no_grad():
        network.embedding.weight[0] = 0
    outputs = trace(built.network, built.tokenizer("bc?")).outputs
    np.testing.assert_allclose(outputs, probabilities(network, [1, 2, 0]), atol=1e-6)


def test_words_are_looked_up_in_lower_case() -> None:
    built = build(found(tagger(vocabulary=4), ["<unk>", "the", "Movie", "good"], function="sigmoid"))
    assert isinstance(built.tokenizer, WordTokenizer)
    assert built.outputs == ["output 0", "output 1", "output 2"]
    assert built.network.config.head == "sigmoid"
    assert built.remarks == [
        "tokens with capital letters are never read (1, such as 'Movie'): words are looked up in lower case",
        "the file does not name its outputs: they are numbered",
    ]


def reads_numbers(built: Built) -> bool:
    config = built.network.config
    return built.tokenizer is None and built.network.embedding is None and config.input_size == 5


def test_without_a_vocabulary_the_model_reads_numbers() -> None:
    built = build(found(tagger(vocabulary=4)))
    assert reads_numbers(built)
    assert built.remarks == [
        "the embedding (4 rows) is not imported, as the file has no vocabulary that says what its rows stand for: the "
        "model reads numbers; give the tokens in a vocabulary file to type text"
    ]
    assert (built.outputs, built.network.head) == ((), None), "the function of the head is not known"


@pytest.mark.parametrize("part", ["##ing", "\N{LOWER ONE EIGHTH BLOCK}the", "Ġthe", "play@@", "ing</w>"])
def test_parts_of_words_are_no_vocabulary_of_ours(part: str) -> None:
    built = build(found(tagger(vocabulary=4), ["[UNK]", "play", part, "the"]))
    assert reads_numbers(built)
    assert built.remarks[0].startswith(
        "the vocabulary is one of parts of words, which Gatescope does not split text into"
    )


def test_a_vocabulary_of_another_length_is_refused() -> None:
    with pytest.raises(ImportRefusedError, match=r"^the vocabulary has 2 tokens, but the embedding has 4 rows"):
        build(found(tagger(vocabulary=4), ["<unk>", "a"]))


def test_a_bias_that_only_some_layers_have_is_zero_in_the_others() -> None:
    one = found(tagger(num_layers=2))
    weights = one.layers[1]["forward"]
    layers = [one.layers[0], {"forward": weights._replace(b_ih=None, b_hh=None)}]
    network = build(replace(one, layers=layers)).network
    assert not network.recurrent.bias_ih_l1.any()
    assert torch.equal(network.recurrent.bias_ih_l0, one.layers[0]["forward"].b_ih)


def test_a_head_without_a_bias_has_one_of_zeros() -> None:
    network = tagger(vocabulary=5, outputs=5)
    state = {name: weight for name, weight in network.state_dict().items() if name != "fc.bias"}
    built = build(replace(found_in(state, ANYWHERE, "PyTorch"), vocabulary=LETTERS))
    assert built.network.head is not None
    assert not built.network.head.bias.any()


def test_a_projection_is_multiplied_into_the_weights_that_read_h() -> None:
    """Gates and cell states are those of the projected network, step by step; so is what the head gives."""
    network = tagger(vocabulary=5, outputs=5, num_layers=2, bidirectional=True, proj_size=3)
    one = found(network, LETTERS)
    built = build(one)
    assert built.network.recurrent.proj_size == 0
    assert built.remarks == [
        "the projection of h to 3 numbers is multiplied into the weights that read them: gates and cell states are the "
        "same, and h is shown before its projection"
    ]
    assert built.tokenizer is not None
    traced = trace(built.network, built.tokenizer("cab?"))
    with torch.inference_mode():
        x = network.embedding(torch.tensor([4, 0, 1, 3]))
    expected = trace_module(network.rnn, x)
    assert isinstance(expected, Trace)
    for ours, theirs in zip(traced.layers, expected.layers, strict=True):
        for letter in "ifgoc":
            np.testing.assert_allclose(ours[letter], theirs[letter], atol=1e-6)
    np.testing.assert_allclose(traced.outputs, probabilities(network, [4, 0, 1, 3]), atol=1e-6)
