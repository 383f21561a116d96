"""How a model enters the folder of imported ones, and leaves it."""

from pathlib import Path

import pytest
from gatescope.store.importing import HIDDEN, BusyError, TakenError, put, remove, size, sweep, workspace
from gatescope.store.store import Store
from model_folders import saved


def test_a_workspace_is_no_model_and_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    imported = tmp_path / "not" / "there" / "yet"
    with workspace(imported) as (folder, _):
        saved(folder / "mine")
        assert Store(tmp_path / "none", imported=imported).entries == {}
        with pytest.raises(BusyError), workspace(imported):
            pass
        sweep(imported)
        assert (folder / "mine").exists()
    assert [each.name for each in imported.rglob("*")] == [HIDDEN, "lock"]


def test_sweeping_makes_no_folder(tmp_path: Path) -> None:
    sweep(tmp_path / "imported")
    assert list(tmp_path.iterdir()) == []


def test_a_model_enters_as_a_whole_and_never_in_the_place_of_another(tmp_path: Path) -> None:
    imported = tmp_path / "imported"
    for name in ("mine", "file"):
        with workspace(imported) as (folder, _):
            saved(folder / name)
            put(folder / name, imported)
    (imported / "link").symlink_to(tmp_path / "nowhere")
    for name in ("mine", "file", "link"):
        with workspace(imported) as (folder, _):
            saved(folder / name, title="Another")
            with pytest.raises(TakenError):
                put(folder / name, imported)
    assert [model.config.title for model in Store(tmp_path / "none", imported=imported)] == ["A small LSTM"] * 2


def test_removing_a_link_leaves_what_it_leads_to(tmp_path: Path) -> None:
    saved(tmp_path / "elsewhere" / "real")
    (tmp_path / "imported").mkdir()
    (tmp_path / "imported" / "linked").symlink_to(tmp_path / "elsewhere" / "real")
    assert remove(tmp_path / "imported", "linked")
    assert not remove(tmp_path / "imported", "linked")
    assert (tmp_path / "elsewhere" / "real" / "config.json").exists()
    for name in ("", ".", "..", HIDDEN, "../elsewhere/real", "elsewhere/real"):
        assert not remove(tmp_path / "imported", name)


def test_a_model_is_removed_while_an_import_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "mine")
    rename = Path.rename

    def swept_before(self: Path, target: Path) -> Path:
        sweep(tmp_path)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", swept_before)
    assert remove(tmp_path, "mine")
    assert {each.name for each in tmp_path.rglob("*")} == {HIDDEN, "lock"}
    sweep(tmp_path)


def test_the_size_is_that_of_all_files_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(bytes(1_000))
    (tmp_path / "a" / "d").write_bytes(bytes(20))
    (tmp_path / "a" / "link").symlink_to("b/c")
    assert size(tmp_path / "a") == 1_020 + len("b/c")
