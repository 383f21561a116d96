"""The examples of docs/adding.md in Python, put into a copy of the package: they work without touching another file.

`browser/test_adding.py` does so with the view.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import gatescope
import pytest
from documentation import blocks, example
from gatescope.settings import Settings, data_folder
from pydantic import Field, ValidationError

USE = """
import numpy as np, torch
from pathlib import Path
from gatescope import trace_module
from gatescope.recurrent.cells import cell_named
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from gatescope.training.options import Options
from gatescope.training.run import run

torch.manual_seed(0)
network = Network(NetworkConfig("ugrnn", 9, 4, hidden_size=5, outputs=1, layers=2)).eval()
tokens = [Token(str(id_), 0, 1, id_, known=True) for id_ in torch.randint(9, (12,)).tolist()]
ours, theirs = (trace(network, tokens, engine=engine) for engine in ("compiled", "reference"))
for a, b in zip(ours.layers, theirs.layers, strict=True):
    for letter in "znh":
        assert np.abs(a[letter] - b[letter]).max() <= 1e-6, letter
cell, weights, layer = network.config.cell_definition, network.weights(0, "forward"), ours.layers[0]
x = network.embedding.weight[tokens[7].id].detach()
by_h = torch.autograd.functional.jacobian(
    lambda h: cell.step(x, {"h": h}, weights)["h"], torch.from_numpy(layer["h"][6])
)
_, jacobians = next(iter(layer_jacobians(network, ours)))
closed = torch.ldexp(jacobians.from_states(jacobians.identity(), 7), jacobians.exponent(7))
torch.testing.assert_close(closed, by_h, rtol=1e-4, atol=1e-6)

model = run("parity", "ugrnn", "model", seeds=[0], options=Options(epochs=1), cache=Path("cache"))
assert model.config.task == "parity" and model.config.network.cell == "ugrnn"
assert model.trace("0110").layer()["z"].shape == (4, 4)
assert "UGRNN" in open("model/README.md", encoding="utf-8").read()
print(model.config.metrics[0].name)
"""


def test_a_setting_is_added_by_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    [line] = [block.text for block in blocks("docs/adding.md") if "max_shown: int" in block.text]
    namespace: dict[str, Any] = {"Settings": Settings, "Field": Field}
    exec(f"class More(Settings):\n{line}", namespace)
    assert namespace["More"]().max_shown == 150_000
    monkeypatch.setenv("GATESCOPE_MAX_SHOWN", "7")
    assert namespace["More"]().max_shown == 7
    monkeypatch.setenv("GATESCOPE_MAX_SHOWN", "0")
    with pytest.raises(ValidationError, match="max_shown"):
        namespace["More"]()


@pytest.mark.slow("compiles the kernels of a copy of the package, and trains a network", seconds=60)
def test_a_cell_and_a_task_are_added_by_one_file_and_one_line_each(tmp_path: Path) -> None:
    package = tmp_path / "gatescope"
    shutil.copytree(Path(gatescope.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ("app/recurrent/cells/ugrnn.py", "app/training/tasks/parity.py"):
        (package / path.removeprefix("app/")).write_text(example("docs/adding.md", path), encoding="utf-8")
    [line] = [block.text for block in blocks("docs/adding.md") if block.text.startswith('    "parity": Entry')]
    for file, before, added in (
        ("recurrent/cells/__init__.py", "FILES = (\n", '    "ugrnn",\n'),
        ("training/tasks/__init__.py", "TASKS = {\n", line),
    ):
        table = (package / file).read_text(encoding="utf-8")
        assert before in table
        (package / file).write_text(table.replace(before, before + added), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment |= {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "NUMBA_OPT": "1"}
    command = [sys.executable, "-c", USE]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "symbols of texts of 40\n"


USE_EDIT = """
import numpy as np
from gatescope import load_model
from gatescope.api.traces.schemas import TraceBody
from gatescope.recurrent.edits.flip import flip
from gatescope.recurrent.edits.short_form import from_short_form, short_form

