// What a model reads, as it is written in its box: a text, or numbers as CSV, which only the server parses.

import { utf16Offsets } from "../kit/text.js";

/** @typedef {import("./api_types.d.ts").Model} Model */

/**
 * Whether a model reads numbers, and not text.
 * @param {Pick<Model, "input">} model
 */
export function readsNumbers({ input }) {
  return input === "numbers";
}

/**
 * The field of a call that holds what is written.
 * @param {Pick<Model, "input">} model
 * @param {string} text
 * @returns {{text?: string, csv?: string}}
 */
export function inputOf(model, text) {
  return { [readsNumbers(model) ? "csv" : "text"]: text.toWellFormed() };
}

/**
 * What a step is called: "word", "character" or "step".
 * @param {Pick<Model, "tokenizer">} model
 */
export function nounOf({ tokenizer }) {
  return tokenizer ?? "step";
}

/**
 * What is said where nothing is written.
 * @param {Pick<Model, "input">} model
 * @param {string} promise what happens once there is something
 */
export function invitation(model, promise) {
  return `${readsNumbers(model) ? "Paste numbers" : "Type a word"}, and ${promise}.`;
}

/**
 * What is written, in a word: a text as it stands; of CSV the title in its first line, or else that line.
 * @param {Pick<Model, "input">} model
 * @param {string} text
 */
export function called(model, text) {
  return readsNumbers(model) ? text.split("\n", 1)[0].replace(/^#\s*/, "").trim() : text;
}

/**
 * Where the row of a step stands in CSV that the server has read: the rows of the steps are the last ones that hold anything.
 * @param {string} csv
 * @param {number} steps in all
 * @param {number} step
 * @returns {[number, number] | null} its first character, and one past its last; null if there are fewer rows
 */
export function rowOf(csv, steps, step) {
  // A break between quotes does not end a row.
  const rows = [...csv.matchAll(/(?:"[^"]*"|[^"\r\n])+/g)].filter(([row]) => /[^\s,;"]/.test(row));
  const row = rows[rows.length - steps + step];
  return row ? [row.index, row.index + row[0].length] : null;
}

/**
 * The text of a trace as if it ended after so many steps; null where none of them or not all are in sight.
 * @param {Pick<import("./decoded_trace.js").DecodedTrace, "model" | "text" | "start" | "stop" | "steps" | "tokens">} trace
 * @param {number} steps
 */
export function textUpTo({ model, text, start, stop, steps: all, tokens }, steps) {
  if (start > 0 || steps < 1 || steps > stop) return null;
  if (!readsNumbers(model)) return text.slice(0, utf16Offsets(text)(tokens[steps - 1].end));
  const row = rowOf(text, all, steps - 1);
  return row && text.slice(0, row[1]);
}

/**
 * Whether two models read the same.
 * @param {Pick<Model, "input" | "columns">} one
 * @param {Pick<Model, "input" | "columns">} other
 */
export function readTheSame(one, other) {
  /** @param {Pick<Model, "columns">} model */
  const names = ({ columns }) => JSON.stringify(columns.map(({ name }) => name));
  return one.input === other.input && names(one) === names(other);
}
