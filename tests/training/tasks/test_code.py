"""The task "code": the standard library as its text, and what is known of every character of a program."""

import hashlib
import io
import re
import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gatescope.recurrent.trace import FloatArray
from gatescope.training import characters
from gatescope.training.sources.download import DataError
from gatescope.training.tasks import code
from gatescope.training.tasks.code import Code, begins, indentation, names, split, syntax
from hypothesis import given
from hypothesis import strategies as st

SLICE = Path(__file__).parents[2] / "data" / "code.txt"
NAMES = [*(f"{letter}.py" for letter in "bcdefghijklmnopqrs"), "t/a.py", "t/b.py", "t/c.py"]


def digits(values: FloatArray) -> str:
    """Whole numbers below ten, to be read below the text."""
    return "".join(f"{value:.0f}" for value in values)


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("f(a[1], {})", "01122111210"),
        ("f('(') # (", "0111100000"),
        ('f(""")""")', "0111111110"),
        (r"f('\'(')", "01111110"),
        ("x))(y", "00011"),
        ("'open (\n(", "000000001"),
        ("rb'(' (", "0000001"),
        ('f"{(1, 2)}"', "00000000000"),
    ],
)
def test_brackets_count_outside_strings_and_comments_alone(text: str, depth: str) -> None:
    assert digits(syntax(text)["bracket depth"]) == depth


@pytest.mark.parametrize(
    ("text", "feature", "values"),
    [
        ("a = \"b\" + ''", "inside string", "000011000010"),
        ("'a\\'b' c", "inside string", "11111000"),
        ("'a\\\nb' c", "inside string", "11111000"),
        ("'a\nb", "inside string", "1100"),
        ("# 'a\n'b'", "inside string", "00000110"),
        ("'''a'b''' c", "inside string", "00000000000"),
        ("'''a'b''' c", "inside docstring", "00111111000"),
        ('"""a\n\\"""b"""c', "inside docstring", "00111111111100"),
        ('x = """a', "inside docstring", "00000011"),
        ("'a' # b 'c'\nd", "inside comment", "0000111111100"),
        ("'# a' # b", "inside comment", "000000111"),
    ],
)
def test_strings_docstrings_and_comments(text: str, feature: str, values: str) -> None:
    assert digits(syntax(text)[feature]) == values


def test_the_indentation_is_that_of_the_line_so_far() -> None:
    assert indentation("a\n  b  c\n\td\n \te\n\n").tolist() == [0, 0, 1, 2, 2, 2, 2, 2, 0, 8, 8, 0, 1, 8, 8, 0, 0]


def tokens(text: str) -> Iterator[tuple[int, str, int, int]]:
    """Kind, text, start and end of each token, as Python sees them."""
    begins = [0, *(match.end() for match in re.finditer("\n", text))]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        (row, column), (end_row, end_column) = token.start, token.end
        yield token.type, token.string, begins[row - 1] + column, begins[min(end_row, len(begins)) - 1] + end_column


def test_python_itself_reads_the_same() -> None:
    text = SLICE.read_text(encoding="utf-8")
    depth, string, docstring, comment = (np.zeros(len(text)) for _ in range(4))
    for kind, lexeme, start, end in tokens(text):
        if kind == tokenize.COMMENT:
            comment[start:end] = 1
        elif kind == tokenize.STRING:
            quote = start + len(lexeme) - len(lexeme.lstrip("rRbBuU"))
            triple = text[quote : quote + 3] in ('"""', "'''")
            (docstring if triple else string)[quote + 2 * triple : end - 1] = 1
        elif kind == tokenize.OP and lexeme in "()[]{}":
            depth[start:] += 1 if lexeme in "([{" else -1
    features = syntax(text)
    assert string.any()
    assert docstring.any()
    assert comment.any()
    assert depth.max() > 2
    np.testing.assert_array_equal(features["bracket depth"], depth)
    np.testing.assert_array_equal(features["inside string"], string)
    np.testing.assert_array_equal(features["inside docstring"], docstring)
    np.testing.assert_array_equal(features["inside comment"], comment)


@given(st.text("ab'\"#()[{}\\\n ", max_size=60))
def test_any_text_has_its_features(text: str) -> None:
    features = syntax(text)
    assert all(len(values) == len(text) for values in features.values())
    assert not text or features["bracket depth"].min() >= 0
    assert not text or sum(features[f"inside {what}"] for what in ("string", "docstring", "comment")).max() <= 1


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A standard library of the slice's text, again and again."""
    folder = tmp_path / "python3"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(SLICE.read_bytes())
    monkeypatch.setattr(sysconfig, "get_path", {"stdlib": str(folder)}.__getitem__)
    return folder


