// The equations of a step, with the numbers of one unit in them.

import { make } from "../kit/dom.js";
import { variantOf, formatted } from "./unit_values.js";

/** @typedef {[string]} Quantity a key of `UnitValues` */
/** @typedef {(string | Quantity)[]} Expression */
/** @typedef {{of: string, is: Expression, figures?: Expression}} Equation `figures`: where one unit's numbers do not make all of it */

/** @type {Equation} */
const UPDATE = { of: "h", is: ["(1 − ", ["z"], ")·", ["n"], " + ", ["z"], "·", ["h-"]] };

/** @type {Record<string, Equation[]>} */
const EQUATIONS = {
  lstm: [
    { of: "c", is: [["f"], "·", ["c-"], " + ", ["i"], "·", ["g"]] },
    { of: "h", is: [["o"], "·tanh(", ["c"], ")"] },
  ],
  gru: [
    {
      of: "n",
      is: ["tanh(W·", ["x"], " + b + ", ["r"], "·(U·", ["h-"], " + b′))"],
      figures: ["tanh(… + ", ["r"], "·(…))"],
    },
    UPDATE,
  ],
  "reset-before gru": [
    { of: "n", is: ["tanh(W·", ["x"], " + U·(", ["r"], "·", ["h-"], ") + b)"], figures: ["tanh(…)"] },
    UPDATE,
  ],
  rnn: [{ of: "h", is: ["tanh(", ["a"], ")"] }],
  "relu rnn": [{ of: "h", is: ["max(0, ", ["a"], ")"] }],
};

/** Numbers that are as long as any but those of states that run away. */
const LONGEST = { gate: "0.000", state: "(−0.000)", result: "−0.000" };

/** What stands under the equations, where they leave something out. @type {Record<string, string>} */
const NOTES = {
  gru: "Each … is a sum over all inputs or units and a bias. The reset gate multiplies what U makes of h.",
  "reset-before gru": "The … is a sum over all inputs and units and a bias. The reset gate multiplies h before U does.",
  rnn: "a = W·x + U·h + b, over all units.",
  "relu rnn": "a = W·x + U·h + b, over all units; where it is negative, h is 0.",
};

/**
 * @param {import("../data/api_types.d.ts").Model} model
 * @param {import("./unit_values.js").UnitValues} values
 * @returns {HTMLElement[]}
 */
export function equations(model, values) {
  const cell = variantOf(model);
  /** @type {Set<string>} */
  const gates = new Set(model.activations.filter(({ kind }) => kind === "gate").map(({ letter }) => letter));
  const paragraphs = EQUATIONS[cell].map(({ of, is, figures = is }) => {
    const letters = is.map((part) => (typeof part === "string" ? part : name(part[0])));
    const numbers = figures.map((part, at) =>
      typeof part === "string" ? part : number(formatted(values, part[0]), figures[at - 1], figures[at + 1]),
    );
    const result = make(figures === is ? "output" : "b", {}, formatted(values, of));
    // As many lines as the longest numbers take: what stands below does not jump from step to step.
    const longest = ` = ${figures.map((part) => (typeof part === "string" ? part : gates.has(part[0]) ? LONGEST.gate : LONGEST.state)).join("")} ≈ ${LONGEST.result}`;
    const line = make("span", { "data-longest": longest }, " = ", ...numbers, " ≈ ", result);
    return make("p", { class: "equation" }, name(of), " = ", ...letters, line);
  });
  return cell in NOTES ? [...paragraphs, make("p", { class: "note" }, NOTES[cell])] : paragraphs;
}

/**
 * A letter in its hue; a state carries the index of its step.
 * @param {string} key
 */
function name(key) {
  const letter = key.replace("-", "");
  const index = key.endsWith("-") ? "t−1" : "chx".includes(key) ? "t" : "";
  return make("var", { "data-letter": letter }, letter, index ? make("sub", {}, index) : "");
}

/**
 * A number; a negative one in brackets where something precedes or follows it.
 * @param {string} text
 * @param {string | Quantity | undefined} before
 * @param {string | Quantity | undefined} after
 */
function number(text, before, after) {
  const isEnclosed = typeof before === "string" && /[(,] ?$/.test(before) && after === ")";
  return text.startsWith("−") && !isEnclosed ? `(${text})` : text;
}
