// One unit at one step in numbers: everything that the circuit's wires carry and that the equations hold.

import { figure } from "./text.js";

const DECIMALS = 3;

/** @typedef {import("./reading.js").LayerReading} LayerReading */
/** @typedef {Record<string, number>} Step letters of the step; "c-" and "h-" of the step before; products by their names */

/**
 * @param {import("./api.js").Model} model
 * @param {LayerReading} layer
 * @param {number} t
 * @param {number} unit
 * @returns {Step}
 */
export function stepOf(model, layer, t, unit) {
  /** @type {Step} */
  const step = {};
  for (const { letter } of model.activations) step[letter] = layer.at(letter, t, unit);
  for (const letter of ["c", "h"]) if (letter in step) step[`${letter}-`] = layer.before(letter, t, unit);
  if (model.cell === "lstm") {
    return { ...step, "f·c": step.f * step["c-"], "i·g": step.i * step.g, "tanh c": Math.tanh(step.c) };
  }
  if (model.cell === "gru") {
    return { ...step, "1−z": 1 - step.z, "z·h": step.z * step["h-"], "(1−z)·n": (1 - step.z) * step.n };
  }
  return { ...step, a: layer.at("a_h", t, unit) };
}

/**
 * A number of a step.
 * @param {Step} step
 * @param {string} key
 */
export function written(step, key) {
  return figure(step[key], DECIMALS);
}

/**
 * Whether the hidden state is a relu's: it has no upper bound.
 * @param {import("./api.js").Model} model
 */
export function isRelu(model) {
  return model.cell === "rnn" && model.activations[0].maximum === null;
}
