// The equations of a step, with the numbers of one unit in them.

import { make } from "./dom.js";
import { isRelu, written } from "./step.js";

/** @typedef {[string]} Quantity a key of a step */
/** @typedef {{of: string, is: (string | Quantity)[]}} Equation */

/** @type {Record<string, Equation[]>} */
const EQUATIONS = {
  lstm: [
    { of: "c", is: [["f"], "·", ["c-"], " + ", ["i"], "·", ["g"]] },
    { of: "h", is: [["o"], "·tanh(", ["c"], ")"] },
  ],
  gru: [{ of: "h", is: ["(1 − ", ["z"], ")·", ["n"], " + ", ["z"], "·", ["h-"]] }],
  rnn: [{ of: "h", is: ["tanh(", ["a"], ")"] }],
  relu: [{ of: "h", is: ["max(0, ", ["a"], ")"] }],
};

/** What stands under the equations, where they leave something out. @type {Record<string, string>} */
const NOTES = {
  gru: "n = tanh(W·x + r·(U·h + b)): the reset gate acts inside the candidate.",
  rnn: "a = W·x + U·h + b, over all units.",
  relu: "a = W·x + U·h + b, over all units; where it is negative, h is 0.",
};

/**
 * @param {import("./api.js").Model} model
 * @param {import("./step.js").Step} step
 * @returns {HTMLElement[]}
 */
export function equations(model, step) {
  const cell = isRelu(model) ? "relu" : model.cell;
  const found = EQUATIONS[cell].map(({ of, is }) => {
    const letters = is.map((part) => (typeof part === "string" ? part : name(part[0])));
    const figures = is.map((part, at) => (typeof part === "string" ? part : number(written(step, part[0]), is[at - 1], is[at + 1])));
    const result = make("output", {}, written(step, of));
    return make("p", { class: "equation" }, name(of), " = ", ...letters, make("span", {}, " = ", ...figures, " ≈ ", result));
  });
  return cell in NOTES ? [...found, make("p", { class: "note" }, NOTES[cell])] : found;
}

/**
 * A letter in its hue; a state carries the index of its step.
 * @param {string} key
 */
function name(key) {
  const letter = key.replace("-", "");
  const index = key.endsWith("-") ? "t−1" : "ch".includes(key) ? "t" : "";
  return make("var", { "data-letter": letter }, letter, index ? make("sub", {}, index) : "");
}

/**
 * A number; a negative one in brackets where something stands before or behind it.
 * @param {string} text
 * @param {string | Quantity | undefined} before
 * @param {string | Quantity | undefined} behind
 */
function number(text, before, behind) {
  const alone = typeof before === "string" && /[(,] ?$/.test(before) && behind === ")";
  return text.startsWith("−") && !alone ? `(${text})` : text;
}
