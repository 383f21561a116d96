"""Nothing outside gatescope.recurrent.cells names a cell: what others need to know of one, its description says.

Importers do: each knows what its format calls a cell.
"""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest
from gatescope.recurrent.cells import CELL_NAMES, TABLE

ROOT = Path(__file__).parents[1]
CELLS = ROOT / "app/recurrent/cells"
IMPORTERS = ROOT / "app/importers"
NAMES = {part for name in CELL_NAMES for part in name.split("_")}  # a part by itself gives a cell away


class Hit(NamedTuple):
    """Where a cell is named: an identifier, a string as a whole, or a key of a table, such as ``RECIPES["lstm"]``."""

    path: str
    text: str


class Exemption(NamedTuple):
    """Hits that may stay: those in files of a pattern, in which a regular expression finds something."""

    path: str
    text: str
    reason: str


PROSE = "prose for readers"
SHIPPED = "|".join(sorted(path.name for path in (ROOT / "models").iterdir()))
MEMORY, TRACES = "app/api/memory/schemas.py", "app/api/traces/schemas.py"
AGREEMENT, BRACKETS, COUNTING, FLAG = (
    f"app/training/tasks/{name}.py" for name in ("agreement", "brackets", "counting", "flag")
)
CHARACTERS, TYPES = "app/training/characters.py", "static/js/data/api_types.d.ts"
LISTED = "|".join(sorted({*CELL_NAMES, *(cell.variant for cell in TABLE)}))
EXEMPTIONS = [  # this list may only shrink
    Exemption("app/settings.py", "^sentiment-lstm$", "the shipped model that the page opens with"),
    Exemption("app/web/story/chapters.py", f"^({SHIPPED})$", "the shipped models that the story visits"),
    Exemption(
        "app/web/story/chapters.py",
        r"^(LSTM|GRU)$|[ “]|A GRU|plain RNN",
        "names of those models, and prose for readers",
    ),
    Exemption("app/recurrent/*", r"^RNN(Cell)?Base$", "what all modules of torch.nn share"),
    Exemption("app/*", r"^torch\.nn\.utils\.rnn$", "the module of torch in which packing lives"),
    Exemption("app/recurrent/trace_module.py", r"pack its sequences by torch\.nn\.utils\.rnn", "the same, in an error"),
    Exemption(AGREEMENT, r'^RECIPES\["rnn"\]$', "a plain RNN needs more epochs"),
    Exemption(BRACKETS, r'^RECIPES\["(lstm|rnn)"\]$', "cells learn at other rates"),
    Exemption(COUNTING, r'^RECIPES\["(lstm|rnn)"\]$', "an LSTM counts with its forget gates open; rates differ"),
    Exemption(
        FLAG, r'^RECIPES\["(rnn|mingru)"\]$', "a plain RNN learns at another rate; minGRU needs gates that keep long"
    ),
    Exemption(CHARACTERS, r'^RECIPES\["lstm"\]$', "an LSTM's cell state must be kept from running away"),
    Exemption(TYPES, f"^({LISTED})$", "generated from the OpenAPI document, which lists the table"),
    Exemption("app/cli/options.py", "an LSTM's", PROSE),
    Exemption("app/cli/__init__.py", "what an LSTM, a GRU or a plain RNN keeps", PROSE),
    Exemption("app/main.py", "small trained LSTM, GRU and plain RNN models", PROSE),
    Exemption(MEMORY, "two biases of an LSTM's forget gates", PROSE),
    Exemption(MEMORY, "s is h, of an LSTM h and c", PROSE),
    Exemption(MEMORY, r"∏ f \(LSTM\) or ∏ z \(GRU\)", PROSE),
    Exemption(MEMORY, "f of an LSTM, z of a GRU", PROSE),
    Exemption(MEMORY, "h of a plain RNN", PROSE),
    Exemption(MEMORY, "left out for a plain RNN", PROSE),
    Exemption(MEMORY, "no GRU that resets before the product", PROSE),
    Exemption("app/api/traces/routes.py", "a relu RNN, after its last step", PROSE),
    Exemption(TRACES, "the h of a plain RNN", PROSE),
    Exemption(TRACES, "h of a relu RNN", PROSE),
    Exemption(COUNTING, "LSTM recurrent networks learn simple context-free", PROSE),
    Exemption(COUNTING, "The LSTM's forget gates start wide open", PROSE),
    Exemption(FLAG, "a plain RNN went on from them", PROSE),
    Exemption("static/js/data/derivatives.js", "the state is h, of an LSTM h and c", PROSE),
    Exemption("app/web/story/figures.py", "LSTM", PROSE),
    Exemption("templates/base.html", "what an LSTM, a GRU or a plain RNN keeps", PROSE),
]


