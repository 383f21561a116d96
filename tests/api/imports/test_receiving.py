"""The form of an upload: which files are taken from it, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
from fastapi_problem.error import Problem
from gatescope.api.imports.receiving import LONGEST_NAME, MOST_FILES, receive, received_in
from serving import in_a_loop

FORM = "multipart/form-data; boundary=x"


def part(name: str, file: str, content: bytes = b"{}") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


def received(folder: Path, body: bytes, content_type: str = FORM, piece: int = 7) -> Any:
    async def pieces() -> Any:
        for start in range(0, len(body), piece):
            yield body[start : start + piece]

    in_a_loop(receive(content_type, pieces(), folder))
    return received_in(folder)


def test_files_come_to_disk_as_they_are_however_the_body_is_cut(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8 + b"\r\n--x-"  # almost a boundary
    body = part("file", "my naïve weights.pt", content) + part("vocabulary", "v.txt", b"a\n")
    body += part("columns", "c.csv", b"rain\n") + b"--x--\r\n"
    for piece in (1, 7, 4_096):
        (tmp_path / str(piece)).mkdir()
        path, vocabulary, columns = received(tmp_path / str(piece), body, piece=piece)
        assert (path.name, path.read_bytes()) == ("my naïve weights.pt", content)
        assert (vocabulary.read_bytes(), columns.read_bytes()) == (b"a\n", b"rain\n")
    (tmp_path / "two").mkdir()
    path, *others = received(tmp_path / "two", part("file", "a") + part("file", "b") + b"--x--")
    assert ([each.name for each in sorted(path.iterdir())], others) == (["a", "b"], [None, None])


@pytest.mark.parametrize(
    ("name", "becomes"),
    [("../../etc/passwd", "passwd"), ("/etc/passwd", "passwd"), (r"C:\\dir\\a.pt", "a.pt"), (r"..\\a.pt", "a.pt")],
)
def test_a_path_is_reduced_to_its_last_part(tmp_path: Path, name: str, becomes: str) -> None:
    path = received(tmp_path, part("file", name) + b"--x--").path
    assert path == tmp_path / "file" / becomes


NAMED = "The upload has a file named"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The upload ends before its last boundary."),
        (part("file", "a"), "The upload ends before its last boundary."),
        (b"hello", "The upload is not multipart/form-data as RFC 7578 has it."),
        (b"--x--", "The upload holds no file: send it as a part 'file'"),
        (part("vocabulary", "v") + b"--x--", "The upload holds no file: send it as a part 'file' with its filename."),
        (
            part("file", "a") + part("vocabulary", "v") + part("vocabulary", "w") + b"--x--",
            "The upload has two parts 'vocabulary': send one.",
        ),
        (
            part("file", "a") + part("columns", "c") + part("columns", "d") + b"--x--",
            "The upload has two parts 'columns': send one.",
        ),
        (part("name", "a") + b"--x--", "The upload has a part 'name': its parts are file, vocabulary and columns."),
        (part("file", "a") + part("file", "a") + b"--x--", "The upload has two files 'a'."),
        (
            b"".join(part("file", str(at)) for at in range(MOST_FILES + 1)),
            f"The upload has more than {MOST_FILES} files.",
        ),
        (part("file", ""), f"{NAMED} ''"),
        (part("file", ".."), f"{NAMED} '..'"),
        (part("file", ".imports"), f"{NAMED} '.imports'"),
        (part("file", "a\x1b[2J"), NAMED),
        (part("file", "ä" * LONGEST_NAME), NAMED),
        (b"--x\r\n\r\nhello\r\n--x--", "The upload has a part ''"),
        (b"--x\r\n" + b"A: b\r\n" * 100 + b"\r\n", "The upload is not multipart/form-data"),
        (b"--x\r\nA: " + b"b" * 100_000, "The upload is not multipart/form-data"),
    ],
)
def test_what_is_not_such_a_form_is_refused(tmp_path: Path, body: bytes, detail: str) -> None:
    with pytest.raises(Problem) as refused:
        received(tmp_path, body, piece=1_000)
    assert refused.value.status == 400
    assert str(refused.value.detail).startswith(detail)


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=x"])
def test_what_is_not_declared_as_a_form_is_refused(tmp_path: Path, content_type: str) -> None:
    with pytest.raises(Problem) as refused:
        received(tmp_path, part("file", "a") + b"--x--", content_type)
    assert refused.value.status == 415
    assert "multipart/form-data" in str(refused.value.detail)
