"""Write the advance widths of DejaVu Sans into the package: `python scripts/font_widths.py [FOLDER]`.

FOLDER holds DejaVuSans.ttf and DejaVuSans-Bold.ttf. Needs the package fontTools, which only tests need otherwise.
"""

import sys
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from gatescope.figures.text_width import FACES, TABLE

DEBIAN = Path("/usr/share/fonts/truetype/dejavu")  # of the package fonts-dejavu-core


def main(folder: Path) -> None:
    """Write the code points that each face has, and the width of each in 1/2048 em."""
    arrays = {}
    for face, file in FACES.items():
        font = TTFont(folder / file)
        assert font["head"].unitsPerEm == 2048
        widths = {code: font["hmtx"][glyph][0] for code, glyph in sorted(font.getBestCmap().items())}
        arrays[f"{face}_codes"] = np.array(list(widths), np.uint32)
        arrays[f"{face}_widths"] = np.array(list(widths.values()), np.uint16)
    np.savez_compressed(TABLE, **arrays)
    print(f"wrote {TABLE}: {TABLE.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEBIAN)
