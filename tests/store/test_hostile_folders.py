"""Model folders that hold anything: each is listed as broken with its reason, and the others serve."""

import hashlib
import json
import os
import random
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gatescope.server import middleware
from gatescope.store.fields import Start
from gatescope.store.files import CARD, CONFIG, LIMITS, SATURATION, STATISTICS, VOCABULARY, WEIGHTS
from gatescope.store.store import Store
from gatescope.store.watched import WatchedStore
from model_folders import SHARES, UNIT, contents, edited, saved
from quick import Length
from serving import client
from starlette.testclient import TestClient

MUTATED = 9_000  # folders in `make soak`


def lying(tensors: dict[str, Any]) -> Callable[[Path], None]:
    """Puts a header of safetensors, without what it promises, in place of the weights, and lets config.json vouch."""

    def apply(folder: Path) -> None:
        header = json.dumps(tensors).encode()
        vouch(folder, struct.pack("<Q", len(header)) + header + bytes(8))

    return apply


def vouch(folder: Path, weights: bytes) -> None:
    (folder / WEIGHTS).write_bytes(weights)
    sha256 = hashlib.sha256(weights).hexdigest()
    edited(CONFIG, lambda old: {**old, "weights_sha256": sha256})(folder)


def holding(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


def replaced(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink(missing_ok=True) or (make(folder / name) and None)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100_000_000_000)


def sizes(**changes: Any) -> Callable[[Path], None]:
    return edited(CONFIG, lambda old: {**old, "network": {**old["network"], **changes}})


def away(folder: Path) -> None:
    """In place of the folder a link to itself."""
    folder.rename(folder.parent / f".{folder.name}")
    folder.symlink_to(folder.name)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "65 dimensions": lying({"x": {"dtype": "F32", "shape": [1] * 65, "data_offsets": [0, 4]}}),
    "a header that lies": lying({"x": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]}}),
    "sizes without numbers": lying({"x": {"dtype": "F32", "shape": [0, 2**62, 2], "data_offsets": [0, 0]}}),
    "billions of units": sizes(hidden_size=4 * 10**9),
    "billions of layers": sizes(layers=10**9),
    "deep": holding(CONFIG, b'{"title":' * 100_000),
    "many fields": holding(CONFIG, b"{%s}" % b",".join(b'"%d":1' % at for at in range(500_000))),
    "many wrong elements": edited(CONFIG, lambda old: {**old, "metrics": [{}] * 500_000}),
    "not finite": edited(STATISTICS, lambda old: {**old, "push_scale": float("inf")}),
    "control characters": edited(CONFIG, lambda old: {**old, "\x1b[2J\u202e\n": 1}),
    "a loop": away,
    **{f"{name} is a pipe": replaced(name, os.mkfifo) for name in LIMITS},
    **{f"{name} is sparse": replaced(name, sparse) for name in LIMITS},
    **{f"{name} is a device": replaced(name, lambda path: path.symlink_to("/dev/zero")) for name in LIMITS},
    **{f"{name} is /etc/passwd": replaced(name, lambda path: path.symlink_to("/etc/passwd")) for name in LIMITS},
    **{f"{name} is a folder": replaced(name, Path.mkdir) for name in LIMITS},
}
# Names of folders, as bytes, and as they are listed.
NAMES = {b"caf\xe9": r"caf\xe9", b"a\x1b[31mb": r"a\x1b[31mb", b"line\nbreak": r"line\nbreak"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one good model, which an application looks at again for each request, until it has seen all."""
    monkeypatch.setattr(middleware, "REFRESH_EVERY", 0)
    monkeypatch.setattr(middleware, "PATIENCE", 60)
    saved(tmp_path / "models" / "good")
    return tmp_path / "models"


def fill(folder: Path) -> list[str]:
    """Put every hostile model into a folder; return their names as they are listed."""
    for at, damage in enumerate(HOSTILE.values()):
        saved(folder / f"bad{at:02}")
        damage(folder / f"bad{at:02}")
    for name in NAMES:
        saved(folder / "named").folder.rename(folder / os.fsdecode(name))
    return sorted([*(f"bad{at:02}" for at in range(len(HOSTILE))), *NAMES.values()])


def require_good(api: TestClient, bad: list[str]) -> None:
    listed = api.get("/api/v1/models")
    assert [each["id"] for each in listed.json()["models"]] == ["good"]
    assert [each["id"] for each in listed.json()["broken"]] == bad
    for each in listed.json()["broken"]:
        assert each["reason"].isprintable()
        assert 10 < len(each["reason"]) <= 500
    assert api.post("/api/v1/models/good/traces", json={"text": "not good"}).status_code == 200
    assert api.get("/", params={"model": "good", "text": "good"}).status_code == 200
    for name in bad:
        for path in (f"/api/v1/models/{name}", f"/models/{name}/card", f"/models/{name}/{SATURATION}"):
            answer = api.get(path)
            assert answer.status_code in (404, 503)
            assert "root:" not in answer.text


def test_the_start_survives_every_one_of_them(folder: Path) -> None:
    bad = fill(folder)
    require_good(client(folder, default_model="good"), bad)


def test_a_folder_of_models_whose_own_name_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    answer = client(tmp_path / os.fsdecode(b"caf\xe9")).get("/")
    assert answer.status_code == 503
    assert r"caf\xe9</code>" in answer.text


@pytest.mark.slow("as at the start, of which `make test` runs it", seconds=6)
def test_a_refresh_survives_every_one_of_them(folder: Path) -> None:
    api = client(folder, default_model="good")
    bad = fill(folder)
    require_good(api, bad)
    saved(folder / "later")
    assert [each["id"] for each in api.get("/api/v1/models").json()["models"]] == ["good", "later"]


@pytest.mark.parametrize("case", HOSTILE)
def test_a_model_in_use_stays_when_its_folder_turns_hostile(folder: Path, case: str) -> None:
    models = WatchedStore(folder)
    HOSTILE[case](folder / "good")
    assert list(models.refresh().models) == ["good"]
    assert models.store.broken == {}


@pytest.mark.parametrize("target", ["/etc/passwd", "/dev/zero", "../../secret"])
def test_a_card_that_became_a_link_shows_nothing_of_what_it_leads_to(folder: Path, target: str) -> None:
    (folder.parent / "secret").write_text("root: not to be seen")
    api = client(folder, default_model="good")
    for name in (CARD, SATURATION):
        replaced(name, lambda path: path.symlink_to(target))(folder / "good")
    page = api.get("/models/good/card")
    assert page.status_code == 200
    assert "root:" not in page.text
    assert "<h1>A small LSTM</h1>" in page.text
    assert api.get(f"/models/good/{SATURATION}").status_code == 404


# Values that a field of JSON may take.
VALUES: list[Any] = [
    None, True, "", "x" * 10_000, "\x00\x1b[2J", "\u202e", "\U0001f600" * 40, [], {}, [[]], [{}] * 50, 0, -1, 1, 2**31,
    2**53, 2**63 - 1, 2**63, 10**30, -(10**30), 0.1, -0.0, 5e-324, 1e38, 1e308, -1e308, float("nan"), float("inf"),
]  # fmt: skip
RAW = [b"1e999", b"-1e999", b"NaN", b"1" + b"0" * 5000, b"[" * 100_000, b'{"a":1,"a":2}', b'"\\ud800"', b"\xff", b""]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container inside a JSON value with each of its keys or indices."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


def mutate(folder: Path, chance: random.Random) -> None:
    """Change one to three things in a model's folder."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        name = chance.choice([CONFIG, CONFIG, CONFIG, STATISTICS, VOCABULARY, WEIGHTS, CARD])
        kind = chance.choice(["bytes", "length", "link", *["value"] * 12])
        path = folder / name
        if not path.is_file():
            continue
        data = path.read_bytes()
        if kind == "link":
            path.unlink()
            path.symlink_to(chance.choice([CONFIG, WEIGHTS, "/dev/zero", "..", "gone", name]))
        elif kind == "bytes" and data:
            at = chance.randrange(len(data))
            data = data[:at] + chance.randbytes(chance.randint(0, 4)) + data[at + chance.randint(0, 4) :]
        elif kind == "length":
            data = data[: chance.randrange(len(data) + 1)] * chance.choice([1, 1, 2])
        elif name == WEIGHTS:
            data = mutated_weights(data, chance)
        elif name.endswith(".json"):
            data = mutated_json(data, chance)
        if kind == "link":
            continue
        if name == WEIGHTS and chance.random() < 0.9 and (folder / CONFIG).is_file():
            path.write_bytes(data)
            config = (folder / CONFIG).read_text(errors="replace")
            before, found, _ = config.partition('"weights_sha256":')
            if found:
                (folder / CONFIG).write_text(f'{before}{found}"{hashlib.sha256(data).hexdigest()}"}}')
        else:
            path.write_bytes(data)


def mutated_json(data: bytes, chance: random.Random) -> bytes:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return data
    inside = list(places(value))
    if not inside:
        return chance.choice(RAW)
    container, key = chance.choice(inside)
    action = chance.choice(["set", "set", "raw", "drop", "add", "other"])
    if action == "set":
        container[key] = chance.choice(VALUES)
    elif action == "drop":
        del container[key]
    elif action == "add" and isinstance(container, dict):
        container[chance.choice(["", "x", "\x1b", "title", "network"])] = chance.choice(VALUES)
    elif action == "other":
        other, place = chance.choice(inside)
        container[key] = json.loads(json.dumps(other[place]))
    else:
        container[key] = "RAW"
        return json.dumps(value).encode().replace(b'"RAW"', chance.choice(RAW))
    return json.dumps(value).encode()


def mutated_weights(data: bytes, chance: random.Random) -> bytes:
    try:
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
    except (ValueError, struct.error, RecursionError, OverflowError):
        return data
    inside = [place for place in places(header) if "__metadata__" not in place[0]]
    if inside and chance.random() < 0.7:
        container, key = chance.choice(inside)
        container[key] = chance.choice(
            [0, 1, 2, 65, 2**31, 2**63, 2**64 - 1, -1, [0, 0], [1] * 65, [], "F64", "I8", "x"]
        )
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data[8 + length :]
    at = 8 + length + chance.randrange(max(len(data) - 8 - length, 1))
    return (
        data[:at] + struct.pack("<f", chance.choice([1e38, -3e38, float("nan"), float("inf"), 1e-45])) + data[at + 4 :]
    )


def require_sane(folder: Path, seed: int) -> None:
    """Mutate a model: it must be broken with a reason or answer, and never fail."""
    chance = random.Random(seed)
    model = folder / f"m{seed}"
    saved(model, units=[UNIT], shares=SHARES, start=Start(), verdict="positive", language="English", examples=["good"])
    mutate(model, chance)
    store = Store(folder, [model])
    assert store.models.keys() | store.broken.keys() == {model.name}
    assert all(reason.isprintable() and reason for reason in store.broken.values())
    if store.models:
        api = client(folder, default_model=model.name)
        own = f"/api/v1/models/{model.name}"
        for path in ("/", f"/models/{model.name}/card", "/api/v1/models", own):
            assert api.get(path).status_code == 200, (path, contents(model))
        text = {"text": "the movie was not good"}
        mean, started = [{"letter": "f", "ablate": "mean"}], {"weights": "untrained, as it started"}
        for noun, more in (("traces", {}), ("traces", {"edits": mean}), ("memory", started), ("decompositions", {})):
            answer = api.post(f"{own}/{noun}", json={**text, **more})
            assert answer.status_code in (200, 422), (noun, answer.text, contents(model))


@pytest.mark.attack("450 folders, each with its own application", seconds=40)
def test_a_mutated_folder_is_broken_or_serves(tmp_path: Path, length: Length) -> None:
    chance = random.Random(length.seed)
    for number in range(length.of(MUTATED)):
        folder = tmp_path / str(number)
        folder.mkdir()
        require_sane(folder, chance.randrange(40, 2**32))
        shutil.rmtree(folder)


@pytest.mark.parametrize("seed", range(40))
def test_some_mutated_folders_are_broken_or_serve(tmp_path: Path, seed: int) -> None:
    require_sane(tmp_path, seed)
