"""Where a training run stands, on disk: replaced as a whole, so that a run that was killed can go on."""

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..store.saving import replace_file

Snapshot = dict[str, Any]  # tensors, numbers and texts, in dictionaries and lists


class CheckpointError(Exception):
    """A checkpoint from which a run cannot go on; the message says what to do."""


@dataclass
class Checkpoint:
    """The file of one run."""

    path: Path
    data: str = ""  # identifies what the run learns from, such as a checksum
    every: float = 10.0  # seconds between two checkpoints
    _due: float = field(init=False, repr=False)
    _since: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._due, self._since = time.monotonic() + self.every, time.process_time()

    @property
    def seconds(self) -> float:
        """CPU time of the run so far, in this process and in those before it."""
        return time.process_time() - self._since

    def read(self, run: Mapping[str, Any]) -> Snapshot | None:
        """Return the last snapshot; None if there is no file.

        ``run`` holds the options that make the run what it is. Raises CheckpointError if the file is damaged, or
        belongs to a run with other options or other data.
        """
        advice = f"delete {self.path} to begin anew"
        try:
            content = torch.load(self.path, weights_only=True)
            written, snapshot, seconds = content["run"], content["snapshot"], float(content["seconds"])
        except FileNotFoundError:
            return None
        except Exception as error:  # what unpickling may raise has no common class
            raise CheckpointError(f"{self.path} is not a checkpoint ({type(error).__name__}): {advice}") from None
        for name, value in {**run, "data": self.data}.items():
            if written.get(name) != value:
                raise CheckpointError(
                    f"{self.path} belongs to another run, whose {name} is {written.get(name)} and not {value}: {advice}"
                )
        self._since = time.process_time() - seconds
        return dict(snapshot)

    def keep(self, run: Mapping[str, Any], snapshot: Callable[[], Snapshot]) -> None:
        """Write what ``snapshot`` returns if ``every`` seconds have passed.

        Raises OSError, which names the file, if it cannot be written.
        """
        if time.monotonic() < self._due:
            return
        written = io.BytesIO()  # on a full disk PyTorch's own writer raises a RuntimeError that does not say so
        torch.save({"run": {**run, "data": self.data}, "snapshot": snapshot(), "seconds": self.seconds}, written)
        replace_file(self.path, written.getbuffer())
        self._due = time.monotonic() + self.every

    def remove(self) -> None:
        """Delete the file, now that the run has ended."""
        self.path.unlink(missing_ok=True)
