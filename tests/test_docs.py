"""The README and the pages of docs/ are true: examples run, links lead somewhere, numbers are those of the code."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer
from documentation import (
    PAGES,
    PROGRAMS,
    ROOT,
    Block,
    anchors,
    blocks,
    inline_code,
    links,
    names_in,
    read,
    table,
)
from gatescope import load_model
from gatescope.analysis.shares import CONTEXT, EXCERPTS, LARGE
from gatescope.cli import app
from gatescope.main import create_app
from gatescope.recurrent.ranking import KINDS
from gatescope.settings import Settings
from gatescope.training.tasks.labelled import UNUSUAL
from gatescope.training.tasks.text import SHORTEST
from typer.testing import CliRunner

DEFAULT_ADDRESS = "http://{host}:{port}".format_map(
    {name: Settings.model_fields[name].default for name in ("host", "port")}
)
FOLDERS = {"models": "the shipped models", "imported": "the user's data directory"}
EXAMPLES = [block for page in PAGES for block in blocks(page) if not block.not_run]
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")

each_page = pytest.mark.parametrize("page", PAGES)


def those_in(language: str) -> pytest.MarkDecorator:
    of_language = [block for block in EXAMPLES if block.language == language]
    return pytest.mark.parametrize("block", of_language, ids=[f"{each.page}:{each.line}" for each in of_language])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address that `make run` prints, on a free port, in a process group of its own."""
    environment = {**os.environ, "GATESCOPE_PORT": "0", "VENV": sys.prefix}
    with subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        try:
            lines = (re.match(r"Gatescope is at (http://[\d.:]+)/", line) for line in process.stdout)
            printed = next(filter(None, lines), None)
            assert printed, "make run printed no address"
            yield printed.group(1)
        finally:
            os.killpg(process.pid, signal.SIGINT)


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return create_app().openapi()


# Examples.


@each_page
def test_every_block_of_code_is_run_or_says_why_not(page: str) -> None:
    assert [block for block in blocks(page) if block.language not in PROGRAMS and not block.not_run] == []


def curl(block: Block, address: str) -> None:
    arguments = shlex.split(block.text.replace(DEFAULT_ADDRESS, address))
    answer = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert block.output
    shown = block.output.text
    if block.output.language == "json":
        assert leaves(json.loads(answer)) == pytest.approx(leaves(json.loads(shown)), abs=1e-5)
    else:
        assert NUMBER.sub("…", answer.strip()) == NUMBER.sub("…", shown.strip())
        numbers, shown_numbers = (list(map(float, NUMBER.findall(text))) for text in (answer, shown))
        assert numbers == pytest.approx(shown_numbers, abs=1e-5)


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """The numbers, texts and nulls in a JSON value, by their paths."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return {leaf: each for key, part in parts for leaf, each in leaves(part, f"{path}.{key}").items()}
    return {path: value}


def make(block: Block, _address: str) -> None:
    """Check that make has something to do: `make run` runs as a fixture, and the suite cannot run itself."""
    plan = planned(shlex.split(block.text))
    assert ("gatescope serve" if "run" in block.text else "-m pytest --quick") in plan


def planned(command: list[str]) -> str:
    """Return what a command of make would run. Fails if there is no such target."""
    environment = {**os.environ, "VENV": sys.prefix}
    arguments = [*command, "--dry-run"]
    return subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def parsed(block: Block, _address: str) -> None:
    """Check that the options exist: these commands take minutes, and have tests of their own."""
    command_of(block.text)


def command_of(text: str) -> typer.core.TyperCommand:
    """Return the command that ``text`` calls. Raises click's error if it does not exist or lacks an option."""
    program: Any = typer.main.get_command(app)
    name, *arguments = shlex.split(text)
    assert name == "gatescope"
    while arguments and arguments != ["--help"] and hasattr(program, "commands"):
        program = program.commands[arguments.pop(0)]
    if arguments and arguments != ["--help"]:
        program.make_context(text, arguments)
    return program


