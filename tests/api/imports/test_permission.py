"""Who may upload: each condition, kept and broken."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from gatescope.api.imports.permission import why_no_uploads
from serving import client
from starlette.requests import Request
from starlette.testclient import TestClient

from .conftest import ORIGIN, left, local, uploaded

TOKEN = "a-token-of-some-length"
PAGE = [(b"host", b"127.0.0.1"), (b"origin", ORIGIN.encode())]
BROWSER = {"client": ("127.0.0.1", 50_000), "http_version": "1.1", "scheme": "http"}


@cache
def served(models: Path, imported: Path | None, **settings: Any) -> Any:
    """The application; made once for each choice of settings, as it keeps nothing of a request that is refused."""
    return client(models, imported=imported, allowed_hosts="*", **settings).app


def asked(models: Path, imported: Path | None, scope: dict[str, Any], **settings: Any) -> Any:
    """The status and type of the answer to an upload without a body, and what its detail says."""
    app = served(models, imported, **settings)
    headers = scope.pop("headers", PAGE)

    async def changed(given: dict[str, Any], receive: Any, send: Any) -> None:
        await app(
            given if given["type"] != "http" else {**given, **BROWSER, **scope, "headers": headers}, receive, send
        )

    answer = TestClient(changed).post(f"{settings.get('root_path', '')}/api/v1/imports?name=mine")
    return answer.status_code, answer.json()["type"], answer.json()["detail"]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of imported models of all these tests, in which each leaves nothing."""
    return tmp_path_factory.mktemp("imports") / "imported"


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"client": ("::1", 1), "headers": [(b"host", b"[::1]:8000"), (b"origin", b"http://[::1]:8000")]},
        {"client": ("127.8.0.3", 1), "headers": [(b"host", b"localhost:1"), (b"origin", b"http://localhost:1")]},
        {"client": ("::ffff:127.0.0.1", 1)},
        {"headers": [(b"host", b"127.0.0.1"), (b"sec-fetch-site", b"same-origin")]},
        {"headers": [*PAGE, (b"sec-fetch-site", b"same-origin")]},
        {"headers": [(b"host", b"LOCALHOST"), (b"origin", b"http://localhost")]},
    ],
)
def test_our_page_in_a_browser_on_the_same_machine_may(models: Path, imported: Path, scope: dict[str, Any]) -> None:
    assert asked(models, imported, scope)[:2] == (415, "unsupported-media-type")  # what is asked next


OTHER_SITE = "it comes from the page of another site"


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ({"client": ("192.168.0.7", 1)}, "it comes from another machine"),
        ({"client": ("::2", 1)}, "it comes from another machine"),
        ({"client": None}, "it comes from another machine"),
        *(
            ({"headers": [(b"host", host), (b"origin", b"http://" + host)]}, "it is not addressed to localhost")
            for host in (b"evil.example", b"192.168.0.7:8000", b"localhost.evil.example", b"127.0.0.1.evil.example")
        ),
        *(
            ({"headers": [*PAGE, (name, b"127.0.0.1")]}, "it comes through a proxy")
            for name in b"forwarded via x-real-ip x-forwarded-for x-forwarded-host x-forwarded-proto".split()
        ),
        ({"http_version": "1.0"}, "it comes in HTTP/1.0, as by a proxy"),
        ({"headers": PAGE[:1]}, "it names no Origin, as the page does"),
        *(
            ({"headers": [PAGE[0], (b"origin", origin)]}, OTHER_SITE)
            for origin in b"null http://evil.example https://127.0.0.1 http://127.0.0.1:81 http://localhost".split()
        ),
        ({"headers": [PAGE[0], (b"origin", b"")]}, OTHER_SITE),
        ({"headers": [*PAGE, PAGE[1]]}, OTHER_SITE),
        *(
            ({"headers": [*PAGE, (b"sec-fetch-site", site)]}, OTHER_SITE)
            for site in (b"cross-site", b"same-site", b"none", b"")
        ),
        ({"headers": [PAGE[0], (b"sec-fetch-site", b"cross-site")]}, OTHER_SITE),
        ({"headers": [PAGE[0], (b"origin", b"null"), (b"sec-fetch-site", b"same-origin")]}, OTHER_SITE),
    ],
)  # fmt: skip
def test_nobody_else_may(models: Path, imported: Path, scope: dict[str, Any], reason: str) -> None:
    status, kind, detail = asked(models, imported, dict(scope))
    assert (status, kind) == (403, "not-permitted")
    assert detail.endswith(f" This request has no token, and {reason}.")
    assert left(imported) == []
    token = {"headers": [*scope.get("headers", PAGE), (b"authorization", f"Bearer {TOKEN}".encode())]}
    assert asked(models, imported, {**scope, **token}, token=TOKEN)[0] == 415


def test_below_a_path_only_the_token_helps(models: Path, imported: Path) -> None:
    reason = "this server is served below a path, as by a proxy."
    assert asked(models, imported, {}, root_path="/gates")[2].endswith(reason)
    with_token = {"headers": [*PAGE, (b"authorization", f"bearer  {TOKEN}".encode())]}
    assert asked(models, imported, with_token, token=TOKEN, root_path="/gates")[0] == 415


@pytest.mark.parametrize(
    "given", ["", "Bearer", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ä"]
)
def test_a_wrong_token_is_refused_even_to_our_page(models: Path, imported: Path, given: str) -> None:
    scope = {"headers": [*PAGE, (b"authorization", given.encode("latin-1"))]}
    assert asked(models, imported, dict(scope), token=TOKEN) == (
        401,
        "wrong-token",
        "The token is wrong: 'Authorization: Bearer' takes that of this server's setting GATESCOPE_TOKEN.",
    )
    assert asked(models, imported, dict(scope))[0] == 401


def test_two_tokens_are_none(models: Path, imported: Path) -> None:
    token = (b"authorization", f"Bearer {TOKEN}".encode())
    assert asked(models, imported, {"headers": [*PAGE, token, token]}, token=TOKEN)[0] == 401


def test_a_switch_turns_all_of_it_off(models: Path) -> None:
    scope = {"headers": [*PAGE, (b"authorization", f"Bearer {TOKEN}".encode())]}
    assert asked(models, None, scope, token=TOKEN)[:2] == (403, "importing-off")
    app: Any = client(models).app
    request = Request({"type": "http", "app": app, "headers": [], **BROWSER})
    assert why_no_uploads(request).startswith("This server imports nothing")


def test_removing_needs_the_same(models: Path, imported: Path) -> None:
    own = local(models, imported)
    model = {"do": "copy", "model": str(models / "lstm")}
    assert uploaded(own, model).status_code == 201
    for headers in ({"Origin": "http://evil.example"}, {"Via": "1.1 proxy"}, {"Authorization": "Bearer no"}):
        assert own.delete("/api/v1/imports/mine", headers=headers).status_code in {401, 403}
    assert left(imported)[0] == "mine"
    assert own.delete("/api/v1/imports/mine").status_code == 204
    assert left(imported) == []


def test_a_name_that_resolves_to_this_machine_is_not_answered_at_all(models: Path, imported: Path) -> None:
    own = local(models, imported, allowed_hosts="")
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert own.post("/api/v1/imports?name=mine", headers=headers).status_code == 421
