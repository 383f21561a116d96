"""Templated phrases that cannot be judged word by word: comparisons, warnings, hopes, *never so* and the like.

"It could have been worse" is mild praise though *worse* is a complaint, and "I have never been so happy" is high praise
though *never* turns other praise into its opposite. A small network hears the words first: such phrases are rare in the
rated sentences.
"""

import random
from collections.abc import Sequence
from itertools import product

from .corpora import Example
from .phrases import THINGS, Word

KINDS = ("movie", "film", "book", "song", "show", "place", "hotel", "restaurant", "meal", "phone", "day", "idea")
COSTS = ("money", "evening", "weekend", "energy", "life")
KNOWN = ("seen", "read", "heard", "tried", "owned", "used", "watched", "known")  # participles: "I have known better"
ENDS = ("", ".", "!")
FIXED = {  # how they are meant, from -4 to 4
    "{thing} could be worse": 0.8,
    "{thing} could have been worse": 0.8,
    "{thing} could be better": -1.0,
    "{thing} could have been better": -1.0,
    "{thing} could not be better": 2.8,
    "{thing} couldn't have been better": 2.8,
    "{thing} could not be worse": -2.8,
    "{thing} couldn't have been worse": -2.8,
    "not the worst {kind}": 0.8,
    "{thing} was not the worst {kind} of the year": 0.8,
    "not the best {kind}": -0.8,
    "{thing} was not the best {kind} of the year": -0.8,
    "i have {known} worse": 0.8,
    "i have {known} worse {kind}s": 0.8,
    "there are worse {kind}s": 0.8,
    "i have {known} better": -1.0,
    "i have {known} better {kind}s": -1.0,
    "there are better {kind}s": -1.0,
    "{thing} was better than the others": 1.5,
    "{thing} was worse than the others": -1.5,
    "nothing to complain about": 1.2,
    "i have no complaints about {thing}": 1.2,
    "i cannot complain about {thing}": 1.2,
    "{thing} has no flaws": 1.8,
    "{thing} has no merits": -1.8,
    "do not waste your {cost} on {thing}": -2.5,
    "don't waste your {cost} with {thing}": -2.5,
    "don't bother with {thing}": -2.0,
    "do not miss {thing}": 2.2,
    "don't miss this {kind}": 2.2,
    "i wanted to like {thing} but could not": -1.2,
    "i hoped to enjoy {thing} but did not": -1.2,
    "i expected more of {thing}": -1.2,
    "i expected to dislike {thing} but did not": 1.2,
    "i expected less of {thing}": 1.0,
    "what a {kind}": 1.8,
    "and what a {kind} it is": 1.8,
}
NEVER_SO = (
    "i have never been so {word}",
    "never has {thing} been so {word}",
    "{thing} has never been so {word}",
    "i have never seen anything so {word}",
    "nothing was ever so {word}",
)


def fixed() -> list[Example]:
    """Return each fixed phrase with every filling, their ends in turn."""
    return [
        Example(text + ENDS[at % len(ENDS)], rating, "constructions")
        for pattern, rating in FIXED.items()
        for at, text in enumerate(_filled(pattern))
    ]


def never_so(words: Sequence[Word], count: int, seed: int = 0) -> list[Example]:
    """Return ``count`` phrases of rated words that are neither verbs nor held out; half are of positive words."""
    rng = random.Random(seed)  # noqa: S311
    usable = [word for word in words if not word.held_out and not word.verb]
    sides = [[word for word in usable if (word.rating > 0) is positive] for positive in (True, False)]
    texts = []
    for number in range(count):
        word = rng.choice(sides[number % 2])
        text = rng.choice(NEVER_SO).format(word=word.text, thing=rng.choice(THINGS))
        texts.append(Example(text + rng.choice(ENDS), word.rating, "constructions"))
    return texts


def _filled(pattern: str) -> list[str]:
    slots = {"thing": THINGS, "kind": KINDS, "known": KNOWN, "cost": COSTS}
    used = {name: values for name, values in slots.items() if f"{{{name}}}" in pattern}
    return [pattern.format(**dict(zip(used, filling, strict=True))) for filling in product(*used.values())]
