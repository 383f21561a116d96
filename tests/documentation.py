"""The project's pages as tests read them: blocks of code with their output, inline code, links and anchors."""

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "NOTICES.md", "CHANGELOG.md", "SECURITY.md"] + [
    path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md"))
]
PROGRAMS, OUTPUTS = {"sh", "python"}, {"text", "json"}
NOT_RUN = re.compile(r"<!-- not run: \S.* -->")


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    page: str
    line: int  # from 1
    language: str
    text: str
    output: "Block | None" = None  # the block right after a program, which shows what it prints
    not_run: bool = False  # whether a comment `<!-- not run: REASON -->` right above says why it cannot run


@cache
def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@cache
def parse(page: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(read(page))


def blocks(page: str) -> list[Block]:
    """The blocks of code of a page, except those that show the output of the block before them."""
    code: list[Block] = []
    before = None
    for token in parse(page):
        if token.type in {"fence", "code_block"} and token.map:
            block = Block(page, token.map[0] + 1, token.info, token.content, not_run=says_why_not(before))
            if before and before.type == "fence" and before.info in PROGRAMS and block.language in OUTPUTS:
                code[-1] = replace(code[-1], output=block)
            else:
                code.append(block)
        before = token
    return code


def example(page: str, path: str) -> str:
    """The whole content of a file that is to be written: the block after the text that ends in its path."""
    before, [*found] = None, []
    for token in parse(page):
        if token.type == "fence" and before is not None and before.endswith(f"`{path}`:"):
            found.append(token.content)
        if token.type in {"inline", "fence"}:  # the comment between them is neither
            before = token.content
    [text] = found
    return text


def says_why_not(before: Token | None) -> bool:
    return before is not None and before.type == "html_block" and bool(NOT_RUN.fullmatch(before.content.strip()))


def inline(page: str, kind: str) -> list[Token]:
    """The tokens of a kind, such as ``code_inline``, within the paragraphs, headings and tables of a page."""
    return [child for token in parse(page) for child in token.children or [] if child.type == kind]


def inline_code(page: str) -> list[str]:
    return [token.content for token in inline(page, "code_inline")]


def links(page: str) -> list[str]:
    """Where the links and pictures of a page lead, except to other sites."""
    addresses = [token.attrs["href"] for token in inline(page, "link_open")]
    addresses += [token.attrs["src"] for token in inline(page, "image")]
    return [address for address in map(str, addresses) if "://" not in address]


def anchors(page: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    tokens = parse(page)
    headings = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(page: str, column: str) -> list[list[str]]:
    """The rows of the table of a page whose first column has the heading ``column``, as Markdown."""
    lines = read(page).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {column} |")) + 2
    stop = next((at for at in range(start, len(lines)) if not lines[at].startswith("|")), len(lines))
    return [line.strip("| ").split(" | ") for line in lines[start:stop]]


def names_in(cells: list[str]) -> list[str]:
    """The names in backquotes in some cells of a table."""
    return [name for cell in cells for name in re.findall(r"`(.+?)`", cell)]
