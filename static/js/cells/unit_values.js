// One unit at one step in numbers: what the trace holds of it.

import { decimal } from "../kit/numbers.js";

const DECIMALS = 3;

/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */
/** @typedef {Record<string, number>} Step letters of the step; "c-" and "h-" of the step before; what follows from these by its name in the circuit */

/**
 * @param {import("../data/api_types.d.ts").Model} model
 * @param {DecodedLayer} layer
 * @param {number} t
 * @param {number} unit
 * @returns {Step}
 */
export function stepOf(model, layer, t, unit) {
  /** @type {Step} */
  const step = {};
  for (const { letter } of model.activations) step[letter] = layer.at(letter, t, unit);
  for (const letter of ["c", "h"]) if (letter in step) step[`${letter}-`] = layer.before(letter, t, unit);
  return model.cell === "rnn" ? { ...step, a: layer.at("a_h", t, unit) } : step;
}

/**
 * A number of a step.
 * @param {Step} step
 * @param {string} key
 */
export function written(step, key) {
  return decimal(step[key], DECIMALS);
}

/**
 * Which circuit and equations a model's cell has.
 * @param {import("../data/api_types.d.ts").Model} model
 */
export function variantOf({ cell, network }) {
  if (cell === "gru") return network.reset_after ? "gru" : "reset-before gru";
  return cell === "rnn" && network.nonlinearity === "relu" ? "relu rnn" : cell;
}

/**
 * Whether the hidden state is a relu's.
 * @param {import("../data/api_types.d.ts").Model} model
 */
export function isRelu(model) {
  return variantOf(model) === "relu rnn";
}
