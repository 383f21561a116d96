"""Two texts side by side: which step of one stands against which step of the other."""

from collections.abc import Sequence

Pair = tuple[int | None, int | None]  # a step of each text; None where it has none


def align(first: Sequence[str], second: Sequence[str]) -> list[Pair]:
    """Return the alignment with the fewest insertions, deletions and replacements (Wagner & Fischer 1974).

    Of several that are equally short it is the one that ``data/alignment.js`` finds, so that a column of the heatmaps
    and a column of the pictures are the same pair.
    """
    costs = [list(range(len(second) + 1))]
    for a, word in enumerate(first, 1):
        above, row = costs[-1], [a]
        for b, other in enumerate(second, 1):
            row.append(min(above[b - 1] + (word != other), above[b] + 1, row[-1] + 1))
        costs.append(row)
    pairs: list[Pair] = []
    a, b = len(first), len(second)
    while a or b:
        here = costs[a][b]
        if a and b and here == costs[a - 1][b - 1] + (first[a - 1] != second[b - 1]):
            a, b = a - 1, b - 1
            pairs.append((a, b))
        elif a and here == costs[a - 1][b] + 1:
            a -= 1
            pairs.append((a, None))
        else:
            b -= 1
            pairs.append((None, b))
    return pairs[::-1]
