"""A trainable module of a cell that torch.nn does not have, stepped in PyTorch."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .cells.cell import Cell, CellWeights
from .engine import stepped

States = Tensor | tuple[Tensor, Tensor]  # h, or h and c, each (layers·directions, B, H)


class SteppedModule(nn.Module):
    """Layers of any cell, with the attributes and parameter names of torch.nn's recurrent modules.

    ``forward`` steps through time in Python, which works for every cell but is slow.
    """

    proj_size = 0
    batch_first = True

    def __init__(
        self, cell: Cell, input_size: int, hidden_size: int, num_layers: int, *, bias: bool, bidirectional: bool
    ) -> None:
        super().__init__()
        self.cell, self.input_size, self.hidden_size = cell, input_size, hidden_size
        self.num_layers, self.bias, self.bidirectional = num_layers, bias, bidirectional
        rows, directions = len(cell.blocks) * hidden_size, 1 + bidirectional
        for layer in range(num_layers):
            inputs = hidden_size * directions if layer > 0 else input_size
            for suffix in ("", "_reverse")[:directions]:
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, inputs), "weight_hh": (rows, hidden_size)}
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if cell.peepholes:
                    shapes["weight_ch"] = (len(cell.peepholes), hidden_size)
                for name, shape in shapes.items():
                    if cell.has_recurrent_weights or not name.endswith("_hh"):
                        self.register_parameter(f"{name}_l{layer}{suffix}", nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters uniformly from [−1/√H, 1/√H], as torch.nn does."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def weights(self, layer: int, suffix: str) -> CellWeights:
        """Return the parameters of one layer in one direction, whose names end with ``suffix``."""
        names = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh", "w_ch": "weight_ch"}
        own = dict(self.named_parameters())
        named = {field: own.get(f"{name}_l{layer}{suffix}") for field, name in names.items()}
        w_ih = own[f"weight_ih_l{layer}{suffix}"]
        w_hh = named["w_hh"]
        return CellWeights(
            w_ih,
            w_ih.new_empty(0, self.hidden_size) if w_hh is None else w_hh,
            named["b_ih"],
            named["b_hh"],
            w_ch=named["w_ch"],
        )

    def forward(
        self, x: Tensor, lengths: Sequence[int] | None = None, initial: States | None = None
    ) -> tuple[Tensor, States]:
        """Return h (B, T, H·directions) of the last layer for ``x`` (B, T, E), and the final states of each layer.

        Row b has ``lengths[b]`` steps, all T if None; h is 0 past them.
        """
        x = x.transpose(0, 1)
        ends = torch.tensor([len(x)] * x.shape[1] if lengths is None else list(lengths), device=x.device)  # (B,)
        is_step = torch.arange(len(x), device=x.device)[:, None, None] < ends[:, None]
        given = (initial,) if isinstance(initial, Tensor) else initial
        last: dict[str, list[Tensor]] = {letter: [] for letter in self.cell.states}
        for layer in range(self.num_layers):
            outputs = []
            for suffix in ("", "_reverse")[: 1 + self.bidirectional]:
                at = len(last["h"])
                start = None if given is None else dict(zip("hc", (state[at] for state in given), strict=False))
                activations = stepped.unroll(
                    self.cell, self.weights(layer, suffix), x, ends.tolist(), start, reverse=suffix != ""
                )
                for letter, states in last.items():
                    ended = activations[letter]
                    states.append(ended[0] if suffix else ended[ends - 1, torch.arange(len(ends), device=x.device)])
                outputs.append(activations["h"] * is_step)
            x = torch.cat(outputs, dim=-1)
        joined = [torch.stack(last[letter]) for letter in "hc" if letter in last]
        return x.transpose(0, 1), joined[0] if len(joined) == 1 else (joined[0], joined[1])
