// Starts the page: text and model in, trace out, every view told.

import { Problem, fetchTrace } from "./api.js";
import { diverging, gradient, sequential } from "./colors.js";
import { Panels, rangeOf } from "./panels.js";
import { remember, remembered } from "./state.js";
import { codePoints, isBlank, utf16Offsets } from "./text.js";
import { watchTheme } from "./theme.js";
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
/** What is asked for. @type {import("./state.js").State} */
const state = { model: boot.model, text: boot.text, start: 0, layer: 0, ...remembered() };
/** What is in sight: the latest answer, and the text that it is of. @type {{trace: Trace | null, text: string}} */
let shown = { trace: json("first-trace"), text: boot.text };

const picture = byId("picture");
const text = /** @type {HTMLTextAreaElement} */ (byId("text"));
const layers = /** @type {HTMLSelectElement} */ (byId("layer"));
const message = byId("message");
const again = byId("again");
const tooltip = new Tooltip(byId("tooltip"));
const panels = new Panels(byId("panels"), (cell) => {
  focus(cell);
  if (cell && shown.trace) tooltip.show(cell, shown.trace.tokens[cell.t]);
});
const strip = new TokenStrip(byId("tokens"), byId("verdict"), {
  onHover: (t) => focus(t === null ? null : { t }),
  onClick: select,
});

/** The request under way; a newer one aborts it. */
let request = new AbortController();
let timer = 0;
let frame = 0;

/** @param {string} id */
const modelNamed = (id) => boot.models.find((each) => each.id === id) ?? boot.models[0];

/** @returns {number} steps that fit in one picture of the model that is asked for */
function pageSize() {
  const { hidden_size: units, activations } = modelNamed(state.model);
  return Math.max(1, Math.floor(boot.pageCells / (units * activations.length)));
}

/** @returns {import("./api.js").Layer | undefined} */
const layerInSight = () => shown.trace?.layers[Math.min(state.layer, shown.trace.layers.length - 1)];

/**
 * Light a word, and a unit where one is given; nothing, where the picture is not of the text.
 * @param {{t: number, unit?: number} | null} cell
 */
function focus(cell) {
  const lit = picture.hasAttribute("data-stale") ? null : cell;
  panels.mark(lit);
  strip.mark(lit?.t ?? null);
  if (lit === null) tooltip.hide();
}

/**
 * Find a token in the text box, if the text is still the one that it stands in.
 * @param {import("./api.js").Token} token
 */
function select(token) {
  if (text.value !== shown.text) return;
  const offset = utf16Offsets(text.value);
  text.focus();
  text.setSelectionRange(offset(token.start), offset(token.end));
}

/** Show the answer: every view. */
async function show() {
  focus(null);
  showWords();
  if (!shown.trace) return;
  showPager(shown.trace);
  showLayers(shown.trace.layers);
  await draw();
}

/** The strip and the legend. */
function showWords() {
  const layer = layerInSight();
  if (shown.trace) strip.show(modelNamed(shown.trace.model), shown.trace);
  else strip.clear();
  showLegend(layer);
  byId("pager").hidden = !shown.trace;
}

/** The heatmaps. */
async function draw() {
  const layer = layerInSight();
  if (!shown.trace || !layer) return;
  try {
    await panels.show(modelNamed(shown.trace.model), shown.trace, layer);
  } catch (error) {
    message.textContent = `The pictures cannot be drawn: ${error instanceof Error ? error.message : error}. Load the page again.`;
  }
}

/** Ask for the trace of the state, and show it unless the state has moved on. */
async function update() {
  clearTimeout(timer);
  request.abort();
  request = new AbortController();
  const { signal } = request;
  const asked = { ...state };
  try {
    const trace = await answer(asked, signal);
    if (signal.aborted) return;
    shown = { trace, text: asked.text };
    message.textContent = "";
    again.hidden = true;
    picture.toggleAttribute("data-stale", trace === null);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Problem && error.fields.includes("start") && state.start > 0) {
      state.start = 0;
      return update();
    }
    message.textContent = error instanceof Problem ? error.message : "The server does not answer. Your text is kept.";
    again.hidden = error instanceof Problem && !error.passing;
    picture.toggleAttribute("data-stale", true);
    focus(null);
    remember(state);
    return;
  }
  remember(state);
  await show();
}

