"""How ``gatescope train`` draws a run: a bar for each seed."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Drawing

if TYPE_CHECKING:
    from rich.console import Console

    from ..training.run import Progress


class Bars(AbstractContextManager["Bars"]):
    """The bars of a run; they appear with the first progress and stay when all seeds are done."""

    def __init__(self, console: "Console", cell: str, seeds: Sequence[int]) -> None:
        numbers = TextColumn("loss {task.fields[loss]}  judged {task.fields[judged]}")
        columns = ("{task.description}", BarColumn(), "{task.percentage:>3.0f} %", TimeRemainingColumn(), numbers)
        self.drawing = Drawing(*columns, console=console)
        self.bars = {
            seed: self.drawing.add_task(f"{cell}, seed {seed}", total=1, start=False, loss="–", judged="–")
            for seed in seeds
        }
        self.resumed: set[int] = set()

    def __exit__(self, *_: object) -> None:
        self.drawing.stop()

    def update(self, now: "Progress") -> None:
        """Draw where a seed stands, and say once if it went on from a checkpoint."""
        bar = self.bars[now.seed]
        if not self.drawing.live.is_started:
            self.drawing.start()
        if self.drawing.tasks[bar].start_time is None:
            self.drawing.start_task(bar)
        if now.resumed_at is not None and now.seed not in self.resumed:
            self.resumed.add(now.seed)
            share = f"{100 * now.resumed_at:.0f} %"
            self.drawing.console.print(f"seed {now.seed}: going on at {share}", highlight=False)
        judged = "–" if now.judged is None else f"{now.judged:.3f}"
        self.drawing.update(bar, completed=now.done, loss=f"{now.loss:.3f}", judged=judged)
        if self.drawing.finished:
            self.drawing.stop()