model = load_model("MODELS/sentiment-lstm")
edits = [flip("i", steps=[1], units=[3])]
plain, edited = model.trace("not good"), model.trace("not good", edits)
np.testing.assert_allclose(edited.layer()["i"][1, 3], 1 - plain.layer()["i"][1, 3], atol=1e-7)
assert (edited.layer()["c"][1] != plain.layer()["c"][1]).nonzero()[0].tolist() == [3]
assert short_form(edits) == "i[3]@1:flip" and from_short_form("i[3]@1:flip") == tuple(edits)
assert "flip" in str(TraceBody.model_json_schema()["properties"]["edits"])
"""


USE_RANKING = """
from gatescope import freeze, load_model, rank
from gatescope.api.rankings.schemas import RankingBody

model = load_model("MODELS/sentiment-lstm")
ranking = rank(model, "the movie was not good", "pauses")
assert len(ranking) == 5 and ranking.parts[0].step == 3
edited = model.trace("the movie was not good", [freeze("c", steps=[3])])
assert abs(edited.outputs[-1, 0] - ranking.probabilities[0]) < 1e-6
assert "pauses" in str(RankingBody.model_json_schema()["properties"]["kind"])
"""


USE_IMPORTER = """
import numpy as np, torch
from gatescope.cli import app
from gatescope.store.loading import load_model
from typer.testing import CliRunner

torch.manual_seed(0)
gru = torch.nn.GRU(3, 5)
state = gru.state_dict()

def theirs(weight):
    r, z, n = weight.numpy().T.reshape(-1, 3, 5).swapaxes(0, 1)
    return np.concatenate([z, r, n], axis=-1)

with torch.no_grad():
    gru.bias_hh_l0.zero_()
    np.savez("mine.npz", kernel=theirs(state["weight_ih_l0"]), recurrent_kernel=theirs(state["weight_hh_l0"]),
             bias=theirs(state["bias_ih_l0"])[0])
asked = CliRunner().invoke(app, ["import", "mine.npz", "--into", "models"])
assert asked.exit_code == 1 and "--answer reset=after or --answer reset=before" in asked.stderr, asked
done = CliRunner().invoke(app, ["import", "mine.npz", "--into", "models", "--answer", "reset=after"])
assert done.exit_code == 0, done.stderr
model = load_model("models/mine")
x = torch.randn(9, 3)
with torch.no_grad():
    np.testing.assert_allclose(model.trace(values=x).layer()["h"], gru(x)[0], atol=1e-6)
assert model.imported.engine_error is None and model.imported.error < 1e-6
assert min(each.difference for each in model.imported.orders[1:]) > 1e-2
other = CliRunner().invoke(app, ["import", "mine.npz", "--into", "models", "--answer", "reset=before", "--name", "b"])
assert other.exit_code == 0, other.stderr
difference = load_model("models/b").trace(values=x).layer()["h"] - model.trace(values=x).layer()["h"]
assert np.abs(difference).max() > 1e-3
"""


@pytest.mark.slow("imports a copy of the package in a process of its own", seconds=5)
@pytest.mark.parametrize(
    ("path", "last", "use"),
    [
        ("app/importers/npz.py", "safetensors_file", USE_IMPORTER),
        ("app/recurrent/edits/flip.py", "swap", USE_EDIT),
        ("app/recurrent/ranking/pauses.py", "patches", USE_RANKING),
    ],
)
def test_an_edit_a_kind_of_ranking_and_an_importer_are_added_by_one_file_and_one_line_each(
    path: str, last: str, use: str, tmp_path: Path
) -> None:
    package = tmp_path / "gatescope"
    shutil.copytree(Path(gatescope.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    file = package / path.removeprefix("app/")
    file.write_text(example("docs/adding.md", path), encoding="utf-8")
    table = file.parent / "__init__.py"
    known, line = table.read_text(encoding="utf-8"), f'    "{last}",\n'
    assert line in known
    table.write_text(known.replace(line, f'{line}    "{file.stem}",\n'), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment |= {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "NUMBA_DISABLE_JIT": "1"}
    environment |= {"GATESCOPE_MODELS": str(data_folder("models"))}  # where names are looked for that are taken
    command = [sys.executable, "-c", use.replace("MODELS", str(data_folder("models")))]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
