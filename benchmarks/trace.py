"""How long a trace takes, as a multiple of PyTorch's fused forward pass, which returns no gates.

Both run on the same network and tokens, on one thread, in turn; the medians of their runs are compared.
"""

import itertools
from statistics import median
from time import perf_counter

import torch
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from rich.console import Console
from rich.table import Table

CELLS, SIZES, STEPS = ("rnn", "lstm", "gru"), (64, 256), (20, 100)
RUNS = 15


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    table = Table("cell", "H", "T", "trace / fused", "trace, ms", "fused, ms", title="A trace with every activation")
    for cell, size, steps in itertools.product(CELLS, SIZES, STEPS):
        ours, fused = measure(Network(NetworkConfig(cell, 100, 32, size, outputs=1)).eval(), steps)
        table.add_row(cell, str(size), str(steps), f"{ours / fused:.1f}", f"{1e3 * ours:.2f}", f"{1e3 * fused:.2f}")
    Console().print(table)


def measure(network: Network, steps: int) -> tuple[float, float]:
    """Median seconds of a trace of ``steps`` tokens, and of the fused forward pass."""
    ids = torch.randint(100, (steps,)).tolist()
    tokens = [Token("", at, at, id_, known=True) for at, id_ in enumerate(ids)]
    ours, fused = [], []
    with torch.inference_mode():
        for _ in range(RUNS + 2):
            start = perf_counter()
            trace(network, tokens)
            between = perf_counter()
            network(torch.tensor([ids]))
            ours.append(between - start)
            fused.append(perf_counter() - between)
    return median(ours[2:]), median(fused[2:])


if __name__ == "__main__":
    main()
