"""The models of a folder, and those of them that are broken."""

from pathlib import Path

from gatescope.store.store import Store
from model_folders import missing, saved


def test_the_store_lists_broken_models_with_their_reason_while_the_others_load(tmp_path: Path) -> None:
    for name in ("b", "a", "broken", ".hidden", "_private"):
        saved(tmp_path / name)
    saved(tmp_path / "c", task="agreement")
    missing("vocab.json")(tmp_path / "broken")
    (tmp_path / "empty").mkdir()
    (tmp_path / "__init__.py").touch()

    store = Store(tmp_path)

    assert list(store.models) == ["a", "b", "c"]
    assert store.broken == {
        "broken": "vocab.json: the file is missing",
        "empty": "config.json: the file is missing",
    }
    assert [model.id for model in store] == ["a", "b", "c"]
    assert [model.id for model in store.task("sentiment")] == ["a", "b"]
    assert store.task("translation") == []


def test_a_loop_of_links_is_listed_and_a_link_to_nothing_is_not(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nothing")
    (tmp_path / "device").symlink_to("/dev/zero")
    store = Store(tmp_path)
    reason = "the folder cannot be read: Too many levels of symbolic links"
    assert (store.models, store.broken) == ({}, {"loop": reason})


def test_a_missing_folder_is_an_empty_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "models")
    assert (store.models, store.broken) == ({}, {})
