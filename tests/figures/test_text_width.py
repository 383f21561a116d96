"""Widths of text, against the font itself where there is one, and against known values of it."""

from pathlib import Path

import pytest
from gatescope.figures.text_width import EM, FACES, MISSING, fitted, text_width, told_apart

FONTS = Path("/usr/share/fonts/truetype/dejavu")


@pytest.mark.parametrize(
    ("character", "regular", "bold"),
    [(" ", 651, 713), ("i", 569, 702), ("m", 1995, 2134), ("0", 1303, 1425), ("−", 1716, 1716), ("\u0301", 0, 0)],
)
def test_known_widths(character: str, regular: int, bold: int) -> None:
    assert text_width(character, EM) == regular
    assert text_width(character, EM, bold=True) == bold


@pytest.mark.parametrize("face", FACES)
def test_the_table_is_that_of_the_font(face: str) -> None:
    fonts = pytest.importorskip("fontTools.ttLib")
    file = FONTS / FACES[face]
    if not file.is_file():
        pytest.skip(f"{file} is not installed")
    font = fonts.TTFont(file)
    for code, glyph in font.getBestCmap().items():
        if width := font["hmtx"][glyph][0]:
            assert text_width(chr(code), EM, bold=face == "bold") == width, hex(code)


def test_widths_add_up_and_grow_with_the_size() -> None:
    assert text_width("not", 20) == pytest.approx(2 * sum(text_width(each, 10) for each in "not"))


def test_other_fonts_draw_what_it_lacks() -> None:
    assert text_width("映", 10) == text_width("🎬", 10) == 10 * MISSING
    assert text_width("e\u200d", 10) == text_width("e", 10)  # a joiner


def test_what_does_not_fit_is_cut() -> None:
    text = "wonderful"
    for width in range(0, 100, 7):
        cut = fitted(text, 16, width)
        assert text_width(cut, 16) <= width
        assert cut in ("", text) or (cut.endswith("…") and text.startswith(cut[:-1]))
    assert fitted(text, 16, 100) == text


def test_what_would_be_cut_alike_is_told_apart_by_what_follows() -> None:
    def cut(text: str) -> str:
        return text[:10]

    one, other = "trained for long on Monday", "trained for long on Mondays and Tuesdays"
    assert told_apart([one, other, "a plain RNN"], cut) == ["…Monday", "…Mondays and Tuesdays", "a plain RNN"]
    assert told_apart([one, other], str) == [one, other]
    assert told_apart([one, one], cut) == [one, one]
    assert told_apart(["a" * 20 + "b", "a" * 20 + "c"], cut) == ["…b", "…c"]
