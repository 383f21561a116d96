// What the model says after a step: a verdict, or the most probable of many outputs. Where edits change it, what it says
// without them stands there as a ghost.

import { visible } from "../data/visible_text.js";
import { nounOf } from "../data/written.js";
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
  const step = `${nounOf(model)} ${start + t + 1} of ${steps}`;
  element.classList.toggle("edited", trace.original !== null);
  if (trace.isHeadless) {
    const why = model.leaves_head_out ? "the head was not imported" : "there is no head";
    element.replaceChildren(make("p", { class: "verdict" }, ...verdictOf(trace, t)), make("p", { class: "after" }, `after ${step}: ${why}, and so no verdict`));
    return;
  }
  if (trace.names.length === 1) {
    const [side, was] = [trace, trace.original ?? trace].map((each) => sideOf(each, t));
    const before = side === was ? "" : `; ${was} without edits`;
    element.replaceChildren(
      make("p", { class: "verdict" }, ...verdictOf(trace, t)),
      make("p", { class: "after" }, `after ${step}${before}`),
    );
    return;
  }
  const [best, was] = [trace, trace.original ?? trace].map((each) => each.likeliest(t, 1)[0]);
  const before = best.output === was.output ? [] : ["; without edits ", make("bdi", {}, visible(was.name))];
  const after = make("p", { class: "after" }, "after ", make("bdi", {}, visible(tokens[t].text)), `, ${step}`, ...before, ":");
  element.replaceChildren(after, ranking(trace, t));
  if (model.predicts_next) element.append(make("p", { class: "came" }, ...nextToken(trace, t)));
}

/**
 * The verdict in a phrase; of many outputs, the most probable; without a head, the norm of h.
 * @param {DecodedTrace} trace
 * @param {number} t
 * @returns {(Node | string)[]}
 */
export function verdictOf(trace, t) {
  if (trace.isHeadless) return ["norm of h = ", ...changed(trace.normAt(t), trace.original?.normAt(t) ?? null)];
  const isSingle = trace.names.length === 1;
  const [best] = trace.likeliest(t, 1);
  return [`${isSingle ? `${sideOf(trace, t)} · ` : ""}P(${visible(best.name)}) = `, ...changed(best.probability, best.unedited)];
}

/**
 * The more probable side of the only output.
 * @param {DecodedTrace} trace
 * @param {number} t
 */
function sideOf(trace, t) {
  const [name] = trace.names;
  return trace.outputsAt(t)[0] >= 0.5 ? name : trace.model.opposite || `not ${name}`;
}

/**
 * A probability; before it, as a ghost, the one without edits, where that is written otherwise.
 * @param {number} probability
 * @param {number | null | undefined} original none where nothing is edited
 */
export function changed(probability, original) {
  const [after, before] = [probability, original ?? probability].map((each) => decimal(each, 2));
  return before === after ? [after] : [make("span", { class: "ghost" }, before), " → ", after];
}

/**
 * The most probable outputs.
 * @param {DecodedTrace} trace
 * @param {number} t
 */
function ranking(trace, t) {
  const rows = trace.likeliest(t, MOST_OUTPUTS).map(({ name, probability, unedited }) => {
    const bars = [bar(probability)];
    if (unedited !== undefined) bars.push(bar(unedited, { class: "ghost" }));
    return make("li", {}, make("bdi", {}, visible(name)), make("b", {}, ...bars), make("span", { class: "share" }, ...changed(probability, unedited)));
  });
  return make("ol", { class: "ranking" }, ...rows);
}

/**
 * @param {number} probability
 * @param {Record<string, string>} [attributes]
 */
function bar(probability, attributes = {}) {
  const drawn = make("i", { ...attributes, "aria-hidden": "true" });
  drawn.style.width = `${(100 * probability).toFixed(1)}%`;
  return drawn;
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
  const expected = probability === null ? [", which the model does not know"] : [": ", ...changed(probability, trace.original?.expected(t + 1) ?? null)];
  return ["then came ", make("bdi", {}, visible(next.text)), ...expected];
}
