"""The cases of the short form of edits that the page's reader is tested with: Python reads and writes the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from gatescope.recurrent.edits.data import edits_from
from gatescope.recurrent.edits.edit import EditError
from gatescope.recurrent.edits.short_form import from_listed_form, from_short_form, short_form

CASES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "short_forms.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("short", "data"), [*CASES["written"], *CASES["read"]])
def test_a_short_form_is_read_as_its_data(short: str, data: list[dict[str, Any]]) -> None:
    assert from_short_form(short) == edits_from(data)


@pytest.mark.parametrize(("short", "data"), CASES["written"])
def test_data_are_written_as_their_short_form(short: str, data: list[dict[str, Any]]) -> None:
    assert short_form(edits_from(data)) == short


@pytest.mark.parametrize("short", CASES["refused"])
def test_what_is_not_a_short_form_is_refused(short: str) -> None:
    with pytest.raises(EditError):
        from_short_form(short)


@pytest.mark.parametrize(("short", "data"), [*CASES["written"], *CASES["read"]])
def test_a_list_holds_the_edits_that_are_on(short: str, data: list[dict[str, Any]]) -> None:
    edits = edits_from(data)
    assert from_listed_form(short) == edits
    for at in range(len(edits)):
        pieces = [short_form([edit]) for edit in edits]
        pieces[at] = f"!{pieces[at]}"
        assert from_listed_form(";".join(pieces)) == edits[:at] + edits[at + 1 :]


@pytest.mark.parametrize("short", [*CASES["refused"], "", "!i=0"])
def test_what_is_not_a_short_form_is_refused_in_a_list_where_it_is_off_too(short: str) -> None:
    with pytest.raises(EditError):
        from_listed_form(f"!{short}")
    if short in CASES["refused"]:
        with pytest.raises(EditError):
            from_listed_form(short)
