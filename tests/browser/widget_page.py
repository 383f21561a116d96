"""A page with widgets as a notebook has them: models of anywidget that the real Python side answers in this process."""

import json
from base64 import b64encode
from typing import Any

from gatescope.notebook.shown import Shown
from gatescope.notebook.widget import Widget
from playwright.sync_api import Browser, Locator, Page

from .driving import PATIENCE

# What anywidget gives a widget: a model that sends and hears messages, with buffers as DataViews, and an element.
MODEL = """
(() => { globalThis.isGone = false;
globalThis.attach = async (at, esm, traits, isMute) => {
  const heard = new Set();
  const model = {
    get: (name) => traits[name],
    on: (event, act) => event === 'msg:custom' && heard.add(act),
    off: (event, act) => heard.delete(act),
    send: async (question) => {
      if (globalThis.isGone) return;
      const answers = JSON.parse(await globalThis.kernel(at, JSON.stringify(question)));
      for (const { content, buffers } of answers) {
        const bytes = (text) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
        const views = buffers.map((each) => new DataView(bytes(each).buffer));
        for (const act of heard) act(content, views);
      }
    },
  };
  const url = URL.createObjectURL(new Blob([esm], { type: 'text/javascript' }));
  const { default: { render } } = await import(url);
  globalThis.removes ??= [];
  globalThis.removes[at] = await render({ model, el: document.querySelectorAll('.output')[at] });
}; })()
"""


HEAD = '<!doctype html><html lang="en"><title>a notebook</title>'
ADDRESS = "http://notebook.test/"  # which nobody serves
at_work: dict[Page, "Notebook"] = {}


def notebook_page(browser: Browser) -> Page:
    """A page for one notebook after the other, which so load Plotly once."""
    page = browser.new_page(viewport={"width": 1300, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE)
    page.route(ADDRESS, lambda route: route.fulfill(body=HEAD, content_type="text/html"))
    page.goto(ADDRESS)
    page.expose_function("kernel", lambda at, question: at_work[page].kernel(at, question))
    return page


class Notebook:
    """A page with an output for each thing that is shown."""

    def __init__(self, page: Page, *shown: Shown, around: str = "", process: str = "") -> None:
        # As the page stays from test to test, it says whom its messages are for.
        self.page, self.widgets, self.asked = page, [Widget(each) for each in shown], list[dict[str, Any]]()
        outputs = "".join(
            f'<div data-gatescope="{each.key}" class="still">still</div><div class="output"></div>'
            for each in self.widgets
        )
        page.set_content(f"{HEAD}<body><main><h1>a notebook</h1>{around}{outputs}</main>")
        page.evaluate(MODEL)
        at_work[page] = self
        for at, widget in enumerate(self.widgets):
            traits = {"key": widget.key, "process": process or widget.process}
            page.evaluate("each => attach(...each)", [at, str(widget._esm), traits])

    def kernel(self, at: int, question: str) -> str:
        """Return what the widget answers to a message, as a list of contents with their buffers."""
        asked, answers = json.loads(question), list[dict[str, Any]]()
        self.asked.append(asked)
        widget = self.widgets[at]
        widget.send = lambda content, buffers=None: answers.append(  # type: ignore[method-assign]
            {"content": content, "buffers": [b64encode(each).decode() for each in buffers or []]}
        )
        widget._handle_custom_msg(asked, [])
        return json.dumps(answers)

    def output(self, at: int = 0) -> Locator:
        """The widget in one output."""
        return self.page.locator(".output").nth(at)
