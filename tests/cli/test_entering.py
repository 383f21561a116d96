"""How a model that a command makes enters the folder of imported models, and others."""

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from gatescope.cli import app
from gatescope.importers import process
from gatescope.importers.child import Limits
from gatescope.store.importing import HIDDEN, BusyError, size, workspace
from model_folders import saved
from typer.testing import CliRunner


@pytest.fixture
def _making(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any file become a small model; an import into the same folder is tried meanwhile."""

    async def run(job: Mapping[str, Any], _limits: Limits, locks: Sequence[int]) -> AsyncGenerator[float]:
        into = Path(job["into"])
        if locks:
            imported = into.parents[1]
            with pytest.raises(BusyError, match=f"^{job['name']}$"), workspace(imported):
                pass
            [lock] = locks
            assert os.path.samestat(os.fstat(lock), (imported / HIDDEN / "lock").stat())
        saved(into / job["name"])
        yield 1

    monkeypatch.setattr(process, "run", run)


def imported(folder: Path, *options: str, **settings: str) -> tuple[int, str]:
    """Import a file into the folder of imported models, unless the options say otherwise."""
    (folder / "mine.pt").touch()
    settings = {f"GATESCOPE_{name.upper()}": value for name, value in settings.items()}
    environment = {"GATESCOPE_IMPORTED": str(folder / "imported"), **settings}
    done = CliRunner().invoke(app, ["import", str(folder / "mine.pt"), *options], env=environment)
    return done.exit_code, done.stderr.removeprefix(f"gatescope: {folder / 'mine.pt'}: ")


def inside(folder: Path) -> set[str]:
    return {each.name for each in (*folder.iterdir(), *(folder / HIDDEN).glob("*"))}


@pytest.mark.usefixtures("_making")
@pytest.mark.parametrize("name", ["", "theirs"])
def test_one_import_runs_at_a_time_whoever_began_it(tmp_path: Path, name: str) -> None:
    what = "a model 'theirs'" if name else "a model"
    busy = (
        f"a server or another command is importing {what} into {tmp_path / 'imported'}, and there is one import at a "
        "time: try again once that one has ended\n"
    )
    with workspace(tmp_path / "imported", name) as (others, _):
        assert imported(tmp_path) == (1, busy)
        (tmp_path / "link").symlink_to("imported")
        assert imported(tmp_path, "--into", str(tmp_path / "link"))[0] == 1, "the same folder"
        assert others.is_dir()
        imported(tmp_path, "--into", str(tmp_path / "elsewhere"))
        assert [each.name for each in (tmp_path / "elsewhere").iterdir()] == ["mine"], "another folder"
    imported(tmp_path)
    assert inside(tmp_path / "imported") == {HIDDEN, "lock", "mine"}


@pytest.mark.usefixtures("_making")
def test_the_imported_models_may_take_so_many_bytes(tmp_path: Path) -> None:
    one = size(saved(tmp_path / "measured").folder)
    over = (
        f"the models in {tmp_path / 'imported'} would take {{taken:,}} bytes, and may take {{limit:,}}: remove one by "
        "'gatescope models remove', or raise GATESCOPE_MAX_IMPORTED\n"
    )
    limit = 2 * one - 1
    imported(tmp_path, max_imported=str(limit))
    assert imported(tmp_path, "--name", "more", max_imported=str(limit)) == (1, over.format(taken=2 * one, limit=limit))
    assert imported(tmp_path, "--name", "more", max_imported=str(one)) == (1, over.format(taken=one, limit=one))
    assert inside(tmp_path / "imported") == {HIDDEN, "lock", "mine"}
    imported(tmp_path, "--into", str(tmp_path / "elsewhere"), max_imported="1")
    assert inside(tmp_path / "elsewhere") == {"mine"}
    imported(tmp_path, "--name", "more", max_imported=str(2 * one))
    assert inside(tmp_path / "imported") == {HIDDEN, "lock", "mine", "more"}


@pytest.mark.usefixtures("_making")
def test_a_model_that_would_never_serve_is_not_imported(tmp_path: Path) -> None:
    saved(tmp_path / "shipped" / "mine")
    taken = f"there is a model mine in {tmp_path / 'shipped'} already: choose another name, or remove that one first\n"
    assert imported(tmp_path, models=str(tmp_path / "shipped")) == (1, taken)
    imported(tmp_path, "--into", str(tmp_path / "elsewhere"), models=str(tmp_path / "shipped"))
    assert (tmp_path / "elsewhere" / "mine").is_dir()


@pytest.mark.usefixtures("_making")
def test_what_cannot_be_written_is_named_as_the_model(tmp_path: Path) -> None:
    (tmp_path / "imported").mkdir()
    (tmp_path / "imported" / HIDDEN).touch()
    code, error = imported(tmp_path)
    assert (code, error) == (1, f"gatescope: {tmp_path / 'imported' / 'mine'}: File exists\n")
