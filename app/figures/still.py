"""A first screen that stands by itself: as an HTML file, and inside a notebook, whose own look it leaves alone."""

from base64 import b64encode
from hashlib import sha256

from .numbers import safe
from .stylesheet import stylesheet

PAPER = "light-dark(#fcfcfd, #141416)"  # as --f-paper in first_screen.css
INK = "light-dark(#1b1b1f, #ececf1)"  # as --f-ink
HEADING = "h1 { margin: 0 0 1rem; font: 600 15px system-ui, sans-serif; overflow-wrap: anywhere; }"
DARK = (
    '[data-jp-theme-light="false"]',  # JupyterLab
    ".vscode-dark",
    ".dark",  # marimo
)


def saved_page(fragment: str, title: str, program: str) -> str:
    """Return an HTML file that shows ``fragment``, runs ``program`` and nothing else, and asks nothing of any host."""
    allowed = f"'sha256-{b64encode(sha256(program.encode()).digest()).decode()}'"
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}"
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{safe(title)}</title>\n<style>\n:root {{ color-scheme: light dark; }}\n"
        f"body {{ margin: 1.5rem; background: {PAPER}; color: {INK}; }}\n{HEADING}\n{stylesheet()}</style>\n"
        f"<main>\n<h1>{safe(title)}</h1>\n{fragment}\n</main>\n<script>{program}</script>\n</html>\n"
    )


def still_output(fragment: str) -> str:
    """Return ``fragment`` for the output of a notebook: its styles are nested, so that they reach nothing else."""
    dark = f":is({', '.join(DARK)}) & {{ color-scheme: dark; }}"
    own = f"display: block; padding: 12px; color-scheme: light; background: {PAPER};\n{dark}"
    return f'<div class="gatescope-still"><style>.gatescope-still {{ {own}\n{stylesheet()}}}</style>{fragment}</div>'
