"""Small random networks and sequences, for every test that needs one."""

from collections.abc import Iterable
from typing import Any

import torch
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import Token
from hypothesis import strategies as st

VOCABULARY_SIZE = 20

VARIANTS: dict[str, dict[str, Any]] = {  # every cell of the table
    cell.variant: {"cell": cell.name, **(cell.options or {})} for cell in TABLE
}
FUSED = {cell.variant: VARIANTS[cell.variant] for cell in TABLE if cell.module is not None}  # what torch.nn has as well
GATED = {cell.variant: VARIANTS[cell.variant] for cell in TABLE if cell.gates}


def random_network(seed: int = 0, scale: float = 1.0, dtype: torch.dtype = torch.float32, **config: Any) -> Network:
    """A network of PyTorch's default initialisation, the weights of its recurrent layers times ``scale``.

    ``config`` holds fields of ``NetworkConfig``; sizes that it does not name are small.
    """
    sizes = {"vocabulary_size": VOCABULARY_SIZE, "embedding_size": 5, "hidden_size": 7, "outputs": 2}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(NetworkConfig(**{**sizes, **config}))
    with torch.no_grad():
        for weight in network.recurrent.parameters():
            weight *= scale
    return network.to(dtype).eval()


def numeric_network(seed: int = 0, *, inputs: int = 3, outputs: int = 0, **config: Any) -> Network:
    """A network that reads numbers, as ``random_network`` makes it, without a head unless it has ``outputs``."""
    sizes = {"vocabulary_size": 0, "embedding_size": 0, "input_size": inputs, "outputs": outputs}
    return random_network(seed, **sizes, **config)


def tokens_of(ids: Iterable[int]) -> list[Token]:
    """Tokens of these ids, as if the text were the ids with a blank between them."""
    tokens, start = [], 0
    for id_ in ids:
        text = str(id_)
        tokens.append(Token(text, start, start + len(text), id_, known=id_ != 0))
        start += len(text) + 1
    return tokens


def random_tokens(count: int, seed: int = 0) -> list[Token]:
    """Tokens of uniformly random ids."""
    generator = torch.Generator().manual_seed(seed)
    return tokens_of(torch.randint(VOCABULARY_SIZE, (count,), generator=generator).tolist())


def any_tokens(min_size: int = 1) -> st.SearchStrategy[list[Token]]:
    """Any short sequence."""
    return st.lists(st.integers(0, VOCABULARY_SIZE - 1), min_size=min_size, max_size=16).map(tokens_of)


@st.composite
def any_network(draw: st.DrawFn, variants: dict[str, dict[str, Any]] = VARIANTS, **fixed: Any) -> Network:
    """Any small network: cell, sizes, depth, biases, directions, weights from near nothing to saturation."""
    config = {
        "embedding_size": draw(st.integers(1, 6)),
        "hidden_size": draw(st.integers(1, 6)),
        "layers": draw(st.integers(1, 3)),
        "bias": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "scale": draw(st.sampled_from([0.01, 1.0, 3.0, 30.0])),
    }
    return random_network(**variants[draw(st.sampled_from(sorted(variants)))], **{**config, **fixed})
