"""The headers that protect the pages, and pages that live with them."""

import re

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/docs", 200),
        ("/api/v1/models", 200),
        ("/static/css/tokens.css", 200),
        ("/static/css/cells.css", 304),
        ("/api/v1/models/", 307),
        ("/nope", 404),
        ("/api/v1/models/nope", 404),
        ("/api/v1/models/lstm/traces", 405),
        ("/api/v1/models/lstm/traces", 413),
        ("/static/css/tokens.css", 416),
        ("/", 421),
        ("/api/v1/models/broken", 503),
    ],
)
def test_every_answer_carries_the_guarding_headers(api: TestClient, path: str, status: int) -> None:
    tag = api.get("/static/css/cells.css").headers["etag"]
    asked = {304: {"If-None-Match": tag}, 416: {"Range": "bytes=9999999-"}, 421: {"Host": "evil.example"}}
    content = b"x" * 1_000_001 if status == 413 else b""
    response = api.request(
        "POST" if content else "GET", path, headers=asked.get(status), content=content, follow_redirects=False
    )
    headers = response.headers
    assert response.status_code == status
    assert headers.get_list("x-frame-options") == ["DENY"]
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-inline" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


def test_no_script_or_style_stands_inline(api: TestClient) -> None:
    for path in ("/", "/docs"):
        page = api.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=", page)
        for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
            assert "src=" in attributes or "application/json" in attributes
            assert not ("src=" in attributes and content.strip())
