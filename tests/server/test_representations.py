"""Answers in several encodings, and in parts."""

import pytest
from starlette.testclient import TestClient

FILES = ["/static/css/tokens.css", "/static/css/cells.css", "/static/js/main.js", "/vendor/x/swagger-ui.css"]
ENCODINGS = ["identity", "gzip", "br", "zstd"]


def tag(api: TestClient, path: str, encoding: str) -> str:
    response = api.get(path, headers={"Accept-Encoding": encoding})
    assert response.headers.get("content-encoding", "identity") == encoding
    return str(response.headers["etag"])


@pytest.mark.parametrize("path", FILES)
def test_each_encoding_has_its_own_tag(api: TestClient, path: str) -> None:
    tags = [tag(api, path, encoding) for encoding in ENCODINGS]
    assert len(set(tags)) == len(ENCODINGS)
    assert all(each.startswith('"') for each in tags)


@pytest.mark.parametrize("path", FILES[:3])  # the last one may be kept for good: it is never revalidated
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_a_client_holds_is_revalidated_by_its_tag(api: TestClient, path: str, encoding: str) -> None:
    held = tag(api, path, encoding)
    for header in (held, f'"x-gzip", {held}', f"W/{held}"):
        again = api.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": header})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", held)
    other = api.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": held.replace('"', '"0', 1)})
    assert other.status_code == 200


@pytest.mark.parametrize("path", FILES[:3])
@pytest.mark.parametrize("accepted", ["identity", "gzip", "zstd;q=0, gzip", "br"])
def test_an_encoding_that_is_no_longer_accepted_is_sent_anew(api: TestClient, path: str, accepted: str) -> None:
    held = tag(api, path, "zstd")
    again = api.get(path, headers={"Accept-Encoding": accepted, "If-None-Match": held})
    assert again.status_code == 200
    assert again.headers["etag"] != held


def test_weak_tags_stay_the_same_in_every_encoding(api: TestClient) -> None:
    path = "/api/v1/models/lstm/trace?text=the+movie+was+not+good"
    [one] = {tag(api, path, encoding) for encoding in ENCODINGS}
    assert one.startswith("W/")


@pytest.mark.parametrize(
    "unit", ["lines=1-2", "items=0-5", "seconds=1-", "bytes", "bytes=", "bytes=x-y", "bytes=-", "=0-1"]
)
@pytest.mark.parametrize("path", FILES)
def test_a_range_in_another_unit_is_ignored(api: TestClient, path: str, unit: str) -> None:
    whole = api.get(path)
    response = api.get(path, headers={"Range": unit})
    assert (response.status_code, response.content) == (200, whole.content)


@pytest.mark.parametrize(
    ("asked", "span"), [("bytes=0-99", (0, 100)), ("BYTES=10-19", (10, 20)), ("bytes=-5", (-5, None))]
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_range_of_bytes_is_a_part_of_the_file(
    api: TestClient, asked: str, span: tuple[int, int | None], encoding: str
) -> None:
    path = "/static/css/tokens.css"
    whole = api.get(path, headers={"Accept-Encoding": "identity"})
    part = api.get(path, headers={"Range": asked, "Accept-Encoding": encoding})
    assert (part.status_code, part.content) == (206, whole.content[slice(*span)])
    assert part.headers["etag"] == whole.headers["etag"]


def test_a_range_behind_the_end_is_refused(api: TestClient) -> None:
    assert api.get("/static/css/tokens.css", headers={"Range": "bytes=9999999-"}).status_code == 416
