"""A folder of models that changes while it is in use."""

from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from gatescope.store import watched
from gatescope.store.files import CARD, STATISTICS, VOCABULARY
from gatescope.store.saving import save_model
from gatescope.store.store import SHADOWED, load_named
from gatescope.store.watched import WatchedStore
from networks import random_network
from serving import WORDS

ABOUT = {"title": "LSTM", "task": "test", "description": "Random.", "outputs": ["positive"], "licence": "MIT"}


def write(folder: Path, seed: int = 0, **about: Any) -> None:
    network = random_network(seed, cell="lstm", outputs=1, vocabulary_size=len(WORDS.vocabulary))
    save_model(folder, network, WORDS, {**ABOUT, **about})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one model."""
    write(tmp_path / "models" / "lstm")
    return tmp_path / "models"


def test_only_what_changed_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "a")
    models = WatchedStore(folder)
    before = models.store
    assert models.refresh() is before
    loaded: list[str] = []
    monkeypatch.setattr(watched, "load_named", lambda path: (loaded.append(path.name), load_named(path))[1])
    write(folder / "a", seed=1)
    after = models.refresh()
    assert loaded == ["a"]
    assert after.models["lstm"] is before.models["lstm"]
    assert after.models["a"].config.weights_sha256 != before.models["a"].config.weights_sha256


def test_requests_under_way_keep_the_store_that_they_began_with(folder: Path) -> None:
    models = WatchedStore(folder)
    before = models.store
    write(folder / "a")
    assert list(models.refresh().models) == ["a", "lstm"]
    assert list(before.models) == ["lstm"]


def test_statistics_that_are_added_are_read(folder: Path) -> None:
    models = WatchedStore(folder)
    (folder / "lstm" / STATISTICS).write_text("{")
    assert models.refresh().models["lstm"].statistics is None
    (folder / "lstm" / STATISTICS).write_text('{"steps": 1, "activations": []}')
    assert models.refresh().models["lstm"].statistics is not None


def test_half_made_models_of_a_training_run_are_not_looked_at(folder: Path) -> None:
    models = WatchedStore(folder)
    (folder / ".lstm-x1").mkdir()
    (folder / "note.txt").touch()
    assert models.refresh() is models.store
    assert list(models.store.models) == ["lstm"]


def test_a_folder_that_cannot_be_read_leaves_the_models_as_they_were(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    models = WatchedStore(folder)

    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", refuse)
        for _ in range(2):
            assert list(models.refresh().models) == ["lstm"]
        at_start = WatchedStore(folder)
    assert at_start.store.models == {}
    assert list(at_start.refresh().models) == ["lstm"]
    complaint = f"the folder of models {folder} cannot be read: Permission denied"
    assert caplog.messages == [complaint] * 2  # once for each store, not at each refresh


def test_small_models_do_not_wait_for_large_ones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = WatchedStore(folder)
    for name in ("a", "b"):
        write(folder / name)
    (folder / "a" / CARD).write_text("x" * 1000)
    seen: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(
        watched, "load_named", lambda path: (seen.append((path.name, list(models.store.models))), load_named(path))[1]
    )
    assert list(models.refresh().models) == ["a", "b", "lstm"]
    assert seen == [("b", ["lstm"]), ("a", ["b", "lstm"])]


def test_a_file_that_may_be_read_now_is_read(folder: Path) -> None:
    models = WatchedStore(folder)
    before = models.store.models["lstm"]
    (folder / "lstm" / VOCABULARY).chmod(0o600)
    assert models.refresh().models["lstm"] is not before


def test_a_broken_model_that_is_removed_is_listed_no_more(folder: Path) -> None:
    models = WatchedStore(folder)
    (folder / "empty").mkdir()
    assert models.refresh().broken == {"empty": "config.json: the file is missing"}
    (folder / "empty").rmdir()
    models.refresh()
    assert models.refresh().broken == {}


def test_imported_models_join_and_of_two_with_one_name_only_the_first_serves(folder: Path, tmp_path: Path) -> None:
    imported = tmp_path / "imported"
    models = WatchedStore(folder, imported)
    write(imported / "mine")
    assert list(models.refresh().models) == ["lstm", "mine"]
    write(imported / "lstm", seed=1, title="Another")
    both = models.refresh()
    assert both.models["lstm"].config.title == "LSTM"
    assert both.broken == {"lstm": SHADOWED}
    write(folder / "mine", seed=2, title="Shipped")  # takes the name of one that served
    both = models.refresh()
    assert both.models["mine"].config.title == "Shipped"
    assert both.broken == {"lstm": SHADOWED, "mine": SHADOWED}
    write(folder / "lstm", seed=3)  # a new version of the first leaves the reason of the second
    assert models.refresh().broken == both.broken
    rmtree(folder / "lstm")
    models.refresh()
    after = models.refresh()
    assert (after.models["lstm"].config.title, after.broken) == ("Another", {"mine": SHADOWED})
    assert [after.is_imported(each.folder) for each in after] == [True, False]


def test_a_folder_of_imported_models_that_nobody_may_look_at_keeps_no_other_from_serving(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Path.iterdir

    def closed(self: Path) -> Any:
        if self == tmp_path / "closed":
            raise PermissionError(13, "Permission denied")
        return look(self)

    monkeypatch.setattr(Path, "iterdir", closed)
    assert list(WatchedStore(folder, tmp_path / "closed").store.models) == ["lstm"]
