"""A small table of texts with labels that a network learns in a second, and what a run leaves on the disk."""

from pathlib import Path


def table(path: Path, rows: int = 120) -> Path:
    """Write a table of two labels that a network learns from one word."""
    words = [("good", "great", "fine"), ("bad", "awful", "dull")]
    lines = [f"{at},number {at} was {words[at % 2][at % 3]},{'np'[at % 2]}" for at in range(rows)]
    path.write_text("\n".join(["id,review,class", *lines]) + "\n")
    return path


def checkpoints(cache: Path) -> list[Path]:
    """Return the complete checkpoints in a cache."""
    return sorted((cache / "checkpoints").glob("*.checkpoint"))


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a model."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
