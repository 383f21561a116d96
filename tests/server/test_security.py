"""The headers that protect the pages, and pages that live with them."""

import re

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/api/v1/models", "/api/v1/models/nope", "/static/css/tokens.css", "/nope"]
)
def test_every_answer_carries_the_guarding_headers(api: TestClient, path: str) -> None:
    headers = api.get(path).headers
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
