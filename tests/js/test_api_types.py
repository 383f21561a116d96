"""The types of the API that the page's scripts are checked against are those of its OpenAPI document."""

import api_types
import pytest


def test_the_types_are_up_to_date() -> None:
    current = api_types.TARGET.read_text(encoding="utf-8")
    assert current == api_types.declarations(), "the API has changed: run `make types`"


def test_a_schema_is_translated() -> None:
    items = {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}}
    schema = {"type": "object", "properties": {"a": items, "b": {"enum": ["x", 1]}}, "required": ["a"]}
    assert api_types.type_of(schema) == '{ a: (number | null)[]; b?: "x" | 1 }'


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(api_types.UnknownSchemaError, match="has no translation"):
        api_types.type_of({"type": "string", "allOf": []} | {"type": "date"})
