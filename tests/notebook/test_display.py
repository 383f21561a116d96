"""How IPython and marimo are told to show what ``show`` returns."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gatescope
import IPython.core.getipython
import IPython.display
import pytest
import torch
from gatescope.notebook import display
from gatescope.notebook.shown import Shown
from gatescope.notebook.widget import Widget, asset


@pytest.fixture
def shown() -> Shown:
    torch.manual_seed(0)
    return gatescope.show(torch.nn.LSTM(3, 16), torch.randn(60, 3))


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is displayed, in a session with a kernel."""
    told: list[Any] = []
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr(IPython.display, "display", lambda what, raw=False: told.append(what))
    return told


def test_a_notebook_keeps_a_still_picture_and_little_of_the_widget(shown: Shown, outputs: list[Any]) -> None:
    shown._ipython_display_()
    still, view = outputs
    html = still._repr_html_()
    assert shown._repr_html_() in html
    assert repr(still) == repr(shown)
    assert len(html.encode()) < 500_000
    assert set(view) == {"text/plain", display.WIDGET_VIEW}
    state = Widget(shown).get_state()  # all that a notebook keeps with the state of widgets
    del state["layout"]
    assert len(json.dumps(state)) < 6_000
    assert len(asset("program")) > 20_000
    assert len(asset("plotly")) > 1_000_000


def test_without_the_extra_the_picture_says_how_to_get_the_widget(
    shown: Shown, outputs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "find_spec", lambda name: None)
    shown._ipython_display_()
    (still,) = outputs
    assert "install <code>gatescope[notebook]</code>, restart the kernel" in still._repr_html_()
    assert still._repr_html_() == shown._display_()._repr_html_()


@pytest.mark.parametrize("session", [None, SimpleNamespace()], ids=["no IPython", "a terminal"])
def test_without_a_kernel_ipython_takes_the_other_forms(
    shown: Shown, session: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: session)
    with pytest.raises(NotImplementedError):
        shown._ipython_display_()


@pytest.mark.parametrize("is_running", [True, False])
def test_in_marimo_nothing_is_printed(
    is_running: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: is_running))
    gatescope.show(torch.nn.LSTM(3, 4), torch.randn(2, 3))
    assert (capsys.readouterr().out == "") == is_running


def test_marimo_is_given_the_picture_and_the_widget_over_it(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    element = SimpleNamespace(anywidget=lambda widget: SimpleNamespace(text=f"<marimo-anywidget>{widget.key}"))
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(Html=str, ui=element))
    html = shown._display_()
    key = html.partition('data-gatescope="')[2].partition('"')[0]
    assert shown._repr_html_() in html
    assert html.endswith(f"<marimo-anywidget>{key}")


def test_a_png_is_left_to_ipython(shown: Shown, outputs: list[Any]) -> None:
    with pytest.raises(NotImplementedError):
        replace(shown, is_image=True)._ipython_display_()
    assert outputs == []
