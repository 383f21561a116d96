// What the page shows: one small object, kept in the address bar.

import { boot } from "./data/boot.js";
import { DERIVATIVES } from "./data/derivatives.js";
import { layersOf } from "./data/layers.js";
import { slidesFromText, slidesToText } from "./data/presentation.js";
import { fromShortForm, shortForm } from "./data/short_form.js";
import { ORDERS } from "./data/unit_order.js";
import { readsNumbers } from "./data/written.js";
import { codePoints } from "./kit/text.js";

/**
 * How it is shown: more fields of the address, of which the server paints some.
 * @typedef {object} View
 * @property {number} start first step shown
 * @property {number | null} layer index into the layers of a trace; null: that which the head reads, in its first direction
 * @property {import("./data/unit_order.js").Order} order of the units
 * @property {number | null} rows place in that order of the first unit in sight; null: the first of all, or those around the pinned one
 * @property {number | null} step that is chosen
 * @property {number | null} unit that is pinned
 * @property {number | null} chapter of the story that is open, from 1
 * @property {import("./data/unit_search.js").Phrase | null} find the units that are on throughout it; its steps are those of the text
 * @property {import("./data/derivatives.js").Derivative | ""} memory which derivatives its triangles show; empty while it is closed
 * @property {number} alpha factor on the recurrent weights, there
 * @property {import("./data/memory_requests.js").Weights} weights there
 * @property {import("./data/edits.js").ListedEdit[]} edits of the text; their steps are those of the text in the address
 * @property {number | null} present 1 while the page is presented
 * @property {import("./data/presentation.js").Slide[]} slides steps of the presentation
 * @property {string} sha the short ids of the weights whose units are named, one for each model; empty where they are not known
 */

/** @typedef {import("./data/model_library.js").Selection & View} State */

/**
 * @template T
 * @typedef {object} Field of the address
 * @property {T} initial what it is where the address does not say
 * @property {(value: string) => T | undefined} read undefined where the value makes no sense
 * @property {(value: T) => string} [write] where it is not simply the value as a string
 */

// What stands in an address as it is, so that i@3=0 can be read there: ! : ; = @
const READABLE = /%(?:21|3A|3B|3D|40)/g;
// Ids as app/web/boot.py shortens them.
const WEIGHTS = /^[0-9a-f]{8}(?:-[0-9a-f]{8})*$/;

/** @param {string} value */
const natural = (value) => (/^\d{1,6}$/.test(value) ? Number(value) : undefined);

/**
 * @template {string} K
 * @param {Record<K, unknown>} table
 * @returns {(value: string) => K | undefined}
 */
const keyOf = (table) => (value) => (Object.hasOwn(table, value) ? /** @type {K} */ (value) : undefined);

/** @param {string} value */
function factor(value) {
  const [least, greatest] = boot.alpha;
  return /^\d(\.\d{1,3})?$/.test(value) && Number(value) >= least && Number(value) <= greatest ? Number(value) : undefined;
}

/** @param {string} value */
function chapterOf(value) {
  const number = natural(value);
  return number && number <= boot.chapters.length ? number : undefined;
}

/** @param {string} value such as 3-4,c,0.5 */
function phrase(value) {
  const parts = /^(\d{1,6})-(\d{1,6}),([a-z]),(\d+(?:\.\d+)?)$/.exec(value);
  if (!parts || Number(parts[1]) > Number(parts[2])) return undefined;
  return { from: Number(parts[1]), to: Number(parts[2]), by: parts[3], above: Number(parts[4]) };
}

/** The fields, in the order in which they are written. @type {{[Name in keyof View]: Field<View[Name]>}} */
const FIELDS = {
  start: { initial: 0, read: natural },
  layer: { initial: null, read: natural },
  order: { initial: "index", read: keyOf(ORDERS) },
  rows: { initial: null, read: natural },
  step: { initial: null, read: natural },
  unit: { initial: null, read: natural },
  chapter: { initial: null, read: chapterOf },
  memory: { initial: "", read: keyOf(DERIVATIVES) },
  alpha: { initial: 1, read: factor },
  weights: { initial: "trained", read: keyOf(boot.weights) },
  find: { initial: null, read: phrase, write: (value) => (value ? `${value.from}-${value.to},${value.by},${value.above}` : "") },
  edits: { initial: [], read: fromShortForm, write: shortForm },
  present: { initial: null, read: (value) => (value === "1" || value === "" ? 1 : undefined) },
  slides: { initial: [], read: slidesFromText, write: slidesToText },
  sha: { initial: "", read: (value) => (WEIGHTS.test(value) ? value : undefined) },
};

/** The same table, for code that goes through all of it. */
const ALL = /** @type {Record<string, Field<any>>} */ (FIELDS);

/** Those after the ?, which change the first picture: the server paints it by them. The others stand after the #. */
const PAINTED = ["start", "layer", "step", "unit", "edits", "chapter", "present"];

/** What is about the steps of one text. */
const OF_A_TEXT = ["start", "step", "edits", "find"];

/** What is about the units of one layer. */
const OF_A_LAYER = ["unit", "find", "memory"];

/**
 * Whether a state names units of a layer that it does not name: an address of it must.
 * @param {State} state
 */
export function needsLayer({ layer, unit, find, memory }) {
  return layer === null && (unit !== null || find !== null || memory !== "");
}

/**
 * What an address says of CSV that is too long for it, as `example_of` in `app/web/look.py` does: which example of the model
 * it is, from 1, or "none", if it is not in the address at all. Empty for what an address holds.
 * @param {Pick<State, "model" | "text">} state
 */
