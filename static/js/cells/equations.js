// The equations of a step, with the numbers of one unit in them.

import { cellOf } from "../data/boot.js";
import { make } from "../kit/dom.js";
import { formatted } from "./unit_values.js";

/** Numbers that are as long as any but those of states that run away. */
const LONGEST = { gate: "0.000", state: "(−0.000)", result: "−0.000" };

/**
 * @param {import("../data/api_types.d.ts").Model} model
 * @param {import("./unit_values.js").UnitValues} values
 * @returns {HTMLElement[]}
 */
export function equations(model, values) {
  const { equations: all, note } = cellOf(model);
  /** @type {Map<string, string>} */
  const kinds = new Map(model.activations.map(({ letter, kind }) => [letter, kind]));
  const paragraphs = all.map(({ of, formula, figures }) => {
    const parts = partsOf(figures || formula);
    const letters = partsOf(formula).map(({ text, key }) => (key ? name(key, kinds) : text));
    const numbers = parts.map(({ text, key }, at) => (key ? number(formatted(values, key), parts[at - 1]?.text, parts[at + 1]?.text) : text));
    const result = make(figures ? "b" : "output", {}, formatted(values, of));
    // As many lines as the longest numbers take: what stands below does not jump from step to step.
    const longest = parts.map(({ text, key }) => (key ? (kinds.get(key) === "gate" ? LONGEST.gate : LONGEST.state) : text));
    const line = make("span", { "data-longest": ` = ${longest.join("")} ≈ ${LONGEST.result}` }, " = ", ...numbers, " ≈ ", result);
    return make("p", { class: "equation" }, name(of, kinds), " = ", ...letters, line);
  });
  return note ? [...paragraphs, make("p", { class: "note" }, note)] : paragraphs;
}

/**
 * The parts of a formula: texts, and between them the keys of `UnitValues` in braces.
 * @param {string} formula
 * @returns {{text: string, key?: string}[]}
 */
function partsOf(formula) {
  const parts = formula.split(/\{(.+?)\}/).map((part, at) => (at % 2 === 0 ? { text: part } : { text: "", key: part }));
  return parts.filter(({ text, key }) => text || key);
}

/**
 * A letter in its hue; a state and the input carry the index of their step.
 * @param {string} key
 * @param {Map<string, string>} kinds
 */
function name(key, kinds) {
  const letter = key.replace("-", "");
  const index = key.endsWith("-") ? "t−1" : key === "x" || kinds.get(key) === "state" ? "t" : "";
  return make("var", { "data-letter": letter }, letter, index ? make("sub", {}, index) : "");
}

/**
 * A number; a negative one in brackets where something precedes or follows it.
 * @param {string} text
 * @param {string} [before]
 * @param {string} [after]
 */
function number(text, before = "", after = "") {
  const isEnclosed = /[(,] ?$/.test(before) && after === ")";
  return text.startsWith("−") && !isEnclosed ? `(${text})` : text;
}
