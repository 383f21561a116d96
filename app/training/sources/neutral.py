"""Sentences that say nothing for or against anything: greetings, everyday facts, questions, docstrings, random letters.

Rated sentences are opinions, so a network that learns only from them hears one in *hello* too. The templates are
filled at random from lists of plain words; ``docstrings`` returns the first paragraphs of a package's docstrings.
"""

import ast
import io
import random
import tarfile
from collections.abc import Callable, Iterable

from .download import DataError

GREETINGS = (
    *("hello", "hi", "hey", "hi there", "hello there", "hey there", "good morning", "good afternoon", "good evening"),
    *("greetings", "howdy", "hiya", "goodbye", "bye", "see you tomorrow", "see you on monday", "good day"),
    "hello again",
)
ADDRESSED = ("", "", "everyone", "all", "world", "again", "everybody", "folks", "dear reader", "doctor", "sir", "team")
ASKED = (
    *("", "", "", "how are you?", "how are you today?", "how is it going?", "what is new?", "who is this?"),
    *("is anybody there?", "can you hear me?", "what is your name?", "where are you from?", "what are you doing?"),
)
NAMES = (
    *("Maria", "John", "Peter", "Ahmed", "Sarah", "David", "Elena", "Tom", "Julia", "Ivan", "Lucy", "Omar", "Nina"),
    *("Paul", "Emma", "Carlos", "Yuki", "Priya", "Martin", "Sophie", "Daniel", "Mr. Brown", "Mrs. Lee", "Dr. Smith"),
    *("Clara", "Hans", "Maya", "Luis", "Ingrid", "Kofi", "Laura", "Pavel", "Rosa", "Simon", "Fatima", "Oscar", "Helen"),
    *("Jack", "Mei", "Robert", "Alice", "Hugo", "Irene", "Sam", "Vera", "Walter", "Zoe", "Andrew", "Ruth", "Frank"),
)
CITIES = (
    *("Paris", "Berlin", "Madrid", "Rome", "Oslo", "Boston", "Chicago", "Tokyo", "Cairo", "Vienna", "Dublin", "Prague"),
    *("Lima", "Toronto", "Sydney", "Delhi", "Geneva", "Lisbon", "Seattle", "Athens", "Munich", "Nairobi", "Seoul"),
)
PLACES = (
    *("kitchen", "garden", "office", "library", "station", "school", "park", "market", "shop", "store", "museum"),
    *("hotel", "bank", "airport", "room", "hall", "street", "harbour", "bakery", "pharmacy", "classroom", "basement"),
)
THINGS = (
    *("table", "chair", "desk", "window", "door", "box", "bag", "book", "lamp", "cup", "bottle", "key", "letter"),
    *("bread", "apple", "newspaper", "pencil", "coat", "map", "bicycle", "car", "phone", "picture", "carpet", "bed"),
    *("shelf", "bench", "wall", "floor", "sofa", "ladder", "basket", "bucket", "ticket", "umbrella", "keyboard", "mat"),
)
GOODS = (
    *("milk", "bread", "eggs", "apples", "paper", "rice", "potatoes", "flour", "two tickets", "three pens", "a lamp"),
    *("stamps", "onions", "a newspaper", "some water", "a pair of shoes", "four chairs", "a map", "tea", "some salt"),
)
ANIMALS = ("dog", "cat", "horse", "bird", "cow", "sheep", "fox", "duck", "mouse", "fish", "goat", "frog", "rabbit")
PEOPLE = (
    *("I", "we", "they", "he", "she", "my brother", "my sister", "the teacher", "the man", "the woman", "a neighbour"),
    *("the driver", "the children", "my mother", "my father", "the students", "two people", "someone", "a colleague"),
)
EVENTS = (
    *("train", "bus", "meeting", "class", "lesson", "shop", "lecture", "flight", "office", "library", "course"),
    *("ferry", "appointment", "conference", "next session", "interview", "exhibition", "bakery", "election", "exam"),
)
STARTS = ("starts", "begins", "ends", "opens", "closes", "leaves", "arrives", "is")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "October", "November", "December")
WEATHER = ("raining", "snowing", "cloudy", "windy", "dark", "cold", "warm", "foggy", "dry", "getting dark", "noon")
WHEN = ("today", "now", "outside", "this morning", "tonight", "tomorrow", "at the moment", "in the evening", "again")
COLOURS = ("red", "blue", "green", "white", "black", "yellow", "brown", "grey", "round", "wooden", "square", "small")
ACTIONS = (
    *("opened", "closed", "carried", "moved", "painted", "counted", "measured", "saw", "held", "found", "brought"),
    *("sold", "borrowed", "drew", "washed", "filled", "turned", "used", "needed", "wrapped", "unpacked", "ordered"),
)
STANDS = ("sat", "stood", "lay", "slept", "is sitting", "is standing", "is lying", "was", "is", "waited", "stays")
BY = ("on", "under", "next to", "behind", "near", "in front of", "beside", "by", "at", "over", "across from")
TASKS = (
    *("read", "see", "open", "write", "print", "translate", "count", "show", "send", "copy", "type", "repeat", "check"),
    *("explain", "spell", "analyse", "classify", "process", "hear", "name", "describe", "describe", "compare"),
)
TEXTS = (
    *("this", "that", "it", "the text", "this text", "a sentence", "the next line", "these words", "the list"),
    *("a word", "the page", "the first letter", "this message", "the file", "the number", "the question", "an example"),
)
MATTER = ("water", "ice", "iron", "gold", "lead", "copper", "air", "salt water", "oil", "wood", "glass", "sand")
TURNS = ("melts", "freezes", "boils", "is measured", "is heated", "is stored", "evaporates", "expands", "is kept")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def sentences(count: int, seed: int = 0) -> list[str]:
    """Return ``count`` different sentences from the templates, in turn."""
    rng = random.Random(seed)  # noqa: S311
    made: dict[str, None] = {}
    while len(made) < count:
        text = _finished(TEMPLATES[len(made) % len(TEMPLATES)](rng), rng)
        made.setdefault(text)
    return list(made)


