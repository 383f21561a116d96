"""What the generated tasks share: texts as rows of ids, what a network says of them, and a name for what is drawn.

Rows are padded at their end and read without lengths: what stands after a text changes nothing that was said along it,
and PyTorch's LSTM reads rows of one length several times as fast as packed ones.
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
from .trainer import Recipe, Task

PADDING = -1  # the target where nothing is asked
# Every symbol counts, so that none may be hidden; and what is drawn anew cannot be learned by heart.
EXACT = partial(Recipe, dropout=0, unknown=0, weight_decay=0, embedding_spread=1)
ROWS = 100  # that are read at a time when nothing is learned: it bounds the memory


def rows(tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """The ids (N, T) of ``texts``, padded at the end."""
    return pad_sequence([torch.tensor([token.id for token in tokenizer(text)]) for text in texts], batch_first=True)


@torch.inference_mode()
def logits_of(network: Network, ids: Tensor) -> Tensor:
    """Logits (N, T, outputs) of ``ids`` (N, T)."""
    return torch.cat([network(part) for part in torch.split(ids, ROWS)])


def randomness(generator: torch.Generator) -> np.random.Generator:
    """NumPy's random numbers, from a seed that ``generator`` draws."""
    return np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))


def fingerprint(task: Task) -> str:
    """SHA-256 of one small epoch, drawn from seed 0: another generator of texts would hardly draw the same."""
    digest = hashlib.sha256()
    for batch in task.epoch(2, torch.Generator().manual_seed(0)):
        digest.update(batch.ids.numpy().tobytes())
        digest.update(batch.targets.numpy().tobytes())
    return digest.hexdigest()
