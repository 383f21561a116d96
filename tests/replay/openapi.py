"""What clients read off an OpenAPI document: calls, parameters, media types and the shapes of what is sent."""

from typing import Any

TEXTS = frozenset({"description", "title", "summary", "examples", "example"})
DEEPEST = 40  # levels of schemas inside each other


def digest(document: dict[str, Any]) -> dict[str, Any]:
    """Return every call by method and path, its schemas without names and prose, references replaced."""
    schemas = document["components"]["schemas"]
    return {
        f"{method.upper()} {path}": {
            "parameters": {
                f"{each['in']} {each['name']}": {"required": each.get("required", False), "schema": _of(each, schemas)}
                for each in call.get("parameters", [])
            },
            "body": _contents(call.get("requestBody", {}), schemas),
            "responses": {
                status: {
                    "headers": sorted(response.get("headers", {})),
                    "content": _contents(response, schemas),
                }
                for status, response in call["responses"].items()
            },
        }
        for path, calls in document["paths"].items()
        for method, call in calls.items()
    }


def _contents(holder: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return {media_type: _of(each, schemas) for media_type, each in holder.get("content", {}).items()}


def _of(holder: dict[str, Any], schemas: dict[str, Any]) -> Any:
    return _plain(holder.get("schema", {}), schemas)


def _plain(schema: Any, schemas: dict[str, Any], depth: int = 0) -> Any:
    """Return a schema with members for names that may grow (``required``, ``enum``), so that each is compared."""
    assert depth <= DEEPEST, "schemas refer to each other in a circle"
    if "$ref" in schema:
        return _plain(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth + 1)
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in TEXTS:
            continue
        match key:
            case "properties":
                plain[key] = {name: _plain(each, schemas, depth + 1) for name, each in value.items()}
            case "items" | "additionalProperties" | "propertyNames" if isinstance(value, dict):
                plain[key] = _plain(value, schemas, depth + 1)
            case "anyOf" | "prefixItems":
                plain[key] = [_plain(each, schemas, depth + 1) for each in value]
            case "required" | "enum":
                plain[key] = dict.fromkeys(sorted(map(str, value)), True)
            case _:
                plain[key] = value
    return plain
