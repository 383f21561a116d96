"""What a user says of the columns of an imported model: read, or refused with a sentence; and torch on what is read."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.columns import LARGEST, read_columns
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.saving import Wishes, import_model
from gatescope.store.columns import Column
from torch_files import INPUTS, h_of, inputs, module_of, saved, tagger

NAMES = ["temperature", "rain", "wind", "pressure", "hour of the day"]
MEAN, SCALE = np.array([10, 0.5, -2, 1013.25, 12]), np.array([4, 1.5, 0.5, 8, 7])
COLUMNS = [Column(name, "u", float(m), float(s)) for name, m, s in zip(NAMES, MEAN, SCALE, strict=True)]
DESCRIBED = [{"name": each.name, "unit": each.unit, "mean": each.mean, "scale": each.scale} for each in COLUMNS]


def written(folder: Path, content: str | bytes, name: str = "columns.json") -> Path:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / name


@pytest.mark.parametrize("case", ["LSTM", "GRU in both directions"])
def test_an_import_with_columns_computes_what_torch_does_on_the_standardised_values(case: str, tmp_path: Path) -> None:
    module, answers = module_of(case)
    path = saved(module.state_dict(), tmp_path)
    wishes = Wishes(columns=written(tmp_path, json.dumps(DESCRIBED)))
    model, report = import_model(Request(path, "", answers), tmp_path / "models", "0", wishes)
    assert model.config.columns == COLUMNS
    values = np.random.default_rng(1).normal(MEAN, SCALE, (20, INPUTS))
    expected = h_of(module, (values - MEAN) / SCALE)
    h = np.concatenate([each["h"] for each in model.trace(values=values).layers], axis=-1)
    np.testing.assert_allclose(h, expected, atol=1e-6)
    shuffled = [2, 4, 0, 1, 3]
    rows = [[NAMES[at] for at in shuffled], *values[:, shuffled].tolist()]
    csv = "\n".join(",".join(map(str, row)) for row in rows)
    by_name = np.concatenate([each["h"] for each in model.trace(**model.input_of(csv)).layers], axis=-1)
    np.testing.assert_allclose(by_name, expected, atol=1e-6)
    [told] = [each for each in report.conventions if each.question == "columns"]
    assert told.answer == f"5: {', '.join(NAMES)}"
    assert told.reason == "so columns.json says; of 5 of them, the network reads (x − mean) / scale"


def test_without_columns_the_report_says_that_they_have_no_names(tmp_path: Path) -> None:
    path = saved(module_of("LSTM")[0].state_dict(), tmp_path)
    _, report = import_model(Request(path), tmp_path / "models", "0")
    assert report.remarks[-1] == (
        "the file does not name what the network reads, 5 columns, nor say their mean and scale: they are called "
        "input 0 and so on, and read as they are; --columns FILE describes them"
    )


def test_buffers_that_may_standardise_the_input_are_named_and_not_used(tmp_path: Path) -> None:
    module, _ = module_of("LSTM")
    state = module.state_dict()
    buffers = {"scaler.mean": torch.full((INPUTS,), 7.0), "scaler.std": torch.ones(1, INPUTS), "std": torch.ones(3)}
    others = {"norm.running_mean": torch.ones(INPUTS), "weight_mean": torch.ones(INPUTS)}
    model, report = import_model(Request(saved(state | buffers | others, tmp_path)), tmp_path / "models", "0")
    assert (
        "scaler.mean and scaler.std may standardise what the network reads, which has as many numbers: they are not "
        "used; if it reads (x − mean) / scale, give these by --columns" in report.remarks
    )
    assert {*buffers, *others} == {*report.unused}
    x = inputs()
    np.testing.assert_allclose(model.trace(values=x).layer()["h"], h_of(module, x), atol=1e-6)
    _, report = import_model(Request(saved(state | others, tmp_path, "plain.pt")), tmp_path / "models", "0")
    assert not [each for each in report.remarks if "standardise" in each]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "temperature,rain,wind\n1,2,3\n"),
        ("a.TSV", "\ufefftemperature\train\twind"),
        ("readings", "# Readings\n\ntemperature; rain ;Time;wind\n"),
        ("a.csv", ',temperature,rain,"wind"\n0,1,2,3\n'),  # as pandas writes its index
        ("a.csv", b"temperature,rain,wind\n" + b"1,2,3\n" * (LARGEST // 6) + "é".encode() * 40),
        ("a.json", '[{"name": "temperature"}, {"name": "rain"}, {"name": "wind"}]'),
        ("columns", ' [{"name": "temperature", "unit": ""}, {"name": "rain", "mean": 0}, {"name": "wind"}]'),
    ],
    ids=lambda value: str(value[:30]),
)
def test_columns_are_read_from_json_and_from_the_first_row_of_csv(
    name: str, content: str | bytes, tmp_path: Path
) -> None:
    assert read_columns(written(tmp_path, content, name), 3) == [Column("temperature"), Column("rain"), Column("wind")]


OF_JSON = "columns are a list of objects, each with a name and, where it has them, unit, mean and scale"
READS_TWO = "but the network reads 2 numbers at each step: name one column for each, in the order of the weights"
BESIDES = "without those that name the steps"
LOST = "by which none in a CSV file is found: give it a name that is not a number and has no spaces around it"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "a,b,c\n1,2,3", f" names 3 columns, {BESIDES}, {READS_TWO}"),
        ("a.csv", "time,a\n1,2", f" names 1 column, {BESIDES}, {READS_TWO}"),
        ("a.csv", "1,2\n3,4", " has no names in its first row: begin it with a row of them, or give JSON"),
        ("a.csv", "", ": the file is empty: name the columns in its first row"),
        ("a.csv", '"a,b\n', ": its first row cannot be read: unexpected end of data"),
        ("a.csv", b"\xff\xfea\0", " is not UTF-8: columns are JSON, or CSV with their names in its first row"),
        ("a.csv", "a,a\n", " has two columns named 'a': give each its own name"),
        ("a.json", '[{"name": "a"}]', f" names 1 column, {READS_TWO}"),
        ("a.json", '[{"name": "a"}, {"name": " b"}]', f" has a column named ' b', {LOST}"),
        ("a.json", '[{"name": "a"}, {"name": "1"}]', f" has a column named '1', {LOST}"),
        ("a.json", '["a", "b"]', f": 0: Input should be an object: {OF_JSON}"),
        ("a.json", '{"columns": []}', f": Input should be a valid array: {OF_JSON}"),
        ("a.json", '[{"name": "a", "scale": 0}]', f": 0.scale: Input should be greater than 0: {OF_JSON}"),
        ("a.json", '[{"name": "a", "std": 1}]', f": 0.std: Unexpected keyword argument: {OF_JSON}"),
        ("a.json", '[{"name": "a", "mean": NaN}]', f": 0.mean: Input should be a finite number: {OF_JSON}"),
        ("a.json", '[{"name": "a", "name": "b"}]', f": name: the field is there twice: keep one: {OF_JSON}"),
        ("a.json", " " * LARGEST + "[]", f" is larger than {LARGEST:,} bytes: columns are read up to there"),
    ],
    ids=lambda value: str(value[:30]),
)
def test_what_describes_other_columns_is_refused(name: str, content: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError, match=f"^{re.escape(name + message)}$"):
        read_columns(written(tmp_path, content, name), 2)


def test_a_refused_description_of_columns_saves_nothing(tmp_path: Path) -> None:
    path = saved(module_of("LSTM")[0].state_dict(), tmp_path)
    one = Wishes(columns=written(tmp_path, "temperature\n", "one.csv"))
    with pytest.raises(ImportRefusedError, match=r"^one\.csv names 1 column, .* reads 5 numbers at each step"):
        import_model(Request(path), tmp_path / "models", "0", one)
    tagged = saved(tagger().state_dict(), tmp_path, "tagger.pt")
    of_text = one._replace(vocabulary=written(tmp_path, "\n".join("abcdefghi"), "v.txt"))
    with pytest.raises(ImportRefusedError, match=r"^one\.csv is of no use: the model reads text, by its vocabulary"):
        import_model(Request(tagged), tmp_path / "models", "0", of_text)
    assert not (tmp_path / "models").exists()
