// What the model says after a step: a verdict, or the most probable of many outputs.

import { visible } from "../data/visible_text.js";
import { make } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";

/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */

const MOST_OUTPUTS = 3;

/**
 * Show the verdict after step `t`. It takes the same number of lines at every step, so that nothing below it jumps.
 * @param {HTMLElement} element
 * @param {DecodedTrace} trace
 * @param {number} t
 */
export function showVerdict(element, trace, t) {
  const { tokens, start, steps, model } = trace;
  const step = `${model.tokenizer} ${start + t + 1} of ${steps}`;
  if (trace.names.length === 1) {
    element.replaceChildren(make("p", { class: "verdict" }, verdict(trace, t)), make("p", { class: "after" }, `after ${step}`));
    return;
  }
  const after = make("p", { class: "after" }, "after ", make("bdi", {}, visible(tokens[t].text)), `, ${step}:`);
  element.replaceChildren(after, ranking(trace, t));
  if (model.predicts_next) element.append(make("p", { class: "came" }, ...nextToken(trace, t)));
}

/**
 * The verdict in a phrase.
 * @param {DecodedTrace} trace
 * @param {number} t
 */
function verdict(trace, t) {
  const [name] = trace.names;
  const [probability] = trace.outputsAt(t);
  const side = probability >= 0.5 ? name : trace.model.opposite || `not ${name}`;
  return `${side} · P(${name}) = ${decimal(probability, 2)}`;
}

/**
 * The most probable outputs.
 * @param {DecodedTrace} trace
 * @param {number} t
 */
function ranking(trace, t) {
  const probabilities = trace.outputsAt(t);
  const best = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, MOST_OUTPUTS);
  const rows = best.map((output) => {
    const bar = make("i", { "aria-hidden": "true" });
    bar.style.width = `${(100 * probabilities[output]).toFixed(1)}%`;
    return make("li", {}, make("bdi", {}, visible(trace.names[output])), make("b", {}, bar), decimal(probabilities[output], 2));
  });
  return make("ol", { class: "ranking" }, ...rows);
}

/**
 * The token that came next, and how probable it was.
 * @param {DecodedTrace} trace
 * @param {number} t
 */
function nextToken(trace, t) {
  const next = trace.tokens[t + 1];
  if (!next) return [trace.stop < trace.steps ? "the text goes on" : "here the text ends"];
  const probability = trace.expected(t + 1);
  return ["then came ", make("bdi", {}, visible(next.text)), probability === null ? ", which the model does not know" : `: ${decimal(probability, 2)}`];
}