def load(library: Path) -> Code:
    task = code.load(pytest.fail)
    assert isinstance(task, Code)
    return task


def test_the_last_files_are_held_out() -> None:
    texts = [f"{at:04d}" for at in range(40)]
    assert split(texts) == {"train": "".join(texts[:36]), "validation": "00360037", "test": "00380039"}


def test_it_is_known_where_the_files_of_the_test_part_begin() -> None:
    texts = [*["x" * 500] * 19, *("a" * 100, "b" * 250, "c" * 150)]
    test = split(texts)["test"]
    assert begins(texts) == [test.index("b"), test.index("c")]
    assert begins(["x" * 900, "y" * 50, "z" * 50]) == []


def test_a_file_that_begins_in_a_part_and_ends_beyond_it_is_not_cut() -> None:
    assert split(["a" * 89, "b" * 4, "c" * 4, "d" * 3]) == {
        "train": "a" * 89 + "b" * 4,
        "validation": "cccc",
        "test": "ddd",
    }


def test_the_parts_are_whole_files_in_the_order_of_their_paths(library: Path) -> None:
    (library / NAMES[-1]).write_text("# last\n" * 3_000)
    text = SLICE.read_text(encoding="utf-8")
    assert load(library).splits == {
        "train": text * (len(NAMES) - 2), "validation": text, "test": "# last\n" * 3_000,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["test/a.py", "json/tests/a.py", "encodings/a.py", "site-packages/a.py", "a.txt"])
def test_tests_tables_and_what_is_no_source_are_left_out(name: str, library: Path) -> None:
    (library / name).parent.mkdir(exist_ok=True, parents=True)
    (library / name).write_text("")
    assert sorted(names(library)) == NAMES


def test_the_source_is_named_with_its_checksum(library: Path) -> None:
    task, data = load(library), SLICE.read_bytes()
    checksum = hashlib.sha256()
    for name in NAMES:
        checksum.update(name.encode() + b"\0" + str(len(data)).encode() + b"\0" + data)
    assert task.data == checksum.hexdigest()
    (source,) = task.facts()["data"]
    assert source["sha256"] == task.data
    assert (source["name"], source["size"]) == ("standard library of Python, 21 files", 21 * len(data))
    assert re.fullmatch(r"3\.\d+\.\d+.*", source["version"])


def test_another_name_for_a_file_is_other_data(library: Path) -> None:
    before = load(library).data
    (library / NAMES[3]).rename(library / "a.py")
    assert load(library).data != before


def test_a_file_that_is_not_utf_8_is_left_out_and_that_is_said(library: Path) -> None:
    (library / NAMES[3]).write_bytes(b"# caf\xe9\n")
    said: list[str] = []
    task = code.load(said.append)
    assert said == [f"{library}/{NAMES[3]} is not UTF-8, from byte 5 on: it is left out"]
    assert task.facts()["data"][0]["name"] == "standard library of Python, 20 files"


def test_a_python_without_its_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", {"stdlib": str(tmp_path)}.__getitem__)
    message = f"{tmp_path} holds no source of the standard library: use a Python that was installed with it"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        code.load(pytest.fail)


def test_a_text_that_begins_at_a_start_has_the_features_that_it_has_within_the_whole(library: Path) -> None:
    task = load(library)
    text = task.splits["test"]
    whole = {feature.name: feature.values for feature in task.features(text)}
    starts = task.starts(text)
    assert len(starts) > 5
    for start in starts:
        for feature in task.features(text[start:]):
            np.testing.assert_array_equal(feature.values, whole[feature.name][start:], err_msg=feature.name)


def test_no_text_begins_in_the_middle_of_anything(library: Path) -> None:
    task = load(library)
    text = 'x = 1\n\ny = """\n\nz\n"""\n\n# a\n\nf(\n\n1)\n\n    g()\n\ndef h(): ...\n'
    assert [text[start:].split("\n")[0] for start in task.starts(text)] == ['y = """', "# a", "f(", "def h(): ..."]


def test_the_text_is_read_four_times_by_the_recipe_for_characters(library: Path) -> None:
    task = load(library)
    assert task.recipe("gru") == characters.RECIPE(epochs=4)
    assert task.recipe("lstm") == characters.RECIPES["lstm"](epochs=4)
    assert task.about["task"] == "code"
    assert {"description", "examples", "outputs", "licence"} <= task.about.keys()
