"""A finding without marks: one sentence, with as many of its clauses as there is room for."""

from .statement import MOST_WORDS, Finding, Piece


def sentence(rule: str, told: str, *clauses: str) -> Finding:
    """Return ``told`` and as many of ``clauses``, from the first on, as there is room for, with a full stop."""
    fitting = told
    for clause in clauses:
        if len(f"{fitting}{clause}".split()) > MOST_WORDS:
            break
        fitting += clause
    return Finding([Piece(f"{fitting}.")], rule)
