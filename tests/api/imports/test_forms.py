"""Forms that are put together at random, of whole parts and broken ones: each is refused as a problem, or taken.

Whatever it holds, nothing is written outside the folder of the upload.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from fastapi_problem.error import Problem
from gatescope.api.imports.receiving import PARTS, receive, received_in
from gatescope.store.files import printable
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some
from quick import Length
from serving import in_a_loop

from .test_receiving import FORM, part

NAMES = some.one_of(
    some.sampled_from(
        ["a.pt", "", ".", "..", "../a", "/etc/passwd", "C:\\a", "a\0b", "a\x1b[m", "ä" * 101, 'q"q', "a;b"]
    ),
    some.text(max_size=12),
).map(lambda name: name.encode("utf-8", "replace").decode())
WHOLE = some.builds(part, some.sampled_from(["file", "file", *PARTS, "", "name"]), NAMES, some.binary(max_size=40))
HEADERS = some.sampled_from(
    [
        b"Content-Disposition: form-data; name=file\r\n",
        b"content-disposition: attachment; name*=utf-8''file; filename*=utf-8''..%2Fa\r\n",
        b'Content-Disposition: form-data; name="file"; filename="a"; filename="../b"\r\n',
        b"Content-Disposition\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"X: " + b"y" * 5_000 + b"\r\n",
    ]
)
PIECES = some.one_of(
    WHOLE,
    WHOLE,
    HEADERS,
    some.sampled_from([b"--x\r\n", b"--x", b"--x--", b"--x--\r\n", b"\r\n", b"\r\n\r\n", b"--", b"\n", b"--y\r\n"]),
    some.binary(max_size=30),
)
FILE = some.builds(part, some.just("file"), some.just("a.pt"), some.binary(max_size=40))
FORMS = some.one_of(some.lists(PIECES, max_size=6), some.tuples(FILE, WHOLE).map(list), some.tuples(FILE).map(list))


@pytest.mark.attack("sends 150 forms", seconds=2)
def test_any_form_is_refused_as_a_problem_or_taken(tmp_path: Path, length: Length) -> None:
    outcomes: list[str] = []

    async def sent(body: bytes, size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    @seed(length.seed)
    @settings(max_examples=length.of(3_000), database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(FORMS, some.booleans(), some.sampled_from([1, 3, 64, 100_000]))
    def run(pieces: list[bytes], is_closed: bool, size: int) -> None:
        folder = Path(mkdtemp(dir=tmp_path)) / "workspace"
        folder.mkdir()
        try:
            in_a_loop(receive(FORM, sent(b"".join(pieces) + (b"--x--" if is_closed else b""), size), folder))
            outcomes.append("")
            path, *others = received_in(folder)
            assert path.exists()
            assert all(each is None or each.is_file() for each in others)
        except Problem as problem:
            outcomes.append(str(problem.detail))
        written = {each for each in folder.parent.rglob("*") if each.is_file() or each.is_symlink()}
        assert all(each.parent.parent == folder and each.parent.name in PARTS for each in written)

    run()
    assert [each for each in outcomes if printable(each) != each] == []
    assert "" in outcomes
    assert len(set(outcomes)) > 5