def docstrings(archive: bytes) -> list[str]:
    """Return the different first paragraphs of the docstrings in a package's source archive, in the order of its files.

    Raises DataError if it cannot be read.
    """
    paragraphs: dict[str, None] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in sorted(tar.getmembers(), key=lambda each: each.name):
                if member.isfile() and member.name.endswith(".py") and "/tests/" not in member.name:
                    source = tar.extractfile(member).read()  # type: ignore[union-attr]
                    paragraphs |= dict.fromkeys(_first_paragraphs(ast.parse(source)))
    except (tarfile.TarError, EOFError, OSError, SyntaxError) as error:
        raise DataError(f"the archive that should hold docstrings cannot be read: {error}") from None
    return list(paragraphs)


def _first_paragraphs(module: ast.Module) -> Iterable[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and (text := ast.get_docstring(node)):
            yield " ".join(text.split("\n\n")[0].split())


def _finished(text: str, rng: random.Random) -> str:
    """Return ``text`` in one of the ways in which people write it."""
    text = " ".join(text.split())
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:]
    return text if text.endswith("?") else text + rng.choice(("", "", ".", ".", "!"))


def _hour(rng: random.Random) -> str:
    return rng.choice((f"{rng.randint(1, 12)}:{rng.randrange(0, 60, 5):02}", f"{rng.randint(1, 12)} o'clock", "noon"))


def _greeting(rng: random.Random) -> str:
    name = rng.choice((*ADDRESSED, rng.choice(NAMES)))
    return f"{rng.choice(GREETINGS)} {name}{rng.choice((',', '.', '!', ''))} {rng.choice(ASKED)}".rstrip(" ,")


def _introduction(rng: random.Random) -> str:
    name, city = rng.choice(NAMES), rng.choice(CITIES)
    return rng.choice(
        (
            *(f"I am {name}", f"I'm {name}", f"this is {name}", f"his name is {name}", f"my name is {name}"),
            *(f"my name is {name}", f"my name is {name} and I live in {city}", f"her name is {name}"),
            *(f"{name} is from {city}", f"I live in {city}", f"{name} works in {city}", f"we come from {city}"),
            *(f"I moved to {city} in {rng.choice(MONTHS)}", f"{name} is {rng.randint(5, 90)} years old"),
        )
    )


def _place(rng: random.Random) -> str:
    who = rng.choice((f"the {rng.choice(ANIMALS)}", f"a {rng.choice(ANIMALS)}", rng.choice(PEOPLE), rng.choice(NAMES)))
    return f"{who} {rng.choice(STANDS)} {rng.choice(BY)} the {rng.choice((*THINGS, *PLACES))}"


