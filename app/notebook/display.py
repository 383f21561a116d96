"""How a notebook shows what ``show`` returns: a still picture, and over it the widget where one can run."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from .shown import Shown
    from .widget import Widget

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WITHOUT = (
    '<p style="margin: 4px 0 0; font: 13px system-ui, sans-serif">To choose steps and set gates in this picture, '
    "install <code>gatescope[notebook]</code>, restart the kernel and run the cell again.</p>"
)
# JupyterLab writes an error where the widget was, when a notebook is opened again without its kernel.
_AFTER = ".jp-OutputArea-child:has([data-gatescope]) + .jp-OutputArea-child > .jupyter-widgets:not(:has(*))"
_NO_ERROR = f"<style>{_AFTER} {{ display: none; }}</style>"


class Still:
    """The still picture of what is shown, and nothing else; ``key`` is that of the widget that takes its place."""

    def __init__(self, shown: "Shown", key: str = "", after: str = "") -> None:
        self.shown, self.key, self.after = shown, key, after

    def __repr__(self) -> str:
        return repr(self.shown)

    def _repr_html_(self) -> str:
        picture = f"{self.shown._repr_html_()}{self.after}"
        return f'<div data-gatescope="{self.key}">{picture}</div>' if self.key else picture


class InNotebooks:
    """The protocols by which IPython and marimo ask an object to show itself."""

    def _ipython_display_(self) -> None:
        """Show the still picture, which the notebook keeps, and the widget as an output of its own, which hides it.

        As two forms of one output, JupyterLab would show an error in the place of a widget that has no kernel, and not
        the picture. Raises NotImplementedError where there is no kernel, or a PNG is
        wanted: IPython then takes the other forms.
        """
        from IPython.core.getipython import get_ipython

        shown = cast("Shown", self)
        if shown.is_image or getattr(get_ipython(), "kernel", None) is None:
            raise NotImplementedError
        display: Any = import_module("IPython.display").display
        if not has_widgets():
            display(Still(shown, after=WITHOUT))
            return
        widget = widget_of(shown)
        display(Still(shown, widget.key, _NO_ERROR))
        display({"text/plain": "", WIDGET_VIEW: widget_view(widget)}, raw=True)

    def _display_(self) -> Any:
        """Return what marimo shows."""
        shown = cast("Shown", self)
        if not (shown.is_image or has_widgets()):
            return Still(shown, after=WITHOUT)
        marimo: Any = import_module("marimo")  # which is running
        if shown.is_image:
            return marimo.image(shown.png())
        widget = widget_of(shown)
        return marimo.Html(f"{Still(shown, widget.key)._repr_html_()}{marimo.ui.anywidget(widget).text}")


def is_in_marimo() -> bool:
    """Whether a notebook of marimo runs this, which shows what a cell returns."""
    marimo: Any = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def has_widgets() -> bool:
    """Whether the extra is installed with which there are widgets."""
    return find_spec("anywidget") is not None


def widget_of(shown: "Shown") -> "Widget":
    """Return a widget of what is shown."""
    from .widget import Widget

    return Widget(shown)


def widget_view(widget: "Widget") -> dict[str, Any]:
    """Return how an output names a widget."""
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
