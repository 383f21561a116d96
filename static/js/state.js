// What the page shows: one small object, kept in the address bar.

import { SHOWN, WEIGHTS } from "./data/memory_requests.js";
import { ORDERS } from "./data/unit_order.js";

/**
 * @typedef {object} State
 * @property {string} model
 * @property {string} text
 * @property {"" | "cells" | "text"} compare with what: the other cells of the task, or another text
 * @property {string} other that text
 * @property {number} start first step shown
 * @property {number} layer index into the layers of a trace
 * @property {import("./data/unit_order.js").Order} order of the units
 * @property {number | null} step that is pinned
 * @property {number | null} unit that is pinned
 * @property {number | null} tour the chapter that is open, from 1
 * @property {import("./views/unit_finder.js").Phrase | null} find the units that are on throughout it; its steps are those of the text
 * @property {import("./data/memory_requests.js").Shown | ""} memory which derivatives its triangles show; empty while it is closed
 * @property {number} alpha factor on the recurrent weights, there
 * @property {import("./data/memory_requests.js").Weights} weights there
 */

// Servers bound the length of an address; a longer text goes behind the #, which stays in the browser.
const LONGEST_QUERY = 4000;

/** @param {string} value */
const natural = (value) => (/^\d{1,6}$/.test(value) ? Number(value) : undefined);
/** @param {Record<string, unknown>} table @returns {(value: string) => string | undefined} */
const nameIn = (table) => (value) => (Object.hasOwn(table, value) ? value : undefined);
/** @param {string} value */
const factor = (value) => (/^\d(\.\d{1,3})?$/.test(value) && Number(value) >= 0.1 && Number(value) <= 3 ? Number(value) : undefined);
/** @param {string} value */
const text = (value) => value;

/** @param {string} value such as 3-4,c,0.5 */
function phrase(value) {
  const parts = /^(\d{1,6})-(\d{1,6}),([a-z]),(\d+(?:\.\d+)?)$/.exec(value);
  if (!parts || Number(parts[1]) > Number(parts[2])) return undefined;
  return { from: Number(parts[1]), to: Number(parts[2]), by: parts[3], above: Number(parts[4]) };
}

/** What may stand behind the #: how it is read, and what it is where it is not there. */
const BEHIND = {
  text: { read: text, absent: undefined },
  start: { read: natural, absent: 0 },
  layer: { read: natural, absent: 0 },
  order: { read: nameIn(ORDERS), absent: "index" },
  step: { read: natural, absent: null },
  unit: { read: natural, absent: null },
  tour: { read: natural, absent: null },
  find: { read: phrase, absent: null },
  memory: { read: nameIn(SHOWN), absent: "" },
  alpha: { read: factor, absent: 1 },
  weights: { read: nameIn(WEIGHTS), absent: "trained" },
};

/**
 * The address of a state, from the ? on.
 * @param {State} state
 */
export function addressOf(state) {
  const query = new URLSearchParams({ model: state.model, text: state.text });
  const fragment = new URLSearchParams();
  if (state.compare) query.set("compare", state.compare);
  if (state.compare === "text") query.set("other", state.other);
  if (query.toString().length > LONGEST_QUERY) {
    fragment.set("text", state.text);
    query.delete("text");
  }
  for (const [name, { absent }] of Object.entries(BEHIND)) {
    const value = /** @type {Record<string, unknown>} */ (state)[name];
    if (name !== "text" && name !== "find" && value !== absent) fragment.set(name, String(value));
  }
  if (state.find) fragment.set("find", `${state.find.from}-${state.find.to},${state.find.by},${state.find.above}`);
  const behind = fragment.toString();
  return `?${query}${behind ? `#${behind}` : ""}`;
}

/**
 * Write the state into the address bar; `anew` leaves the one before to the browser's way back.
 * @param {State} state
 * @param {boolean} [anew]
 */
export function remember(state, anew = false) {
  const address = addressOf(state);
  if (address === location.search + location.hash) return;
  if (anew) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/**
 * What an address says, and what in its part behind the # makes no sense; of the rest the server says so.
 * @param {URL | Location} address
 * @returns {{found: Partial<State>, strange: string[]}}
 */
export function readAddress({ search, hash }) {
  /** @type {Record<string, unknown>} */
  const found = {};
  const strange = [];
  const query = new URLSearchParams(search);
  for (const name of ["model", "text", "compare", "other"]) {
    const value = query.get(name);
    if (value !== null) found[name] = value;
  }
  if (!["", "cells", "text"].includes(String(found.compare ?? ""))) delete found.compare;
  for (const [name, value] of new URLSearchParams(hash.slice(1))) {
    const read = Object.hasOwn(BEHIND, name) ? BEHIND[/** @type {keyof typeof BEHIND} */ (name)].read(value) : undefined;
    if (read === undefined) strange.push(`${name}=${value}`);
    else found[name] = read;
  }
  return { found, strange };
}

/**
 * Of steps, units, layers and chapters that a state names, those that there are none of.
 * @param {import("./data/decoded_trace.js").Reading} reading
 * @param {State} state
 * @param {number | null} chapter that is open
 */
export function absentFrom(reading, { layer, step, unit, find, tour }, chapter) {
  const { units } = reading.layers[layer] ?? reading.layers[0];
  const absent = {
    layer: layer >= reading.layers.length,
    step: step !== null && step >= reading.steps,
    unit: unit !== null && unit >= units,
    find: find !== null && find.to >= reading.steps,
    tour: tour !== chapter,
  };
  return /** @type {(keyof typeof absent)[]} */ (Object.keys(absent)).filter((name) => absent[name]);
}

/** What a state is where nothing else is said. @returns {Omit<State, "model" | "text">} */
export function unpinned() {
  return { compare: "", other: "", start: 0, layer: 0, order: "index", step: null, unit: null, tour: null, find: null, memory: "", alpha: 1, weights: "trained" };
}