export function exampleOf({ model: id, text }) {
  const model = boot.models.find((each) => each.id === id);
  if (!model || !readsNumbers(model) || codePoints(text) <= boot.max_csv) return "";
  return String(model.examples.indexOf(text) + 1 || "none");
}

/**
 * The address of a state, from the ? on.
 * @param {State} state
 */
export function addressOf(state) {
  const example = exampleOf(state);
  const query = new URLSearchParams({ model: state.model, ...(example ? { example } : { text: state.text }) });
  const fragment = new URLSearchParams();
  if (state.compare) query.set("compare", state.compare);
  if (state.compare === "text") query.set("other", state.other);
  for (const [name, { initial, write = String }] of Object.entries(ALL)) {
    const value = /** @type {Record<string, unknown>} */ (state)[name];
    if (value === null || write(value) === write(initial)) continue;
    (PAINTED.includes(name) ? query : fragment).set(name, write(value));
  }
  for (const name of ["text", "edits"]) {
    const value = query.get(name);
    if (value === null || query.toString().length <= boot.longest_query) continue;
    fragment.set(name, value);
    query.delete(name);
  }
  const hash = fragment.toString().replace(READABLE, decodeURIComponent);
  return `?${query.toString().replace(READABLE, decodeURIComponent)}${hash ? `#${hash}` : ""}`;
}

/**
 * Write the state into the address bar. Data that an address does not hold stay with its entry in the browser's history.
 * @param {State} state
 * @param {boolean} [isNewEntry] whether the browser's way back leads to the address before
 */
export function remember(state, isNewEntry = false) {
  const address = addressOf(state);
  const kept = exampleOf(state) === "none" ? { text: state.text } : null;
  if (address === location.search + location.hash && kept?.text === history.state?.text) return;
  if (isNewEntry) history.pushState(kept, "", address);
  else history.replaceState(kept, "", address);
}

/**
 * What an address says, and the fields after its # that make no sense; the server checks those after its ?, where links of
 * before have fewer. An address of a chapter that names neither model nor text says what the picture of that chapter says.
 * @param {{search: string, hash: string}} address
 * @param {string} [kept] the data of an address that does not hold them, where they are known
 * @returns {{stated: Partial<State>, invalid: string[]}}
 */
export function readAddress({ search, hash }, kept) {
  /** @type {Record<string, unknown>} */
  const stated = {};
  /** @type {string[]} */
  const invalid = [];
  const query = new URLSearchParams(search);
  for (const name of ["model", "text", "compare", "other"]) {
    const value = query.get(name);
    if (value !== null) stated[name] = value;
  }
  if (!["", ...boot.comparisons].includes(String(stated.compare ?? ""))) delete stated.compare;
  for (const name of PAINTED) {
    const read = ALL[name].read(query.get(name) ?? "");
    if (query.has(name) && read !== undefined) stated[name] = read;
  }
  for (const [name, value] of new URLSearchParams(hash.slice(1))) {
    if (name === "tour" && Object.hasOwn(boot.tour, value)) {
      stated.chapter = boot.tour[value];
      continue;
    }
    const field = Object.hasOwn(ALL, name) ? ALL[name] : undefined;
    const read = name === "text" ? value : field?.read(value);
    if (read === undefined) invalid.push(`${name}=${value}`);
    else stated[name] = read;
  }
  const example = query.get("example");
  if (example !== null && stated.text === undefined) {
    const { examples } = boot.models.find(({ id }) => id === (stated.model ?? boot.model)) ?? { examples: [] };
    const text = example === "none" ? kept : examples[Number(example) - 1];
    if (text !== undefined) stated.text = text;
    else for (const name of OF_A_TEXT) delete stated[name]; // the server says why
  }
  // Before there was a first screen, an address that named no layer meant the first one: where it names units, it still does.
  if (stated.layer === undefined && OF_A_LAYER.some((name) => stated[name] !== undefined)) stated.layer = 0;
  const isBare = stated.chapter && !("model" in stated || "text" in stated);
  const picture = isBare ? readAddress(new URL(boot.chapters[Number(stated.chapter) - 1], "http://page/")).stated : {};
  return { stated: { ...picture, ...stated }, invalid };
}

/**
 * The fields of a state that name a step, unit or layer that does not exist.
 * @param {import("./data/api_types.d.ts").Model} model
 * @param {number} steps of the text
 * @param {State} state
 */
export function missingFrom(model, steps, { layer, step, unit, find }) {
  const isMissing = {
    layer: layer !== null && layer >= layersOf(model).length,
    step: step !== null && step >= steps,
    unit: unit !== null && unit >= model.hidden_size,
    find: find !== null && find.to >= steps,
  };
  return /** @type {(keyof typeof isMissing)[]} */ (Object.keys(isMissing)).filter((name) => isMissing[name]);
}

/**
 * What the first picture of a state shows.
 * @param {State} state
 * @returns {import("./data/api.js").Look}
 */
export function lookOf({ model, text, compare, other, edits, layer, step, unit, start }) {
  return { model, text, compare, other, edits: shortForm(edits), layer, step, unit, start };
}

/** A state of which the address says nothing but model and text. @returns {Omit<State, "model" | "text">} */
export function initialState() {
  const view = Object.fromEntries(Object.entries(FIELDS).map(([name, { initial }]) => [name, initial]));
  return { compare: "", other: "", .../** @type {View} */ (/** @type {unknown} */ (view)) };
}
