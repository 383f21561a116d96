"""The recordings on disk: JSON that a person can read, with numbers of nine significant digits."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
RECORDINGS = FOLDER / "recordings"
MODELS = FOLDER / "models"
WIDTH = 120


def load(group: str) -> Any:
    """Return what was recorded of a group."""
    return json.loads((RECORDINGS / f"{group}.json").read_text(encoding="utf-8"))


def save(group: str, content: object) -> None:
    """Write what was recorded of a group."""
    RECORDINGS.mkdir(exist_ok=True)
    (RECORDINGS / f"{group}.json").write_text(dumps(rounded(content)) + "\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """Return ``value`` with every float in it rounded to nine significant digits."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def dumps(value: Any, indent: str = "") -> str:
    """Return JSON in which whatever fits a line stands in one."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    deeper = indent + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key, ensure_ascii=False)}: {dumps(each, deeper)}" for key, each in value.items()]
    else:
        items = [dumps(each, deeper) for each in value]
    left, right = "{}" if isinstance(value, dict) else "[]"
    return f"{left}\n{deeper}" + f",\n{deeper}".join(items) + f"\n{indent}{right}"