WRITTEN = [each for each in EXEMPTIONS if each.path != TYPES]  # what is generated lists the table as it likes


@cache
def names_a_cell(text: str) -> bool:
    """Whether a word of ``text``, or a part of a snake_case or CamelCase one, is the name of a cell."""
    words = re.findall(r"[^\W_]+", text)
    parts = {part for word in words for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", word)}
    return not NAMES.isdisjoint(each.lower().removesuffix("s") for each in [*words, *parts])


def in_python(source: str) -> Iterator[str]:
    """Identifiers and strings; docstrings, those of fields included, are for readers.

    A string that is a key of a module's table comes with the table's name, as in ``RECIPES["lstm"]``.
    """
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    table_of = {id(key): table for table, key in keys(tree)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) in table_of:
                yield f'{table_of[id(node)]}["{text}"]'
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.keyword(arg=str(name)) | ast.ImportFrom(module=str(name)):
                yield name
            case ast.alias(name=name, asname=asname):
                yield from (name, asname or "")
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield text


def keys(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The tables of a module, which have names in capitals, each with the keys that it has and is asked for."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=table)], value=ast.Dict(keys=all_keys))
                | ast.AnnAssign(target=ast.Name(id=table), value=ast.Dict(keys=all_keys))
            ) if table.isupper():
                yield from ((table, key) for key in all_keys if key is not None)
    for each in ast.walk(tree):
        match each:
            case ast.Subscript(value=ast.Name(id=table), slice=key) if table.isupper():
                yield table, key


def in_javascript(source: str) -> Iterator[str]:
    """Strings, the fixed parts of templates and whatever else is not a comment, line by line."""
    strings = r'"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`'
    for comment, string in re.findall(rf"(//[^\n]*|/\*.*?\*/)|({strings})", source, re.DOTALL):
        if not comment:
            yield string[1:-1]
    yield from re.sub(rf"//[^\n]*|/\*.*?\*/|{strings}", " ", source, flags=re.DOTALL).split()


def in_css(source: str) -> Iterator[str]:
    """Whatever is not a comment, word by word."""
    yield from re.sub(r"/\*.*?\*/", " ", source, flags=re.DOTALL).split()


def in_template(source: str) -> Iterator[str]:
    """Tags with their attributes, and the strings and names of Jinja's expressions; not the text between them."""
    source = re.sub(r"\{#.*?#\}", " ", source, flags=re.DOTALL)
    for expression in re.findall(r"\{[{%](.*?)[}%]\}", source, re.DOTALL):
        yield from re.findall(r'"([^"]*)"', expression)
        yield from re.findall(r"\w+", re.sub(r'"[^"]*"', " ", expression))
    parts: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            parts.extend((tag, *(each or "" for pair in attrs for each in pair)))

    Reader().feed(re.sub(r"\{[{%].*?[}%]\}", " ", source, flags=re.DOTALL))
    yield from parts


READERS = {
    ".py": in_python,
    ".js": in_javascript,
    ".ts": in_javascript,
    ".css": in_css,
    ".html": in_template,
    ".svg": in_template,
    ".j2": in_template,
}


def sources() -> Iterator[Path]:
    for folder in ("app", "static", "templates"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in READERS and {CELLS, IMPORTERS}.isdisjoint(path.parents):
                yield path


def hits(path: Path) -> list[Hit]:
    """Every place in a file that names a cell."""
    read = READERS[path.suffix](path.read_text(encoding="utf-8"))
    return [Hit(path.relative_to(ROOT).as_posix(), text) for text in read if names_a_cell(text)]


@cache
def all_hits() -> list[Hit]:
    return [hit for path in sources() for hit in hits(path)]


def is_exempt(hit: Hit, exemption: Exemption) -> bool:
    return fnmatch(hit.path, exemption.path) and re.search(exemption.text, hit.text) is not None


def test_no_cell_is_named_outside_its_folder() -> None:
    assert [hit for hit in all_hits() if not any(is_exempt(hit, each) for each in EXEMPTIONS)] == []


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda each: f"{each.path} {each.text[:40]}")
def test_every_exemption_is_needed(exemption: Exemption) -> None:
    assert any(is_exempt(hit, exemption) for hit in all_hits()), "nothing is exempt by it any more: delete it"


@pytest.mark.parametrize("exemption", WRITTEN, ids=lambda each: f"{each.path} {each.text[:40]}")
@pytest.mark.parametrize(
    "code", ['if cell == "{}": pass', 'OTHER = {{"{}": 1}}', 'cells = ["{}"]', "{} = 1", "torch.nn.{}()"]
)
def test_an_exemption_lets_no_name_through_elsewhere_in_its_file(exemption: Exemption, code: str) -> None:
    path = exemption.path.replace("*", "x.py")
    added = [Hit(path, text) for name in CELL_NAMES for text in in_python(code.format(name)) if names_a_cell(text)]
    assert added
    assert not any(is_exempt(hit, exemption) for hit in added)


def test_all_kinds_of_sources_are_read() -> None:
    assert {path.suffix for path in sources()} == READERS.keys()
    assert not any(CELLS in path.parents for path in sources())


@pytest.mark.parametrize(
    "text",
    ["lstm", "LSTM", "is_gru", "nn.RNN", "minGRU", "LSTMCell", "GRUs", "coupled_lstm", "two rnns", "reset-before gru"],
)
def test_a_name_is_found_in_any_spelling(text: str) -> None:
    assert names_a_cell(text)


@pytest.mark.parametrize("text", ["grumble", "congruent", "turnntable", "learning", "i", ""])
def test_another_word_is_not_a_name(text: str) -> None:
    assert not names_a_cell(text)


@pytest.mark.parametrize(
    ("suffix", "source"),
    [
        (".py", 'if model.cell == "lstm": pass'),
        (".py", "GRU_GATES = 3"),
        (".py", "def lstm_step(): pass"),
        (".py", "class RnnThing: pass"),
        (".py", "from torch.nn import GRU as g"),
        (".py", "import a.gru"),
        (".py", "f(lstm=1)"),
        (".py", "def f(rnn): pass"),
        (".py", "torch.nn.LSTM(1, 2)"),
        (".py", 'f"the {x} of an LSTM"'),
        (".js", 'const units = cell === "lstm" ? 2 : 1;'),
        (".js", "element.querySelector(`[data-cell=gru]`)"),
        (".js", "const lstmUnits = 2;"),
        (".js", 'f("https://a"); rnn();'),
        (".css", '.panels[data-cell="gru"] { color: red; }'),
        (".css", "a { color: var(--lstm); }"),
        (".html", '<p data-cell="lstm">'),
        (".html", '{% if cell == "gru" %}{% endif %}'),
        (".html", "{{ lstm.name }}"),
    ],
)
def test_a_name_in_code_is_found(suffix: str, source: str) -> None:
    assert any(map(names_a_cell, READERS[suffix](source)))


@pytest.mark.parametrize(
    ("suffix", "source"),
    [
        (".py", '"""Like an LSTM."""\nx = 1  # a GRU\n"""Of an RNN."""'),
        (".js", "// an LSTM\n/* a GRU */ f();"),
        (".css", "/* an LSTM */ a { color: red; }"),
        (".html", "<p>An LSTM</p>{# a GRU #}"),
    ],
)
def test_comments_and_text_are_for_readers(suffix: str, source: str) -> None:
    assert not any(map(names_a_cell, READERS[suffix](source)))
