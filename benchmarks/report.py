"""What a part of the benchmarks says, in tables: on the terminal and as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table as TerminalTable

Value = str | int | float


@dataclass(frozen=True)
class Goal:
    """A figure that is to stay on one side of a limit."""

    what: str
    figure: float
    limit: float
    at_least: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the figure, unrounded, is on the right side."""
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit


@dataclass(frozen=True)
class Table:
    """Columns that hold numbers are set to the right, those that start with a text to the left."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]

    def markdown(self) -> str:
        """The table in GitHub's form."""
        marks = ["--:" if right else "---" for right in self.numeric()]
        lines = [self.columns, marks, *(map(written, row) for row in self.rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def terminal(self) -> TerminalTable:
        """The table as rich prints it."""
        table = TerminalTable()
        for column, right in zip(self.columns, self.numeric(), strict=True):
            table.add_column(column, justify="right" if right else "left")
        for row in self.rows:
            table.add_row(*map(written, row))
        return table

    def numeric(self) -> list[bool]:
        """Which columns hold numbers, by the first row."""
        return [not isinstance(value, str) for value in self.rows[0]]


@dataclass(frozen=True)
class Section:
    """A part's figures for people: the goals first, then the tables, with a text that says what they are.

    ``notes`` say why a goal is missed, by what the goal is of; that of a goal which is reached is not shown.
    """

    title: str
    text: str
    tables: Sequence[Table]
    goals: Sequence[Goal] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def blocks(self) -> list[Table | str]:
        """The goals as a table, where there are some, why those are missed that are, and the other tables."""
        if not self.goals:
            return [*self.tables]
        rows = [
            (goal.what, f"{'≥' if goal.at_least else '≤'} {goal.limit}", goal.figure, verdict(goal))
            for goal in self.goals
        ]
        missed = [goal.what for goal in self.goals if not goal.is_reached and goal.what in self.notes]
        reasons = [f"Why “{what}” is missed: {self.notes[what]}" for what in missed]
        return [Table(("goal", "limit", "figure", "verdict"), rows), *reasons, *self.tables]

    def markdown(self) -> str:
        """The section of a page."""
        blocks = (block if isinstance(block, str) else block.markdown() for block in self.blocks())
        return "\n\n".join([f"## {self.title}", self.text, *blocks])

    def show(self, console: Console) -> None:
        """Print the section."""
        console.rule(self.title)
        for block in [self.text, *self.blocks()]:
            if isinstance(block, str):
                console.print(block, markup=False, highlight=False)
            else:
                console.print(block.terminal())


def verdict(goal: Goal) -> str:
    """Reached or missed, in a word."""
    return "reached" if goal.is_reached else "missed"


def written(value: Value) -> str:
    """A figure to three digits or so, in the form that suits its size; a text as it is."""
    if isinstance(value, float):
        size = abs(value)
        return f"{value:,.{2 if size < 10 else 1 if size < 100 else 0}f}"
    return f"{value:,}" if isinstance(value, int) else value
