"""What it costs to write a trace: each encoding of the API, beside NumPy's ``tobytes`` of the same arrays."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from gatescope.api.traces.content import Selection, step_lines, trace_content
from gatescope.api.traces.files import csv_rows, npz
from gatescope.api.wire.encoding import dumps
from gatescope.api.wire.schemas import Encoding
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import Trace, trace
from gatescope.settings import Settings
from rich.progress import track

from .report import Section, Table
from .timing import interleave

LENGTHS, SIZE, VOCABULARY_SIZE = (20, 100), 128, 1000


def measure(lengths: Iterable[int] = LENGTHS, size: int = SIZE, budget: float = 2.0) -> list[dict[str, Any]]:
    """Seconds and bytes of every form of a trace of an LSTM, for every length."""
    network = Network(NetworkConfig("lstm", VOCABULARY_SIZE, size, size, outputs=1)).eval()
    results = []
    for length in track(list(lengths), "wire"):
        ids = torch.randint(VOCABULARY_SIZE, (length,)).tolist()
        tokens = [Token(f"word{id_:04}", 9 * at, 9 * at + 8, id_, known=True) for at, id_ in enumerate(ids)]
        forms = forms_of(trace(network, tokens))
        seconds = interleave(forms, budget)
        results += [
            {"steps": length, "size": size, "form": form, "seconds": seconds[form], "bytes": sum(map(len, write()))}
            for form, write in forms.items()
        ]
    return results


def forms_of(whole: Trace) -> dict[str, Callable[[], list[bytes]]]:
    """A call for each form, which gives the chunks of bytes that go out."""
    (layer,) = whole.layers
    everything = Selection(frozenset({0}), "".join(layer.activations), None)
    chunk = Settings().chunk_steps
    parts = [whole.span(start, start + chunk) for start in range(0, len(whole), chunk)]

    def json(encoding: Encoding) -> list[bytes]:
        return [dumps(trace_content(whole, len(whole), "random", {"names": ["positive"]}, everything, encoding))]

    return {
        "tobytes": lambda: [array.tobytes() for array in layer.activations.values()],
        "base64": lambda: json("base64"),
        "numbers": lambda: json("numbers"),
        "NPZ": lambda: [npz(whole, ["positive"], everything)],
        "CSV": lambda: list(csv_rows(parts, "random", everything)),
        "JSONL, base64": lambda: list(step_lines([(each, []) for each in parts], everything, "base64")),
        "JSONL, numbers": lambda: list(step_lines([(each, []) for each in parts], everything, "numbers")),
    }


def section(results: list[dict[str, Any]]) -> Section:
    """Present what ``measure`` returns."""
    least = {each["steps"]: each for each in results if each["form"] == "tobytes"}
    rows = [
        (
            each["form"],
            each["steps"],
            each["seconds"] / least[each["steps"]]["seconds"],
            each["bytes"] / least[each["steps"]]["bytes"],
            1e6 * each["seconds"],
            each["bytes"],
        )
        for each in results
    ]
    return Section(
        "Wire",
        f"To write a trace of an LSTM of one layer, H = {SIZE}: six arrays, tokens and outputs. `tobytes` is NumPy's, "
        "of the six arrays alone; base64 makes four bytes of three.",
        [Table(("form", "T", "time / that of tobytes", "bytes / those of tobytes", "µs", "bytes"), rows)],
    )