def _time(rng: random.Random) -> str:
    when = rng.choice((f"at {_hour(rng)}", f"on {rng.choice(DAYS)}", f"in {rng.choice(MONTHS)}", "tomorrow", "at noon"))
    return f"{rng.choice(('the', 'the', 'our', 'my'))} {rng.choice(EVENTS)} {rng.choice(STARTS)} {when}"


def _weather(rng: random.Random) -> str:
    where = rng.choice(("", "", f"in {rng.choice(CITIES)}"))
    return f"{rng.choice(('it is', 'it was', 'it will be', 'is it'))} {rng.choice(WEATHER)} {where} {rng.choice(WHEN)}"


def _errand(rng: random.Random) -> str:
    who, goods, place = rng.choice(PEOPLE), rng.choice(GOODS), rng.choice(PLACES)
    return rng.choice(
        (
            *(f"{who} bought {goods} at the {place}", f"{who} went to the {place} to buy {goods}"),
            *(f"{who} walked to the {place}", f"{who} went from the {place} to the {rng.choice(PLACES)}"),
            f"{who} {rng.choice(ACTIONS)} the {rng.choice(COLOURS)} {rng.choice(THINGS)}",
            f"{who} {rng.choice(ACTIONS)} a {rng.choice(THINGS)} in the {place} and {rng.choice(ACTIONS)} {goods}",
        )
    )


def _question(rng: random.Random) -> str:
    thing, text = rng.choice(THINGS), rng.choice(TEXTS)
    return rng.choice(
        (
            *(f"where is the {thing}?", f"what is {text}?", f"which {thing} is {rng.choice(COLOURS)}?"),
            *(f"how does {text} {rng.choice(('look', 'end', 'start', 'change', 'run'))}", f"what does {text} mean?"),
            *(f"how many {thing}s are there?", f"is the {thing} in the {rng.choice(PLACES)}?", f"who wrote {text}?"),
            *(f"can you {rng.choice(TASKS)} {text}?", f"could you {rng.choice(TASKS)} {text}", f"{text}?"),
            *(
                f"please {rng.choice(TASKS)} {text}",
                f"when does the {rng.choice(EVENTS)} {rng.choice(('end', 'open'))}?",
            ),
        )
    )


def _fact(rng: random.Random) -> str:
    thing = rng.choice(THINGS)
    return rng.choice(
        (
            f"{rng.choice(MATTER)} {rng.choice(TURNS)} at {rng.randint(0, 1500)} degrees",
            f"the {thing} is {rng.choice(COLOURS)} and {rng.choice(COLOURS)}",
            f"the {rng.choice(COLOURS)} {rng.choice(ANIMALS)} {rng.choice(('ran', 'walked', 'went'))} "
            f"{rng.choice(('to', 'past', 'around', 'into', 'across'))} the {rng.choice((*PLACES, *THINGS))}",
            f"there is a {thing} {rng.choice(BY)} the {rng.choice(THINGS)}",
            f"the {rng.choice(PLACES)} is {rng.randint(2, 900)} {rng.choice(('metres', 'miles', 'minutes'))} away",
            f"{rng.choice(CITIES)} is {rng.choice(('north', 'south', 'east', 'west'))} of {rng.choice(CITIES)}",
            f"{rng.choice(DAYS)} comes before the {thing} of {rng.choice(DAYS)}",
        )
    )


def _trial(rng: random.Random) -> str:
    numbers = [str(rng.randint(0, 10 ** rng.randint(1, 5))) for _ in range(rng.randint(1, 4))]
    word = rng.choice(("test", "testing", "a test", "just a test", "test text", "trying this out", "example", "sample"))
    return rng.choice((" ".join(numbers), f"{word} {numbers[0]}", f"{word} {' '.join(numbers)}", f"no. {numbers[0]}"))


def _letters(rng: random.Random) -> str:
    """Return random strings of the letters a to z, which are words of no language."""
    words = ("".join(rng.choices(LETTERS, k=rng.randint(1, 9))) for _ in range(rng.randint(1, 8)))
    return f"{rng.choice(('', '', '', '¿'))}{' '.join(words)}{rng.choice(('', '', '?', ',', '...'))}"


TEMPLATES: tuple[Callable[[random.Random], str], ...] = (
    *(_greeting, _introduction, _place, _time, _weather, _errand, _question, _fact, _trial, _letters),
)