/**
 * The trace that is asked for; null for a blank text. Throws as `fetchTrace`, and a Problem for too long a text.
 * @param {import("./state.js").State} asked
 * @param {AbortSignal} signal
 * @returns {Promise<Trace | null>}
 */
async function answer(asked, signal) {
  if (isBlank(asked.text, modelNamed(asked.model).tokenizer)) return null;
  const length = codePoints(asked.text);
  if (length > boot.maxText) {
    const [has, limit] = [length, boot.maxText].map((count) => count.toLocaleString("en"));
    throw new Problem(`The text has ${has} characters; this server takes up to ${limit}. Nothing is lost: shorten it to go on.`);
  }
  return fetchTrace(asked.model, { text: asked.text, start: asked.start, steps: pageSize() }, signal);
}

/** The text box as high as its text. */
function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
}

/** @param {import("./api.js").Layer | undefined} layer */
function showLegend(layer) {
  const { activations } = modelNamed(shown.trace?.model ?? state.model);
  const cell = activations.find((each) => each.letter === "c");
  byId("gate-scale").hidden = !activations.some((each) => each.kind === "gate");
  byId("cell-scale").hidden = !cell || !layer;
  byId("signed").textContent = activations.length > 1 ? "candidate, hidden state" : "hidden state";
  for (const [name, scale] of Object.entries({ sequential: sequential(), diverging: diverging() })) {
    for (const ramp of document.querySelectorAll(`.ramp.${name}`)) {
      /** @type {HTMLElement} */ (ramp).style.backgroundImage = gradient(scale);
    }
  }
  if (!cell || !layer) return;
  const [, maximum] = rangeOf(cell, layer.activations.c);
  byId("cell-minimum").textContent = `−${maximum.toFixed(1)}`;
  byId("cell-maximum").textContent = maximum.toFixed(1);
}

/** @param {Trace} trace */
function showPager(trace) {
  byId("pager").hidden = trace.steps === trace.stop - trace.start;
  byId("page").textContent = `words ${trace.start + 1}–${trace.stop} of ${trace.steps}`;
  /** @type {HTMLButtonElement} */ (byId("earlier")).disabled = trace.start === 0;
  /** @type {HTMLButtonElement} */ (byId("later")).disabled = trace.stop === trace.steps;
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
  if (!shown.trace) return;
  const { start, stop, steps } = shown.trace;
  state.start = pages > 0 ? Math.min(stop, steps - 1) : Math.max(0, start - pageSize());
  update();
}

text.value = state.text;
text.addEventListener("input", () => {
  fit();
  state.text = text.value;
  state.start = 0;
  clearTimeout(timer);
  timer = setTimeout(update, DEBOUNCE);
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
  remember(state);
  show();
});
document.addEventListener("pointerdown", ({ target }) => {
  if (target instanceof Element && !target.closest(".plot, .token")) focus(null);
});
document.addEventListener("scroll", () => tooltip.hide(), { passive: true });
again.addEventListener("click", update);
addEventListener("online", () => again.hidden || update());
watchTheme(byId("theme"), () => {
  showWords();
  draw();
});
addEventListener("resize", () => {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => {
    fit();
    if (panels.outgrown()) draw();
  });
});
// A link to this page with another text behind the # would otherwise do nothing.
addEventListener("hashchange", () => location.reload());

fit();
picture.toggleAttribute("data-stale", shown.trace === null);
// The server's trace serves, unless the part behind the # or the text box's own line ends ask for another.
state.text = text.value;
if (state.text === boot.text && state.start === 0) show();
else update();
