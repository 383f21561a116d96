"""Watched: what was seen of every recurrent module inside a model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from .entry import Budget, Entry
from .run import Run


class Runs(Sequence[Run]):
    """The runs of one module, in their order."""

    def __init__(self, entry: Entry, unseen: str) -> None:
        self._entry, self._unseen = entry, unseen

    def __len__(self) -> int:
        return len(self._entry.runs)

    @overload
    def __getitem__(self, place: int) -> Run: ...
    @overload
    def __getitem__(self, place: slice) -> list[Run]: ...
    def __getitem__(self, place: int | slice) -> Run | list[Run]:
        try:
            return self._entry.runs[place]
        except IndexError:
            count, name = len(self), self._entry.name or "the model"
            if not count:
                raise IndexError(f"no run of {name} was recorded: {self._unseen}") from None
            have = "1 run: the only one is 0" if count == 1 else f"{count} runs, from 0 to {count - 1}"
            raise IndexError(f"there is no run {place} of {name}: it has {have}") from None

    def __repr__(self) -> str:
        entry = self._entry
        lines = [f"{entry.name or 'the model'} ({entry.kind}, {entry.sizes}): {_count(entry.calls, 'call')}"]
        lines += [f"  [{number}] {run!r}" for number, run in enumerate(entry.runs)]
        lines += [f"  {line}" for line in _dropped(entry)]
        return "\n".join(lines if entry.runs else [*lines, f"  {self._unseen}"])


class Watched(Mapping[str, Runs]):
    """The runs of every module that was watched, by its name in the model; "" is the model itself."""

    def __init__(
        self, entries: Mapping[str, Entry], aliases: Mapping[str, str], others: Mapping[str, str], budget: Budget
    ) -> None:
        self._entries, self._aliases, self._others, self._budget = entries, aliases, others, budget
        self.unseen = "the block has not called it yet"
        """Why a module that has no run was not called."""

    def __getitem__(self, name: str) -> Runs:
        if name not in self._entries and self._aliases.get(name) in self._entries:
            name = self._aliases[name]
        if name not in self._entries:
            if name in self._others:
                raise KeyError(f"{name!r} was not watched: {self._others[name]}")
            raise KeyError(f"no module {name!r} was watched: there is {' and '.join(map(repr, self._entries))}")
        entry = self._entries[name]
        dropped = next(iter(entry.dropped), None)
        return Runs(entry, f"its calls were dropped, {dropped}" if dropped else self.unseen)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """How many bytes the copies take: inputs, states, outputs and weights."""
        return self._budget.taken

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know: what was dropped and why, and modules that could not be watched."""
        notes = [note for entry in self._entries.values() for note in _dropped(entry)]
        calls = sum(entry.calls for entry in self._entries.values())
        silent = [name or "the model" for name, entry in self._entries.items() if not entry.calls]
        if not calls:
            notes.append(f"no call was seen of {' or '.join(silent)}: {self.unseen}")
        elif silent:
            notes.append(f"not called: {', '.join(silent)}")
        for entry in self._entries.values():
            notes += dict.fromkeys(f"{entry.name or 'the model'}: {note}" for run in entry.runs for note in run.notes)
        return (*notes, *(f"{name} was not watched: {why}" for name, why in self._others.items()))

    def forget(self) -> None:
        """Drop all runs, so that a long block has room for new ones; the copies of weights stay."""
        for entry in self._entries.values():
            entry.forget()
        self._budget.start_again(sum(entry.copies.bytes for entry in self._entries.values()))

    def __repr__(self) -> str:
        rows: list[tuple[str, ...]] = [("name", "kind", "sizes", "calls", "runs", "steps")]
        for name, each in self._entries.items():
            counts = (each.calls, len(each.runs), each.steps)
            rows.append((name or "(the model)", each.kind, each.sizes, *map(str, counts)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(width) if at > 2 else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, f"{_in_bytes(self.bytes)} of copies", *self.notes])


def _dropped(entry: Entry) -> list[str]:
    return [
        f"{_count(count, 'call')} of {entry.name or 'the model'} {'was' if count == 1 else 'were'} dropped: {why}"
        for why, count in entry.dropped.items()
    ]


def _in_bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
