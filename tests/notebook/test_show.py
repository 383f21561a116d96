"""What a script prints, a notebook draws and a file keeps is what ``decompose`` gives, for any module."""

import json
import re
import subprocess
import sys
import webbrowser
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import gatescope
import numpy as np
import pytest
import torch
from gatescope.store.model import Model
from hostile import HOSTILE
from model_folders import saved_numbers
from torch import nn

SHIPPED = Path(gatescope.__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def model() -> Model:
    return gatescope.load_model(SHIPPED / "sentiment-gru")


@pytest.fixture
def lstm() -> nn.LSTM:
    torch.manual_seed(3)
    return nn.LSTM(4, 16)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(5, 4, generator=torch.Generator().manual_seed(4))


def numbers(text: str) -> list[float]:
    return [float(each.replace("−", "-")) for each in re.findall(r"[−+]\d+\.\d\d", text)]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("is_bidirectional", [False, True])
def test_the_verdict_of_an_own_head_is_its_sigmoid(
    kind: type[nn.RNNBase], is_bidirectional: bool, x: torch.Tensor, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(5)
    module = kind(4, 16, bidirectional=is_bidirectional)  # type: ignore[call-arg]
    head = nn.Linear(32 if is_bidirectional else 16, 1)
    gatescope.show(module, x, head=head)
    printed = capsys.readouterr().out
    verdicts = torch.sigmoid(head(module(x)[0])).flatten().tolist()
    lines = [line for line in printed.split("\n\n")[1].split("\n") if not line.startswith(" ")]
    assert [float(line.split()[-1]) for line in lines] == pytest.approx(verdicts, abs=0.0051)
    end = printed.split("pushes at the end: ")[1]
    assert sum(numbers(end.partition(". All")[0])) == pytest.approx(np.log(verdicts[-1] / (1 - verdicts[-1])), abs=0.03)


@pytest.mark.parametrize("form", ["linear", "pair", "flat", "array"])
def test_shares_are_those_of_decompose_in_each_form_of_a_head(
    form: str, lstm: nn.LSTM, x: torch.Tensor, capsys: pytest.CaptureFixture[str]
) -> None:
    linear = nn.Linear(16, 1, bias=form in {"linear", "pair"})
    given = {
        "linear": linear,
        "pair": (linear.weight, linear.bias),
        "flat": linear.weight[0],
        "array": linear.weight.detach().numpy(),
    }[form]
    trace = gatescope.trace_module(lstm, x)
    assert isinstance(trace, gatescope.Trace)
    gatescope.show(trace, head=given)
    last = capsys.readouterr().out.split("\n\n")[1].split("\n")[-1]
    parts = gatescope.decompose(trace, head=(linear.weight, linear.bias))
    assert parts.shares is not None
    told = {
        int(step): numbers(f"{push}0" if push == "0.0" else push)
        for step, push in re.findall(r"(\d) \d+ % (\S+)", last)
    }
    assert len(told) >= 2
    for step, push in told.items():
        assert (push or [0.0])[0] == pytest.approx(parts.shares[-1, step], abs=0.0051)


def test_what_a_script_prints_is_what_a_prompt_shows(
    model: Model, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = gatescope.show((model, "not good"))
    printed = capsys.readouterr().out
    assert printed == f"{shown!r}\n"
    assert "then P(positive)" in printed
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    assert repr(gatescope.show(model, "not good")) == repr(shown)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("is_notebook", [True, False])
def test_a_notebook_of_marimo_draws_what_is_returned_and_a_script_prints(
    is_notebook: bool, model: Model, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its function is called here as version 0.25 has it: it is false where a notebook is run as a script."""
    marimo = ModuleType("marimo")
    monkeypatch.setattr(marimo, "running_in_notebook", lambda: is_notebook, raising=False)
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    shown = gatescope.show(model, "not good")
    assert capsys.readouterr().out == ("" if is_notebook else f"{shown!r}\n")


def test_steps_have_labels_or_numbers(lstm: nn.LSTM, x: torch.Tensor, capsys: pytest.CaptureFixture[str]) -> None:
    days = ["mon", "tue", "wed", "thu", "fri"]
    for labels, expected in (
        (days, days),
        (None, list("01234")),
        (["a", "", 2.5, None, ""], ["a", "1", "2.5", "None", "4"]),
    ):
        shown = gatescope.show(lstm, x, labels=labels)
        lines = capsys.readouterr().out.split("\n\n")[1].split("\n")[::2]
        assert [line.split()[0] for line in lines] == expected
        assert "step" in repr(shown).split("\n")[0]
        told = "".join(Elements(re.sub("<style>.*?</style>", "", shown._repr_html_(), flags=re.DOTALL)).texts)
        assert "word" not in told


class Elements(HTMLParser):
    """The elements and attributes of an HTML text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("hostile", [*HOSTILE, "[bold]x[/bold]", "\ud800"])
def test_a_file_runs_nothing_and_asks_for_nothing(
    hostile: str, lstm: nn.LSTM, x: torch.Tensor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.html"
    gatescope.show(lstm, x, labels=[hostile, *"abcd"], head=torch.ones(16), path=path)
    assert capsys.readouterr().out == f"The picture is in {path}\n"
    html = path.read_text(encoding="utf-8")
    found = Elements(html)
    assert not found.tags & {"img", "iframe", "link", "base", "object", "foreignobject"}
    assert found.tags >= {"svg", "style", "meta"}
    assert not {each for each in found.attributes if each.startswith("on")} | found.attributes & {"src", "style"}
    assert {each[0] for each in re.findall(r'href="([^"]*)', html)} == {"#"}
    assert html.count("<meta") == 3
    numbers, program = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    assert json.loads(numbers)["noun"] == "step"
    assert program == (SHIPPED.parent / "static" / "js" / "export" / "saved_screen.js").read_text(encoding="utf-8")
    allowed = b64encode(sha256(program.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'\"" in html
    css = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert "@import" not in css
    assert "url(" not in css
    assert set(re.findall(r"url\((.)", html)) == {"#"}


def test_a_browser_opens_a_file_in_a_temporary_folder(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url)))
    gatescope.show(model, "not good", open=True)
    [path] = tmp_path.glob("gatescope-*/memory.html")
    assert opened == [path.as_uri()]
    assert "<title>Gatescope: not good</title>" in path.read_text(encoding="utf-8")
    expected = f"The picture is in {path}\nThere is no browser to open it: open the file yourself.\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("size", [16, 128])
def test_a_picture_of_60_steps_in_a_saved_notebook_is_small(size: int) -> None:
    torch.manual_seed(0)
    trace = gatescope.trace_module(nn.LSTM(4, size), torch.randn(60, 4))
    shown = gatescope.show(trace, head=3 * torch.randn(size))  # type: ignore[arg-type]
    data = {"text/html": [shown._repr_html_()], "text/plain": [repr(shown)]}
    assert len(json.dumps(data)) <= 500_000
    assert shown._repr_html_() == shown._repr_html_()


def test_pictures_in_one_notebook_share_no_ids(model: Model) -> None:
    ids = [re.findall(r'\bid="([^"]+)"', gatescope.show(model, text)._repr_html_()) for text in ("not good", "not bad")]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])


def test_a_text_without_its_model_is_shown_too(model: Model) -> None:
    trace = model.trace("not good")
    assert repr(gatescope.show(trace)).split("\n\n")[1] == repr(gatescope.show(model, "not good")).split("\n\n")[1]


@pytest.mark.slow("imports the package in a process of its own", seconds=4)
def test_importing_the_package_imports_no_figures() -> None:
    heavy = ("rich", "gatescope.figures", "gatescope.training")
    program = f"import sys, gatescope; print([each for each in sys.modules if each.startswith({heavy})])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ["a", "b"]}, "labels: there are 2 for 5 steps: give one for each"),
        ({"head": "good"}, "head: its weight is a str: give an nn.Linear, its weight, or (weight, bias)"),
        ({"head": np.full(16, np.nan)}, "head: its weight holds a number that is not finite"),
    ],
)
def test_labels_and_heads_that_do_not_fit(options: dict, message: str, lstm: nn.LSTM, x: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        gatescope.show(lstm, x, **options)


def test_a_model_of_numbers_is_shown_with_values(tmp_path: Path) -> None:
    numbers = saved_numbers(tmp_path / "numbers")
    picture = gatescope.show(numbers, [[9.0, 0.5, -1.0], [12.0, 0.0, -2.0]], labels=["Mon", "Tue"]).html()
    assert "Mon" in picture
    assert "Tue" in picture
    with pytest.raises(TypeError, match=r"^x is a NoneType: a model reads a text, as in show\(model, 'not good'\)$"):
        gatescope.show(numbers)


def test_what_cannot_be_shown(lstm: nn.LSTM, x: torch.Tensor, model: Model) -> None:
    trace = gatescope.trace_module(lstm, x)
    cases = [
        (
            ([],),
            "this is a list: show takes a Trace, a run that was watched, a model and a text, or a module and its input",
        ),
        ((lstm,), "the input is missing: a module is shown with what it reads, as in show(module, x)"),
        ((model,), "x is a NoneType: a model reads a text, as in show(model, 'not good')"),
        ((trace, x), "a trace has its input already: leave out the second argument"),
        ((nn.Linear(4, 2), x), "Linear is not a torch.nn.LSTM, GRU or RNN"),
        (
            (lstm, x[:, None].repeat(1, 2, 1)),
            "x is a batch of 2: say which sequence, as in sequence=0",
        ),
        (
            (lstm, torch.zeros(501, 4)),
            "the trace has 501 steps, and a picture shows up to 500: show a part, such as trace.span(0, 500)",
        ),
    ]
    for given, message in cases:
        with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
            gatescope.show(*given)  # type: ignore[arg-type]