RUN: dict[str, Callable[[Block, str], None]] = {
    "make ": make,
    "curl ": curl,
    "gatescope train ": parsed,
    "gatescope evaluate ": parsed,
    "gatescope units ": parsed,
    "gatescope shares ": parsed,
    "gatescope pushes ": parsed,
    "gatescope import ": parsed,
}


@those_in("sh")
@pytest.mark.slow("starts the server by make", seconds=6)
def test_command(block: Block, address: str) -> None:
    [run] = [run for start, run in RUN.items() if block.text.startswith(start)]
    run(block, address)


@those_in("python")
@pytest.mark.slow("runs every example in a process of its own", seconds=60)
def test_python_prints_what_stands_below_it(block: Block, address: str) -> None:
    program = block.text.replace(DEFAULT_ADDRESS, address)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert block.output
    assert done.stdout == block.output.text


# These have tests of their own: test_packaging.py installs the wheel.
ELSEWHERE = {"pip install .", "pip install . -c constraints.txt"}
INLINE = {  # the changelog may name what has been renamed since
    (page, code)
    for page in PAGES
    for code in inline_code(page)
    if page != "CHANGELOG.md" and re.match(r"(gatescope|pip|make) ", code)
}


@pytest.mark.parametrize(("page", "command"), sorted(INLINE))
def test_inline_command(page: str, command: str) -> None:
    if command.startswith("make "):
        planned(shlex.split(command))
    elif command not in ELSEWHERE:
        command_of(command)
    if re.match(r"gatescope (trace .|show .|models)", command):
        assert CliRunner().invoke(app, shlex.split(command)[1:]).exit_code == 0


# Links.


@each_page
def test_every_link_leads_to_a_file_and_an_anchor_that_exist(page: str) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.resolve().relative_to(ROOT).as_posix()), link


def test_the_readme_leads_to_every_page() -> None:
    assert {link.partition("#")[0] for link in links("README.md")} >= set(PAGES) - {"README.md"}


def test_every_model_has_its_card_linked() -> None:
    cards = {link for link in links("docs/models.md") if link.startswith("../models/")}
    assert cards == {f"../models/{path.parent.name}/README.md" for path in (ROOT / "models").glob("*/README.md")}


def test_every_folder_that_the_layout_names_exists() -> None:
    folders = names_in([row[0] for row in table("CONTRIBUTING.md", "folder")])
    assert len(folders) > 5
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


# Facts that the code decides.


def test_every_setting_is_documented() -> None:
    rows = {
        name.strip("`"): (default.strip("`"), what) for name, default, what in table("docs/settings.md", "variable")
    }
    assert rows == {
        f"GATESCOPE_{name.upper()}": (
            FOLDERS.get(name, "" if field.default is None else str(field.default)),
            field.description,
        )
        for name, field in Settings.model_fields.items()
    }


def test_every_call_is_documented(openapi: dict[str, Any]) -> None:
    rows = {call.strip("`"): summary for call, summary in table("docs/api.md", "call")}
    assert rows == {
        f"{method.upper()} {path}": call["summary"]
        for path, methods in openapi["paths"].items()
        for method, call in methods.items()
    }


def test_the_address_of_the_openapi_document_is_documented() -> None:
    assert f"`{create_app().openapi_url}`" in read("docs/api.md")


@pytest.mark.parametrize(
    ("page", "schema"),
    [
        ("docs/api.md", "TraceBody"),
        ("docs/memory.md", "MemoryBody"),
        ("docs/decomposition.md", "DecompositionBody"),
        ("docs/rankings.md", "RankingBody"),
    ],
)
def test_every_field_of_a_request_is_documented(page: str, schema: str, openapi: dict[str, Any]) -> None:
    rows = table(page, "field")
    names = names_in([row[0] for row in rows]) + (["parts"] if page == "docs/memory.md" else [])
    assert sorted(names) == sorted(openapi["components"]["schemas"][schema]["properties"])


