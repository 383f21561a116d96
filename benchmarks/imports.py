"""What it takes to import a file, and to refuse one, in a process of its own: seconds and peak memory."""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter

import h5py
import numpy as np
import torch
from gatescope.importers.child import MEMORY, SECONDS
from onnx import TensorProto, helper, numpy_helper
from rich.progress import track
from safetensors.torch import save_file
from torch import nn

from .report import Goal, Section, Table

INPUTS, SIZE = 64, 256
FORMATS = {"PyTorch": "pt", "safetensors": "safetensors", "ONNX": "onnx", "Keras": "h5"}
CLAIMED = 10**12  # numbers, in a hostile file
PREPARE = "import sys, torch, gatescope.importers.saving as saving; torch.set_num_threads(1); status = 0\n"
RUN = """
from pathlib import Path
from gatescope.importers import Request
try:
    saving.import_model(Request(Path(sys.argv[1]), answers={"activations": "tanh+sigmoid"}), Path(sys.argv[2]), "0")
except saving.ImportRefusedError:
    status = 3
"""
END = """
lines = open("/proc/self/status").read().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))  # of this process, unlike ru_maxrss
sys.exit(status)
"""
REFUSED = 3  # its exit status
LARGE = 450_000_000  # bytes: about as many as an upload may have


