"""Tables of texts with labels: read by the names of their columns, or refused with the place."""

from pathlib import Path

import pytest
from gatescope.training.sources.download import DataError
from gatescope.training.sources.files import TextFile
from gatescope.training.sources.tables import Row, table


def given(text: str) -> TextFile:
    return TextFile(Path("my.csv"), text, "", len(text))


@pytest.mark.parametrize(
    "text",
    [
        'id,review,class\n1,"a, ""b"" c",x\n\n2,"two\nlines", y \n',
        'id;class;review\n1;x;"a, ""b"" c"\n2;y;"two\nlines"\n',
    ],
    ids=["commas", "semicolons"],
)
def test_a_table_is_read_by_the_names_of_its_columns(text: str) -> None:
    assert table(given(text), "review", "class") == [Row('a, "b" c', "x"), Row("two\nlines", "y")]


def test_between_tabs_a_quotation_mark_is_a_letter() -> None:
    parsed = table(given('class\treview\nx\t"so, they said\ny\tno; not that" one\n'), "review", "class")
    assert parsed == [Row('"so, they said', "x"), Row('no; not that" one', "y")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "there is no column 'review': its first line names 'a', 'b'"),
        ("a;review;b\n1;2;3\n", "there is no column 'class': its first line names 'a', 'review', 'b'"),
        (
            "only one line of some text",
            "there is no column 'review': its first line names 'only one line of some text'",
        ),
        ("review,class,review\n1,2,3\n", "two columns are called 'review': its first line names"),
        ("review,class\n", " has only one line, the names of the columns: add texts below it"),
        ("review,class\na,x\na,b,x\n", "line 3 has 3 columns, the first line has 2"),
        ('review,class\na,x\n"never closed,x\n', "line 3 cannot be read: unexpected end of data"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        table(given(text), "review", "class")
    assert said in str(caught.value)
    assert str(caught.value).startswith("my.csv")


def test_text_and_label_are_two_columns() -> None:
    with pytest.raises(DataError, match="text and label are the same column, 'a': name two columns"):
        table(given("a,b\n1,2\n"), "a", "a")
