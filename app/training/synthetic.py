"""What tasks with generated data share: texts as rows of ids, the logits for them, and a checksum of what is generated.

Rows are padded at their end and read without lengths: what stands after a text changes nothing before it, and nothing
has to be packed and unpacked.
"""

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..recurrent.network import Network
from ..recurrent.tokenizer import Tokenizer
from .trainer import Objective, Recipe

PADDING = -1  # the target where nothing is asked
# Every symbol counts, so none may be hidden; and data that are generated anew each time cannot be learned by heart.
EXACT = partial(Recipe, dropout=0, unknown=0, weight_decay=0, embedding_spread=1)
ROWS = 100  # rows that are read at a time when nothing is learned, which bounds the memory


def rows(tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """Return the ids (N, T) of ``texts``, padded at the end."""
    return pad_sequence([torch.tensor([token.id for token in tokenizer(text)]) for text in texts], batch_first=True)


@torch.inference_mode()
def logits_of(network: Network, ids: Tensor) -> Tensor:
    """Return the logits (N, T, outputs) for ``ids`` (N, T)."""
    return torch.cat([network(some) for some in torch.split(ids, ROWS)])


def randomness(generator: torch.Generator) -> np.random.Generator:
    """Return a random number generator of NumPy, with a seed drawn from ``generator``."""
    return np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))


def fingerprint(objective: Objective) -> str:
    """Return the SHA-256 of one epoch of small batches, drawn from seed 0: other data give another one."""
    digest = hashlib.sha256()
    for batch in objective.epoch(2, torch.Generator().manual_seed(0)):
        digest.update(batch.x.numpy().tobytes())
        digest.update(batch.targets.numpy().tobytes())
    return digest.hexdigest()
