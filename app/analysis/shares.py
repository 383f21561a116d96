"""Compare each word's signed share of the logit with an experiment: keep the word from being written.

A share says what is left of what a word wrote, and what that adds to the logit. It does not say what would happen
without the word, because gates depend on earlier words. How far the two agree differs from network to network.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..recurrent.decomposition.measure import decompose
from ..recurrent.network import Network
from ..recurrent.precision import in_full_precision
from ..recurrent.ranking.measure import rank
from ..recurrent.tokenizer import Reader, Token
from ..recurrent.trace import FloatArray, trace
from ..store.fields import ShareAgreement
from .metrics import RESAMPLES, middle
from .units import correlation

EXCERPTS = 200  # that are measured, about
CONTEXT = 128  # most tokens of an excerpt that ends in the middle of its text
LARGE = 0.3  # |share| above which signs are compared: of smaller ones the sign says little


class Compared(NamedTuple):
    """What the words of a text do to the logit after its last one: two accounts."""

    shares: FloatArray  # (T,): signed shares of the logit
    effects: FloatArray  # (T,): the logit, less that of a run in which the word is kept from being written


class Excerpt(NamedTuple):
    """The part of a text that is read, up to a step that is asked for its logit."""

    text: int  # its place among the texts
    tokens: Sequence[Token]


def share_agreement(
    network: Network,
    read: Reader,
    texts: Sequence[Any],
    output: int | None = None,
    *,
    ends_anywhere: bool = False,
) -> ShareAgreement | None:
    """Return how far shares and effects agree over the words of ``excerpts`` of ``texts``; None if there are none.

    ``output`` is the number of an output, as ``decompose`` takes it.

    Raises NoPathError for a cell without a path of memory, OptionError if an output must be given, ValueError for a
    text without tokens, and OverflowError where a number overflows.
    """
    tokens = [read(text) for text in texts]
    words, text_of = [], list[int]()
    for excerpt in excerpts(tokens, ends_anywhere=ends_anywhere):
        words.append(compared(network, excerpt.tokens, output))
        text_of += [excerpt.text] * len(excerpt.tokens)
    if not words:
        return None
    return agreement_of(Compared(*map(np.concatenate, zip(*words, strict=True))), np.array(text_of))


def excerpts(texts: Sequence[Sequence[Token]], *, ends_anywhere: bool) -> Iterator[Excerpt]:
    """Yield about ``EXCERPTS`` texts, chosen at random; all of them if there are fewer.

    A network that says something after every token is asked in the middle of a text too: if ``ends_anywhere``, an
    excerpt ends before a token chosen at random, and begins at most ``CONTEXT`` tokens earlier. There are several from
    each text if there are few.
    """
    random = np.random.default_rng(0)
    chosen = np.sort(random.permutation(len(texts))[:EXCERPTS]).tolist()
    for at in chosen:
        tokens = texts[at]
        if not ends_anywhere:
            yield Excerpt(at, tokens)
            continue
        ends = random.permutation(np.arange(1, len(tokens)))[: -(-EXCERPTS // len(chosen))]
        yield from (Excerpt(at, tokens[max(0, end - CONTEXT) : end]) for end in np.sort(ends).tolist())


@in_full_precision
@torch.inference_mode()
def compared(network: Network, tokens: Sequence[Token], output: int | None = None) -> Compared:
    """Return share and effect of each token, at the last step, for the last layer, forward.

    Of a softmax, the logit is that of one output less that of another; if none is given, the most probable one against
    the second in the run without edits. Raises as ``share_agreement`` does.
    """
    parts = decompose(trace(network, tokens, overflow="refuse"), output=output)
    if parts.shares is None or parts.logit is None:
        raise AssertionError("the trace of a network has a head")
    ranking = rank(network, tokens, "words", output=parts.logit.outputs, together=())
    return Compared(parts.shares[-1, : len(tokens)], -ranking.grid[0, :, 0])


def agreement_of(words: Compared, text_of: NDArray[np.integer]) -> ShareAgreement:
    """Return how far the shares and effects of N words agree; ``text_of`` (N,) is the text of each."""
    texts, of = np.unique(text_of, return_inverse=True)
    large = np.abs(words.shares) > LARGE
    agree = large & (np.sign(words.shares) == np.sign(words.effects))

    def figures(weights: FloatArray) -> tuple[float, float]:
        """Return both figures, texts counted ``weights`` times; the first is NaN without any large share."""
        each = weights[of]
        counted = float(each @ large)
        r = correlation(words.shares[:, None], words.effects, each)
        return float(each @ agree) / counted if counted else np.nan, float(r[0])

    random = np.random.default_rng(0)
    draws = [
        figures(np.bincount(random.integers(len(texts), size=len(texts)), minlength=len(texts)).astype(np.float64))
        for _ in range(RESAMPLES if len(texts) > 1 else 0)
    ]
    signs, r = figures(np.ones(len(texts)))
    of_signs = [each for each, _ in draws if not np.isnan(each)]
    return ShareAgreement(
        texts=len(texts),
        words=len(words.shares),
        large=int(large.sum()),
        same_sign=None if np.isnan(signs) else signs,
        same_sign_interval=middle(of_signs) if of_signs else None,
        correlation=r,
        correlation_interval=middle([each for _, each in draws]) if draws else None,
    )
