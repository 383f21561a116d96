// What the head says after a step: a verdict, or the most probable of many outputs.

import { make } from "../kit/dom.js";
import { figure, visible } from "../kit/text.js";

/** @typedef {import("../data/decoded_trace.js").Reading} Reading */

const SHOWN = 3; // outputs, at most

/**
 * The output of the greatest probability.
 * @param {Float32Array} said
 */
export function leading(said) {
  return said.indexOf(Math.max(...said));
}

/**
 * Show what is said after step `t`. It takes as many lines whatever the step is: nothing below may jump.
 * @param {HTMLElement} place
 * @param {Reading} reading
 * @param {number} t
 */
export function showSaid(place, reading, t) {
  const { tokens, start, steps, model } = reading;
  const step = `${model.tokenizer} ${start + t + 1} of ${steps}`;
  if (reading.names.length === 1) {
    place.replaceChildren(make("p", { class: "verdict" }, verdict(reading, t)), make("p", { class: "after" }, `after ${step}`));
    return;
  }
  const after = make("p", { class: "after" }, "after ", make("bdi", {}, visible(tokens[t].text)), `, ${step}:`);
  place.replaceChildren(after, ranking(reading, t));
  if (model.predicts_next) place.append(make("p", { class: "came" }, ...came(reading, t)));
}

/**
 * The verdict in a phrase.
 * @param {Reading} reading
 * @param {number} t
 */
function verdict(reading, t) {
  const [name] = reading.names;
  const [probability] = reading.said(t);
  const side = probability >= 0.5 ? name : reading.model.opposite || `not ${name}`;
  return `${side} · P(${name}) = ${figure(probability, 2)}`;
}

/**
 * The most probable outputs.
 * @param {Reading} reading
 * @param {number} t
 */
function ranking(reading, t) {
  const said = reading.said(t);
  const best = [...said.keys()].sort((a, b) => said[b] - said[a]).slice(0, SHOWN);
  const rows = best.map((output) => {
    const bar = make("i", { "aria-hidden": "true" });
    bar.style.width = `${(100 * said[output]).toFixed(1)}%`;
    return make("li", {}, make("bdi", {}, visible(reading.names[output])), make("b", {}, bar), figure(said[output], 2));
  });
  return make("ol", { class: "ranking" }, ...rows);
}

/**
 * What really came next, and how probable it was.
 * @param {Reading} reading
 * @param {number} t
 */
function came(reading, t) {
  const next = reading.tokens[t + 1];
  if (!next) return [reading.stop < reading.steps ? "the text goes on" : "here the text ends"];
  const probability = reading.expected(t + 1);
  return ["then came ", make("bdi", {}, visible(next.text)), probability === null ? ", which it does not know" : `: ${figure(probability, 2)}`];
}