def test_every_part_of_a_memory_answer_is_documented(openapi: dict[str, Any]) -> None:
    [choice, _null] = openapi["components"]["schemas"]["MemoryBody"]["properties"]["parts"]["anyOf"]
    assert names_in([row[0] for row in table("docs/memory.md", "part")]) == choice["items"]["enum"]


def test_every_kind_of_ranking_is_documented() -> None:
    rows = [
        [f"`{kind.name}`", kind.purpose, ", ".join(f"`{each}`" for each in sorted(kind.takes))]
        for kind in KINDS.values()
    ]
    assert [[*row[:2], row[2].removesuffix(" |")] for row in table("docs/rankings.md", "kind")] == rows


def test_the_choice_of_weights_is_that_of_the_code(openapi: dict[str, Any]) -> None:
    [row] = [row for row in table("docs/memory.md", "field") if "`weights`" in row[0]]
    assert names_in(row[1:]) == openapi["components"]["schemas"]["MemoryBody"]["properties"]["weights"]["enum"]


def test_the_range_of_alpha_is_that_of_the_code(openapi: dict[str, Any]) -> None:
    alpha = openapi["components"]["schemas"]["MemoryBody"]["properties"]["alpha"]
    assert f"from {alpha['minimum']:g} to {alpha['maximum']:g}" in read("docs/memory.md")


def test_every_task_is_documented() -> None:
    rows = table("docs/training.md", "task")
    assert sorted(names_in([row[0] for row in rows])) == sorted(command_of("gatescope train").commands)


@pytest.mark.parametrize("page", ["README.md", *(page for page in PAGES if page.startswith("docs/"))])
def test_every_option_exists(page: str) -> None:
    commands, options = [typer.main.get_command(app)], set()
    for command in commands:
        commands.extend(getattr(command, "commands", {}).values())
        options |= {option for parameter in command.params for option in parameter.opts}
    assert {code for code in inline_code(page) if code.startswith("--")} <= options


def test_settings_that_are_options_are_the_first_three() -> None:
    names = [parameter.name for parameter in command_of("gatescope serve").params]
    assert names[:3] == list(Settings.model_fields)[:3]


def test_the_least_length_of_a_text_to_learn_is_that_of_the_code() -> None:
    assert f"of {SHORTEST:,} characters or more" in read("docs/training.md")
    assert f"\n{100 * UNUSUAL:g} % of the words of the held-out texts are unknown" in read("docs/training.md")


def test_the_longest_distance_of_the_flag_is_that_of_its_card() -> None:
    names = [metric.name for metric in load_model(ROOT / "models" / "flag-lstm").config.metrics]
    longest = max(int(name.split()[-1]) for name in names if "at a distance of" in name)
    assert f"up to {longest} steps before" in read("docs/models.md")


@pytest.mark.parametrize(("section", "tasks"), [("Sentiment", ["sentiment"]), ("Characters", ["prose", "code"])])
def test_the_number_of_units_is_that_of_the_models(section: str, tasks: list[str]) -> None:
    sizes = {
        load_model(ROOT / "models" / f"{task}-{cell}").network.config.hidden_size
        for task in tasks
        for cell in ("lstm", "gru", "rnn")
    }
    [said] = re.findall(rf"## {section}\n\nThese networks have (\d+) units", read("docs/models.md"))
    assert sizes == {int(said)}


def test_controls_are_called_what_the_page_calls_them() -> None:
    section = read("docs/page.md").split("## Controls\n")[1].split("\n## ")[0]
    names = re.findall(r"^- \*\*(.+?)\*\*", section, re.MULTILINE)
    assert len(names) > 5
    page = (ROOT / "templates" / "index.html").read_text(encoding="utf-8")
    assert [name for name in names if not re.search(rf">{re.escape(name)}\W", page)] == []


def test_how_shares_are_compared_with_experiments_is_as_the_code_has_it() -> None:
    text = " ".join(read("docs/training.md").split())
    assert f"It takes up to {EXCERPTS} texts, " in text
    assert f"about {EXCERPTS} times in all, after at most {CONTEXT} tokens each time" in text
    assert f"where the share is above {LARGE} or below −{LARGE}," in read("docs/decomposition.md")
