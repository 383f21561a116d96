"""What docs/truth.md points to is there, and no file of tests with an oracle is left out."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "truth.md"


def test_every_check_that_is_named_exists_and_has_tests() -> None:
    links = re.findall(r"\]\((\S+?)\)", PAGE.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert "def test_" in (PAGE.parent / link).read_text(encoding="utf-8"), link


def test_every_test_of_the_science_that_compares_numbers_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    oracles = re.compile(r"error_against_\w+\(|autograd|onnx|float64")
    comparing = [
        path.name
        for path in (ROOT / "tests" / "recurrent").glob("test_*.py")
        if oracles.search(path.read_text(encoding="utf-8"))
    ]
    assert len(comparing) > 8
    assert [name for name in comparing if f"/{name})" not in page] == []
