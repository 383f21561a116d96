"""Write static/js/data/api_types.d.ts: types for the page's scripts, from the API's OpenAPI document.

Only what the document of Gatescope uses is understood; anything else is refused rather than guessed.
"""

import json
import sys
from pathlib import Path
from typing import Any

from gatescope.main import create_app
from gatescope.web.boot import MODEL_FIELDS, Facts

TARGET = Path(__file__).parents[1] / "static/js/data/api_types.d.ts"
HEAD = "// The shapes that the API sends and takes. Made by `make types` from its OpenAPI document: do not edit.\n"
PRIMITIVES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


class UnknownSchemaError(Exception):
    """A schema of a form that has no translation here."""


def type_of(schema: dict[str, Any]) -> str:
    """Return the TypeScript type of a JSON schema. Raises UnknownSchemaError for a form that is not known."""
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"anyOf": list(options)}:
            return " | ".join(type_of(option) for option in options)
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value) for value in values)
        case {"const": value}:
            return json.dumps(value)
        case {"type": "array", "prefixItems": list(items)}:
            return f"[{', '.join(type_of(item) for item in items)}]"
        case {"type": "array", "items": dict(items)}:
            inner = type_of(items)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case {"type": "object", "properties": dict(properties)}:
            required = schema.get("required", [])
            fields = (f"{name}{'' if name in required else '?'}: {type_of(of)}" for name, of in properties.items())
            return "{ " + "; ".join(fields) + " }"
        case {"type": "object", "additionalProperties": dict(values)}:
            keys = type_of(schema["propertyNames"]) if "propertyNames" in schema else "string"
            return f"Record<{keys}, {type_of(values)}>"
        case {"type": str(name)} if name in PRIMITIVES:
            return PRIMITIVES[name]
    raise UnknownSchemaError(f"{schema} has no translation: add one to {Path(__file__).name}")


def declarations() -> str:
    """Return the whole file: a type for each schema of the document, and those of what comes with the page."""
    schemas = create_app().openapi()["components"]["schemas"]
    facts = Facts.model_json_schema(ref_template="{model}", mode="serialization")
    schemas |= facts.pop("$defs") | {"Facts": facts}
    types = {name: type_of(schema) for name, schema in sorted(schemas.items())}
    picked = f"Pick<ModelCard, {' | '.join(map(json.dumps, sorted(MODEL_FIELDS)))}>"
    added = "weights_id: string; is_imported: boolean; leaves_head_out: boolean; top: number | null"
    types["Model"] = f"{picked} & {{ {added} }}"
    return HEAD + "".join(f"\nexport type {name} = {shape};\n" for name, shape in types.items())


if __name__ == "__main__":
    TARGET.write_text(declarations(), encoding="utf-8")
    sys.stdout.write(f"{TARGET} is up to date\n")
