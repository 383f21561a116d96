// Edits in plain words.

import { operationOf, ranges } from "./short_form.js";
import { visible } from "./visible_text.js";
import { nounOf, readsNumbers } from "./written.js";

/** @typedef {import("./edits.js").ListedEdit} ListedEdit */
/** @typedef {import("./decoded_trace.js").DecodedTrace} DecodedTrace */

const MOST_WORDS = 3; // that are named one by one

/**
 * What an edit changes and how, such as "input gate i at “not” held at 0".
 * @param {ListedEdit} listed
 * @param {import("./api_types.d.ts").Model} model
 * @param {DecodedTrace | null} trace of the text
 */
export function inWords({ edit, lost }, model, trace) {
  const { letter, layer, direction, units } = edit;
  const info = model.activations.find((each) => each.letter === letter);
  const parts = [
    info ? `${info.name} ${letter}` : letter,
    layer === undefined ? "" : `of layer ${layer}`,
    direction ?? "",
    units ? `in ${unitsInWords(units)}` : "",
    wordsOf(edit.steps, lost, model, trace),
  ];
  return parts.filter(Boolean).join(" ") + operation(edit);
}

/**
 * Units by their numbers, such as "units 3, 5–9".
 * @param {number[]} units
 */
export function unitsInWords(units) {
  return `${units.length === 1 ? "unit" : "units"} ${ranges(units).replaceAll(",", ", ").replaceAll("-", "–")}`;
}

/** @param {import("./edits.js").Edit} edit */
function operation(edit) {
  const [name, value] = operationOf(edit);
  if (name === "hold") return ` held at ${JSON.stringify(value).replaceAll("-", "−")}`;
  return value === true ? `: ${name}` : `: ${name} ${typeof value === "string" ? value : JSON.stringify(value)}`;
}

/**
 * @param {number[] | undefined} steps
 * @param {string[] | undefined} lost
 * @param {import("./api_types.d.ts").Model} model
 * @param {DecodedTrace | null} trace
 */
function wordsOf(steps, lost, model, trace) {
  const named = readsNumbers(model) ? visible : quoted;
  if (lost) return `at ${lost.map(named).join(", ")}, which has gone,`;
  if (!steps) return `at every ${nounOf(model)}`;
  const places = steps.map((step) => {
    const token = trace?.tokens[step - trace.start];
    return token ? named(token.text) : `${nounOf(model)} ${step + 1}`;
  });
  return `at ${places.length > MOST_WORDS ? `${places[0]} and ${places.length - 1} more` : places.join(", ")}`;
}

/** @param {string} word */
function quoted(word) {
  return `“${visible(word)}”`;
}
