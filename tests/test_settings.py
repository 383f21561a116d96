"""Settings, and where the data folders lie."""

import re
from pathlib import Path

import pytest
from gatescope import settings
from gatescope.settings import Settings, data_folder, unknown_variable
from pydantic import ValidationError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package without any data folder."""
    package = tmp_path / "site-packages" / "gatescope"
    package.mkdir(parents=True)
    monkeypatch.setattr(settings, "__file__", str(package / "settings.py"))
    return package


@pytest.mark.parametrize("name", ["static", "templates", "models"])
def test_the_data_folders_of_this_installation_are_found(name: str) -> None:
    assert data_folder(name).is_dir()


def test_a_data_folder_inside_the_package_comes_before_one_beside_it(package: Path) -> None:
    beside, inside = package.parent / "models", package / "models"
    beside.mkdir()
    assert data_folder("models") == beside
    inside.mkdir()
    assert data_folder("models") == inside


def test_a_missing_data_folder_is_named_with_both_places(package: Path) -> None:
    (package / "models").write_text("a file is no folder")
    message = (
        f"the folder 'models' is neither {package / 'models'} nor {package.parent / 'models'}: "
        "the installation is incomplete; install it again"
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        data_folder("models")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is_for(name: str) -> None:
    assert (Settings.model_fields[name].description or "").endswith(".")


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATESCOPE_PORT", "0")
    monkeypatch.setenv("GATESCOPE_MODELS", str(tmp_path))
    chosen = Settings()
    assert (chosen.port, chosen.models) == (0, tmp_path)
    assert chosen.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "70000", "Input should be less than or equal to 65535"),
        ("MAX_TEXT", "0", "Input should be greater than or equal to 1"),
        ("MAX_SECONDS", "0", "Input should be greater than 0"),
        ("MAX_IN_FLIGHT", "0", "Input should be greater than or equal to 1"),
        ("MAX_HELD", "2e9", "Input should be a valid integer"),
        ("ENGINE", "cuda", "Input should be 'compiled' or 'reference'"),
        ("THREADS", "two", "Input should be a valid integer"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"GATESCOPE_{name}", value)
    with pytest.raises(ValidationError, match=f"(?s){name.lower()}.*{message}"):
        Settings()


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("GATESCOPE_THREAD", "there is no setting GATESCOPE_THREAD: did you mean GATESCOPE_THREADS?"),
        ("gatescope_max_txt", "there is no setting gatescope_max_txt: did you mean GATESCOPE_MAX_TEXT?"),
        (
            "GATESCOPE_COLOUR",
            "there is no setting GATESCOPE_COLOUR: remove it from the environment; docs/settings.md lists the settings",
        ),
        ("GATESCOPE_", "there is no setting GATESCOPE_: remove it from the environment; docs/settings.md lists"),
    ],
)
def test_a_variable_that_sets_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, message: str) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ValidationError, match=re.escape(message)):
        Settings()


def test_a_former_setting_leads_to_its_successor() -> None:
    assert unknown_variable(["GATESCOPE_MAX_WORK"], ["port", "max_seconds"]) == (
        "there is no setting GATESCOPE_MAX_WORK any more: set GATESCOPE_MAX_SECONDS instead"
    )
    assert unknown_variable(["GATESCOPE_MAX_WORK"], ["port", "max_work"]) is None


def test_what_kubernetes_and_container_links_inject_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    injected = {
        "GATESCOPE_SERVICE_HOST": "10.0.0.11",
        "GATESCOPE_SERVICE_PORT": "8000",
        "GATESCOPE_SERVICE_PORT_HTTP": "8000",
        "GATESCOPE_PORT": "tcp://10.0.0.11:8000",
        "GATESCOPE_PORT_8000_TCP": "tcp://10.0.0.11:8000",
        "GATESCOPE_PORT_8000_TCP_ADDR": "10.0.0.11",
    }
    for name, value in injected.items():
        monkeypatch.setenv(name, value)
    assert Settings().port == 8000
    assert Settings(port=9000).port == 9000
    monkeypatch.setenv("GATESCOPE_PORT", "udp://10.0.0.11:8000")
    with pytest.raises(ValidationError, match="port"):
        Settings()


@pytest.mark.parametrize("hosts", ["https://example.org", "example.org:80", "a b", "*x.org", "a.*", "-a", ".org", "**"])
def test_what_is_not_a_host_is_refused(hosts: str) -> None:
    with pytest.raises(ValidationError, match=r"allowed_hosts\n.* is not a host: give names"):
        Settings(allowed_hosts=f"example.org, {hosts}")


def test_settings_do_not_change_while_the_application_runs() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


def test_an_empty_variable_switches_importing_and_the_token_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATESCOPE_TOKEN", "")
    assert (Settings().imported, Settings().token) == (None, None)
    monkeypatch.delenv("GATESCOPE_IMPORTED")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().imported == tmp_path / "gatescope" / "models"


@pytest.mark.parametrize("token", ["a" * 19, "ä" * 20])
def test_a_token_that_could_be_guessed_or_not_be_sent_is_refused_and_never_shown(token: str) -> None:
    with pytest.raises(ValidationError, match="a token has at least 20 characters of ASCII: give one that") as caught:
        Settings(token=token)  # type: ignore[arg-type]
    assert token not in str(caught.value)
    assert "aaa" not in repr(Settings(token="a" * 20))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["", "/gatescope", "/a/b-c", "/~ada/gates.v2", "/...", "/apis"])
def test_a_path_to_serve_below_may_be_chosen(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("GATESCOPE_ROOT_PATH", path)
    assert Settings().root_path == path


@pytest.mark.parametrize(
    "path", ["/", "gatescope", "/a/", "//a", "/a//b", "/a b", "/a?b", "/a#", '/a"', "/é", "/%61", "/.", "/a/..", "/a\n"]
)
def test_what_is_not_a_path_to_serve_below_is_refused(path: str) -> None:
    message = (
        f"{path!r} is not a path to serve below: give one such as '/gatescope', which begins with a slash, does not "
        "end with one, and holds only letters, digits, '-', '.', '_' and '~'; or none"
    )
    with pytest.raises(ValidationError, match=re.escape(f"root_path\n  Value error, {message} [")):
        Settings(root_path=path)


@pytest.mark.parametrize("path", ["/api", "/models/gatescope"])
def test_a_path_that_could_be_our_own_is_refused(path: str) -> None:
    message = (
        f"{path!r} begins as a path of Gatescope itself does: give one that begins otherwise, such as '/gatescope'"
    )
    with pytest.raises(ValidationError, match=re.escape(message)):
        Settings(root_path=path)
