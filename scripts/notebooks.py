"""Run the notebooks of docs/notebooks/, and keep what they show."""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
KEY = re.compile(r'data-gatescope="\w+"')  # of the widget that takes the picture's place: another one in each run
SECONDS = 120  # that a cell may take; one may fetch a package
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}  # nothing of the machine that it ran on


def notebooks() -> list[Path]:
    """Return the files, in the order of their names."""
    return sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """Return the notebook in a file."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def run(path: Path) -> NotebookNode:
    """Return the notebook in a file with what it shows today. Raises CellExecutionError if a cell fails."""
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        record_timing=False,
        coalesce_streams=True,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    for cell in notebook.cells:
        if "outputs" in cell:  # a widget has no kernel where this is read: its still picture stays
            cell.outputs = [each for each in cell.outputs if WIDGET not in each.get("data", {})]
            for each in cell.outputs:
                if "text/html" in each.get("data", {}):
                    each.data["text/html"] = KEY.sub('data-gatescope=""', each.data["text/html"])
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def main() -> None:
    """Run all notebooks, or those named, and write them with what they show."""
    chosen = [Path(each).resolve() for each in sys.argv[1:]] or notebooks()
    for path in chosen:
        nbformat.write(run(path), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
