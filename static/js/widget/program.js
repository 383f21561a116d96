// The program of the widgets of a notebook, in one bundle with the page's own modules. It touches nothing outside the
// shadow tree of a widget but the still picture in whose place it stands.

import { usePlotly } from "../charts/plotly.js";
import { boot } from "../data/boot.js";
import { make } from "../kit/dom.js";
import { followTheme } from "../kit/theme.js";

/** @typedef {{ask: import("./loader.js").Ask, asset: (name: string) => Promise<DataView>, shared: (key: string, load: () => Promise<any>) => Promise<any>, key: string}} Kernel */

/**
 * Put a widget into an element of a notebook. Resolves with what removes it, once it is drawn.
 * @param {HTMLElement} element
 * @param {Kernel} kernel
 */
export async function mount(element, { ask, asset, shared, key }) {
  const host = make("div", { class: "gatescope-widget" });
  const tree = host.attachShadow({ mode: "open" });
  const [{ answer }, style] = await Promise.all([ask({ kind: "open" }), shared("sheet", () => sheetOf(asset))]);
  if (answer.problem) {
    element.append(make("p", { role: "status" }, String(answer.problem)));
    return () => {};
  }
  const { facts, dark } = /** @type {{facts: object, dark: string}} */ (/** @type {unknown} */ (answer));
  const around = [document.documentElement, document.body];
  const themeOf = () => (around.some((each) => each.matches(dark)) ? "dark" : "light");
  tree.adoptedStyleSheets = [style];
  element.append(host);
  host.dataset.theme = themeOf();
  followTheme(themeOf);
  Object.assign(boot, facts);
  usePlotly(shared("Plotly", () => plotlyOf(asset)));
  const { NotebookView } = await import("./notebook_view.js"); // whose modules read the facts when they are loaded
  const view = new NotebookView(tree, ask, /** @type {any} */ (answer));
  const observer = new MutationObserver(() => {
    if (host.dataset.theme === themeOf()) return;
    host.dataset.theme = themeOf();
    view.drawHeatmaps();
  });
  /** @param {KeyboardEvent} event */
  const keep = (event) => event.composedPath().includes(host) && host.toggleAttribute("data-lm-suppress-shortcuts", isOwn(event));
  addEventListener("keydown", keep, { capture: true }); // before JupyterLab, which asks for the attribute
  for (const each of around) observer.observe(each, { attributes: true });
  await view.update();
  for (const still of document.querySelectorAll(`[data-gatescope="${key}"]`)) still.toggleAttribute("hidden", true);
  return () => {
    observer.disconnect();
    removeEventListener("keydown", keep, { capture: true });
    view.remove();
  };
}

/**
 * Whether a key is for the widget, in which the focus is, and not for JupyterLab, which saves and runs by others.
 * @param {KeyboardEvent} event
 */
function isOwn({ key, shiftKey, ctrlKey, metaKey, altKey }) {
  return !ctrlKey && !metaKey && !altKey && !(key === "Enter" && shiftKey);
}

/** @param {Kernel["asset"]} asset */
async function sheetOf(asset) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await textOf(asset, "style"));
  return sheet;
}

/**
 * Plotly, as a module that leaves no global behind: a notebook may have another.
 * @param {Kernel["asset"]} asset
 */
async function plotlyOf(asset) {
  const source = await textOf(asset, "plotly");
  const names = Object.getOwnPropertyDescriptor(globalThis, "Plotly");
  const text = `const module = { exports: {} };\n(function () {\n${source}\n}).call(globalThis);\nexport default module.exports;`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return (await import(url)).default;
  } finally {
    URL.revokeObjectURL(url);
    Reflect.deleteProperty(globalThis, "Plotly");
    if (names) Object.defineProperty(globalThis, "Plotly", names);
  }
}

/**
 * @param {Kernel["asset"]} asset
 * @param {string} name
 */
async function textOf(asset, name) {
  return new Blob([/** @type {DataView<ArrayBuffer>} */ (await asset(name))]).text();
}
