// Starts the page: text and model in, trace out, every view told.

import { Problem, fetchTrace } from "./api.js";
import { diverging, gradient, sequential } from "./colors.js";
import { Panels, rangeOf } from "./panels.js";
import { remember, remembered } from "./state.js";
import { codePoints, utf16Offsets } from "./text.js";
import { theme, watchTheme } from "./theme.js";
import { TokenStrip } from "./tokens.js";
import { Tooltip } from "./tooltip.js";

/** @typedef {import("./api.js").Model} Model */
/** @typedef {import("./api.js").Trace} Trace */

const DEBOUNCE = 100; // ms between the last keystroke and the request

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const json = (id) => JSON.parse(byId(id).textContent ?? "null");

/** @type {{model: string, text: string, maxText: number, pageCells: number, models: Model[]}} */
const boot = json("boot");
/** @type {Trace | null} */
let trace = json("first-trace");
/** @type {import("./state.js").State} */
const state = { model: boot.model, text: boot.text, start: 0, layer: 0, ...remembered() };

const text = /** @type {HTMLTextAreaElement} */ (byId("text"));
const layers = /** @type {HTMLSelectElement} */ (byId("layer"));
const message = byId("message");
const tooltip = new Tooltip(byId("tooltip"));
const panels = new Panels(byId("panels"), (cell) => {
  focus(cell);
  if (cell && trace) tooltip.show(cell, trace.tokens[cell.t]);
  else tooltip.hide();
});
const strip = new TokenStrip(byId("tokens"), byId("verdict"), {
  onHover: (t) => focus(t === null ? null : { t }),
  onClick: select,
});

/** The request under way; a newer one aborts it. */
let request = new AbortController();
let timer = 0;

/** @returns {Model} the model chosen */
const model = () => boot.models.find((each) => each.id === state.model) ?? boot.models[0];

/** @returns {number} steps that fit in one picture */
const pageSize = () => Math.max(1, Math.floor(boot.pageCells / (model().hidden_size * model().activations.length)));

/** @param {{t: number, unit?: number} | null} cell */
function focus(cell) {
  panels.mark(cell);
  strip.mark(cell?.t ?? null);
}

/**
 * Find a token in the text box.
 * @param {import("./api.js").Token} token
 */
function select(token) {
  const offset = utf16Offsets(text.value);
  text.focus();
  text.setSelectionRange(offset(token.start), offset(token.end));
}

/** Show what is in `trace`. */
async function show() {
  remember(state);
  focus(null);
  tooltip.hide();
  if (!trace) {
    strip.clear();
    panels.clear();
    showLegend(null);
    byId("pager").hidden = true;
    return;
  }
  const layer = trace.layers[Math.min(state.layer, trace.layers.length - 1)];
  strip.show(model(), trace);
  showLegend(layer);
  showPager(trace);
  showLayers(trace.layers);
  await panels.show(model(), trace, layer);
}

/** Fetch the trace of the state, and show it unless the state has moved on. */
async function update() {
  request.abort();
  request = new AbortController();
  const { signal } = request;
  const length = codePoints(state.text);
  message.textContent = "";
  // A text has at least as many tokens as words between blanks; one that has shrunk is shown from its beginning.
  if (state.start >= state.text.trim().split(/\s+/).length) state.start = 0;
  try {
    if (length > boot.maxText) {
      throw new Problem({ detail: `The text has ${length.toLocaleString("en")} characters; this server takes up to ${boot.maxText.toLocaleString("en")}. Nothing is lost: shorten it to go on.` });
    }
    trace = state.text.trim() ? await fetchTrace(state.model, { text: state.text, start: state.start, steps: pageSize() }, signal) : null;
  } catch (error) {
    if (signal.aborted) return;
    panels.clear();
    message.textContent = error instanceof Problem ? error.message : "The server does not answer. Your text is kept; type on to try again.";
    return;
  }
  if (!signal.aborted) await show();
}

/** The text box as high as its text. */
function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

/** @param {import("./api.js").Layer | null} layer */
function showLegend(layer) {
  const ramps = { ".sequential": sequential(), ".diverging": diverging() };
  for (const [name, scale] of Object.entries(ramps)) {
    for (const ramp of document.querySelectorAll(`.ramp${name}`)) {
      /** @type {HTMLElement} */ (ramp).style.backgroundImage = gradient(scale);
    }
  }
  const info = model().activations.find((each) => each.letter === "c");
  byId("cell-scale").hidden = !info || !layer;
  if (!info || !layer) return;
  const [minimum, maximum] = rangeOf(info, layer.activations.c);
  byId("cell-minimum").textContent = `−${Math.abs(minimum).toFixed(1)}`;
  byId("cell-maximum").textContent = maximum.toFixed(1);
}

/** @param {Trace} shown */
function showPager(shown) {
  byId("pager").hidden = shown.steps === shown.stop - shown.start;
  byId("page").textContent = `words ${shown.start + 1}–${shown.stop} of ${shown.steps}`;
  /** @type {HTMLButtonElement} */ (byId("earlier")).disabled = shown.start === 0;
  /** @type {HTMLButtonElement} */ (byId("later")).disabled = shown.stop === shown.steps;
}

/** @param {import("./api.js").Layer[]} all */
function showLayers(all) {
  byId("layer-choice").hidden = all.length === 1;
  if (layers.options.length !== all.length) {
    layers.replaceChildren(...all.map(({ layer, direction }, at) => new Option(`${layer} ${direction}`, String(at))));
  }
  layers.value = String(Math.min(state.layer, all.length - 1));
}

/** @param {number} pages */
function turn(pages) {
  state.start = Math.max(0, state.start + pages * pageSize());
  update();
}

/** @param {string} next */
function type(next) {
  state.text = next;
  clearTimeout(timer);
  timer = setTimeout(update, DEBOUNCE);
}

text.value = state.text;
text.addEventListener("input", () => {
  fit();
  type(text.value);
});
byId("presets").addEventListener("click", ({ target }) => {
  const preset = target instanceof HTMLElement ? target.dataset.text : undefined;
  if (preset === undefined) return;
  state.text = text.value = preset;
  state.start = 0;
  fit();
  update();
});
byId("models").addEventListener("change", ({ target }) => {
  state.model = /** @type {HTMLInputElement} */ (target).value;
  state.start = state.layer = 0;
  update();
});
byId("earlier").addEventListener("click", () => turn(-1));
byId("later").addEventListener("click", () => turn(1));
layers.addEventListener("change", () => {
  state.layer = Number(layers.value);
  show();
});
watchTheme(byId("theme"), show);
addEventListener("resize", fit);

fit();
// The server's trace serves, unless the part behind the # asks for another.
if (state.text === boot.text && state.start === 0) show();
else update();