def measure(rounds: int = 3) -> dict[str, dict[str, float]]:
    """Seconds and bytes of the process that is empty, and of those that read a typical and a hostile file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {f"{kind} {format_}": path for format_, each in _files(folder).items() for kind, path in each.items()}
        files |= _large(folder)
        found: dict[str, list[tuple[float, float]]] = {each: [] for each in ("empty", *files)}
        for n in track(range(rounds), "imports"):
            found["empty"].append(_process(PREPARE, 0))
            for each, path in files.items():
                status = 0 if each.startswith("typical") else REFUSED
                found[each].append(_process(PREPARE + RUN, status, str(path), str(folder / f"{n} {each}")))
    return {
        each: {"seconds": median(seconds for seconds, _ in pairs), "bytes": median(size for _, size in pairs)}
        for each, pairs in found.items()
    }


def _process(code: str, status: int, *arguments: str) -> tuple[float, float]:
    """Seconds and the most bytes of a Python process. Raises RuntimeError if it does not end as it should."""
    begin = perf_counter()
    done = subprocess.run([sys.executable, "-c", code + END, *arguments], stdout=subprocess.PIPE, check=False)
    seconds = perf_counter() - begin
    if done.returncode != status:
        raise RuntimeError(f"an import ended with the status {done.returncode}, and not {status}")
    return seconds, 1024 * int(done.stdout)


def _files(folder: Path) -> Mapping[str, Mapping[str, Path]]:
    """Write of each format an LSTM, and a file that claims far more than it holds."""
    writers: Mapping[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
        "PyTorch": (_pytorch, _hostile_pytorch),
        "safetensors": (_safetensors, _hostile_safetensors),
        "ONNX": (_onnx, _hostile_onnx),
        "Keras": (_keras, _hostile_keras),
    }
    paths = {each: {kind: folder / f"{kind}.{FORMATS[each]}" for kind in ("typical", "hostile")} for each in FORMATS}
    for each, (typical, hostile) in writers.items():
        typical(paths[each]["typical"])
        hostile(paths[each]["hostile"])
    return paths


def _large(folder: Path) -> dict[str, Path]:
    """Write large files of kinds that are refused; most of some is a hole."""
    name = "encoder.layers.0.linear1.weight"  # of a Transformer
    header = json.dumps({name: {"dtype": "F32", "shape": [LARGE // 4], "data_offsets": [0, LARGE]}}).encode()
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[LARGE // 4], raw_data=bytes(LARGE))
    x, y = (helper.make_tensor_value_info(each, TensorProto.FLOAT, None) for each in "xy")
    graph = helper.make_graph([helper.make_node("Mul", ["x", name], ["y"])], "graph", [x], [y], [tensor])
    starts = {
        "random": np.random.default_rng(0).bytes(LARGE),
        "pickle": b"\x80\x04B" + LARGE.to_bytes(4, "little"),
        "safetensors": len(header).to_bytes(8, "little") + header,
        "ONNX": helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)]).SerializeToString(),
    }
    paths = {f"large {each}": folder / f"large.{each}" for each in (*starts, "ZIP", "PyTorch")}
    for each, start in starts.items():
        with paths[f"large {each}"].open("wb") as file:
            file.write(start)
            if each in {"pickle", "safetensors"}:
                file.truncate(len(start) + LARGE)
    with zipfile.ZipFile(paths["large ZIP"], "w") as archive:
        archive.writestr("zeros", bytes(LARGE))
    torch.save({name: torch.zeros(LARGE // 4)}, paths["large PyTorch"])
    return paths


def _state() -> dict[str, torch.Tensor]:
    return nn.LSTM(INPUTS, SIZE).state_dict()


def _pytorch(path: Path) -> None:
    torch.save(_state(), path)


def _hostile_pytorch(path: Path) -> None:
    torch.save({"weight_ih_l0": torch.zeros(1).expand(CLAIMED // 1000, 1000), "weight_hh_l0": torch.ones(4, 1)}, path)


def _safetensors(path: Path) -> None:
    save_file(_state(), path)


def _hostile_safetensors(path: Path) -> None:
    save_file({"weight_ih_l0": torch.ones(4, 1), "weight_hh_l0": torch.ones(4, 1)}, path)
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    head = data[8:start].replace(b"[4,1]", b"[%d,1]" % CLAIMED)
    path.write_bytes(len(head).to_bytes(8, "little") + head + data[start:])


def _onnx(path: Path, rows: int = 4 * SIZE) -> None:
    tensors = {"W": (1, 4 * SIZE, INPUTS), "R": (1, 4 * SIZE, SIZE), "B": (1, 8 * SIZE)}
    weights = [
        numpy_helper.from_array(np.random.default_rng(0).uniform(-0.1, 0.1, shape).astype("f4"), name)
        for name, shape in tensors.items()
    ]
    weights[0].dims[1] = rows
    node = helper.make_node("LSTM", ["x", *tensors], ["y"], hidden_size=SIZE)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy")
    graph = helper.make_graph([node], "graph", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def _hostile_onnx(path: Path) -> None:
    _onnx(path, CLAIMED)


def _keras(path: Path, *, hostile: bool = False) -> None:
    """Write weights of Keras 3, which gives them by number."""
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/lstm/cell/vars")
        for at, shape in enumerate(((INPUTS, 4 * SIZE), (SIZE, 4 * SIZE), (4 * SIZE,))):
            group[str(at)] = np.random.default_rng(at).uniform(-0.1, 0.1, shape).astype("f4")
        if hostile:
            del group["0"]
            group.create_dataset("0", (CLAIMED // 1000, 4 * SIZE), "f4", chunks=(1000, 4 * SIZE))


def _hostile_keras(path: Path) -> None:
    _keras(path, hostile=True)


def section(results: dict[str, dict[str, float]]) -> Section:
    """Present what ``measure`` returns."""
    empty = results["empty"]
    read = {each: figures for each, figures in results.items() if each != "empty"}
    return Section(
        "Imports",
        f"A typical file, an LSTM of H = {SIZE} and E = {INPUTS}, is imported with its proof; a hostile one, which "
        "claims 10¹² numbers, is refused. Each in a process of its own on one thread, and as multiples of one that "
        f"imports Gatescope's importers and does nothing. A large one, of {LARGE / 1e6:.0f} MB and of a kind that is "
        "refused, takes no more than a small one may.",
        [
            Table(
                ("file", "time / empty", "peak memory / empty", "s", "MB"),
                [
                    (
                        each,
                        figures["seconds"] / empty["seconds"],
                        figures["bytes"] / empty["bytes"],
                        figures["seconds"],
                        figures["bytes"] / 1e6,
                    )
                    for each, figures in results.items()
                ],
            )
        ],
        [
            goal
            for each, figures in read.items()
            if each.startswith("hostile")
            for goal in (
                Goal(f"{each}: s more than empty", figures["seconds"] - empty["seconds"], 2.0),
                Goal(f"{each}: MB more than empty", (figures["bytes"] - empty["bytes"]) / 1e6, 200),
            )
        ]
        + [
            goal
            for each, figures in read.items()
            if each.startswith("large")
            for goal in (
                Goal(f"{each}: s more than empty", figures["seconds"] - empty["seconds"], SECONDS),
                Goal(f"{each}: MB", figures["bytes"] / 1e6, MEMORY / 1e6),
            )
        ],
    )
