"""A picture is written as an image where the file is named so, and drawn as one in a notebook where that is wanted."""

import json
import re
import struct
import sys
from base64 import b64encode
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import gatescope
import pytest
import torch
from gatescope.figures import image
from hostile import HOSTILE
from torch import nn

X = torch.randn(60, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def lstm() -> nn.LSTM:
    torch.manual_seed(0)
    return nn.LSTM(4, 16)


def size(png: bytes) -> tuple[int, int]:
    """The width and height in the header of a PNG."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_files_are_images_by_their_names(lstm: nn.LSTM, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("x.svg", "x.PNG"):
        gatescope.show(lstm, X[:6], inputs=[0], path=tmp_path / name)
    svg = ElementTree.parse(tmp_path / "x.svg").getroot()
    wide, tall = (float(svg.get(side, "0")) for side in ("width", "height"))
    width, height = size((tmp_path / "x.PNG").read_bytes())
    assert (width, height) == pytest.approx((2 * wide, 2 * tall), abs=2)
    assert "input 0" in "".join(svg.itertext())
    assert capsys.readouterr().out.count("The picture is in ") == 2
    message = "path: x.pdf is neither .html nor .svg nor .png: these are the files that are written"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        gatescope.show(lstm, X, path=tmp_path / "x.pdf")
    assert not (tmp_path / "x.pdf").exists()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_labels_are_text_in_an_image(hostile: str, lstm: nn.LSTM) -> None:
    shown = gatescope.show(lstm, X[:2], labels=[hostile, "b"], head=torch.ones(16), names=[hostile])
    tags = {each.tag.partition("}")[2] for each in ElementTree.fromstring(shown.svg()).iter()}
    assert tags <= {"svg", "g", "rect", "path", "text", "circle", "linearGradient", "stop", "tspan", "title"}


def test_a_notebook_draws_a_png_only_where_that_is_wanted(lstm: nn.LSTM) -> None:
    plain, wanted = (gatescope.show(lstm, X, png=png) for png in (False, True))
    assert plain._repr_png_() is None
    assert plain._repr_html_()
    assert wanted._repr_html_() is None
    png = wanted._repr_png_()
    assert png is not None
    assert size(png)[0] == 2064
    data = {"image/png": b64encode(png).decode(), "text/plain": [repr(wanted)]}
    assert len(json.dumps(data)) <= 500_000


def test_dark_and_scale(lstm: nn.LSTM) -> None:
    shown = gatescope.show(lstm, X[:3])
    for theme, paper in (("light", "#fcfcfd"), ("dark", "#141416")):
        assert f'<rect width="100%" height="100%" fill="{paper}" />' in shown.svg(theme)  # type: ignore[arg-type]
    assert size(shown.png("dark", scale=0.5))[0] == 516


def test_without_the_extra_it_is_said_what_to_install(lstm: nn.LSTM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gatescope.figures.image")
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    for options in ({"png": True}, {"path": "never.png"}):
        with pytest.raises(
            ImportError, match=r"^an image needs resvg_py: install it by pip install 'gatescope\[image\]'$"
        ):
            gatescope.show(lstm, X, **options)  # type: ignore[arg-type]
    monkeypatch.undo()
    assert import_module("gatescope.figures.image") is image


def test_without_fonts_there_is_no_picture_without_text(lstm: nn.LSTM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "GLYPH", image.GLYPH.replace(">M<", "><"))
    image._has_fonts.cache_clear()
    message = "there is no font on this machine to draw the picture's text with: install DejaVu Sans"
    with pytest.raises(RuntimeError, match=f"^{message}$"):
        gatescope.show(lstm, X[:2]).png()
    image._has_fonts.cache_clear()
