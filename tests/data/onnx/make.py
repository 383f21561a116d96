"""Write the models of this folder: python tests/data/onnx/make.py, with torch 2.13.0 and onnxscript 0.7.2."""

from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

FOLDER = Path(__file__).parent
V, E, H, OUTPUTS, T = 7, 3, 4, 2, 3


class Tagger(nn.Module):
    """Embedding, two recurrent layers in both directions, linear head."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.encoder = getattr(nn, kind)(E, H, num_layers=2, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * H, OUTPUTS)

    def forward(self, ids: Tensor) -> Tensor:
        h, _ = self.encoder(self.embedding(ids))
        return torch.softmax(self.linear(h), dim=-1)


def write(kind: str) -> dict[str, Tensor]:
    """Write the model of one kind, for any number of sequences; return what torch computes."""
    torch.manual_seed(0)
    module, ids = Tagger(kind).eval(), torch.randint(V, (2, T))
    program = torch.onnx.export(module, (ids,), dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},))
    model = program.model_proto
    for each in (model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info):
        del each.metadata_props[:]  # where the source of the module was
    onnx.save(model, FOLDER / f"{kind.lower()}.onnx")
    with torch.no_grad():
        h, _ = module.encoder(module.embedding(ids))
        return {"ids": ids, "h": h, "outputs": module(ids)}


if __name__ == "__main__":
    computed = {f"{kind}.{name}": array for kind in ("LSTM", "GRU", "RNN") for name, array in write(kind).items()}
    np.savez_compressed(FOLDER / "torch.npz", **{name: array.numpy() for name, array in computed.items()})
