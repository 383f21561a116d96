"""Tables of texts with labels: read by the names of their columns, or refused with the place."""

import csv
import io
from pathlib import Path

import pytest
from gatescope.training.sources.download import DataError
from gatescope.training.sources.files import TextFile
from gatescope.training.sources.tables import DELIMITERS, Row, table
from hypothesis import given, settings
from hypothesis import strategies as st


def file_of(text: str) -> TextFile:
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
    assert table(file_of(text), "review", "class") == [Row('a, "b" c', "x"), Row("two\nlines", "y")]


@settings(max_examples=300)
@given(
    st.lists(st.tuples(*[st.text(st.sampled_from('ab ",;\t\n’é'), max_size=8)] * 2), min_size=1, max_size=4),
    st.sampled_from(DELIMITERS),
)
def test_what_python_writes_with_quotation_marks_is_read_as_it_was(rows: list[tuple[str, str]], delimiter: str) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [("review", "a, b; c", "class"), *((text, "", label) for text, label in rows)]
    )
    wanted = [Row(text.strip(), label.strip()) for text, label in rows]
    assert table(file_of(written.getvalue()), "review", "class") == wanted


def test_between_tabs_the_first_line_says_whether_fields_are_quoted() -> None:
    text = '"review"\t"class"\n"a ""b"" c"\t"pos"\n"two\nlines\tin one"\t"neg"\n'
    assert table(file_of(text), "review", "class") == [Row('a "b" c', "pos"), Row("two\nlines\tin one", "neg")]


def test_between_tabs_whole_quotations_are_fields_that_are_held_together() -> None:
    text = 'review\tclass\n"a ""b"" c"\t"pos"\nso "they" said\t"neg"\n'
    assert table(file_of(text), "review", "class") == [Row('a "b" c', "pos"), Row('so "they" said', "neg")]


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_field_may_be_as_long_as_the_file(delimiter: str, quote: str) -> None:
    usual, long = csv.field_size_limit(), "x" * 200_000
    lines = [
        ("review", "unused", "class"),
        (f"{quote}{long}{quote}", "", "pos"),
        ("short", f"{quote}{long}{quote}", "neg"),
    ]
    parsed = table(file_of("".join(delimiter.join(each) + "\n" for each in lines)), "review", "class")
    assert parsed == [Row(long, "pos"), Row("short", "neg")]
    assert csv.field_size_limit() == usual


def test_between_tabs_a_quotation_mark_is_otherwise_a_letter() -> None:
    parsed = table(file_of('class\treview\nx\t"so, they said\ny\tno; not that" one\n'), "review", "class")
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
        table(file_of(text), "review", "class")
    assert said in str(caught.value)
    assert str(caught.value).startswith("my.csv")


def test_text_and_label_are_two_columns() -> None:
    with pytest.raises(DataError, match="text and label are the same column, 'a': name two columns"):
        table(file_of("a,b\n1,2\n"), "a", "a")
