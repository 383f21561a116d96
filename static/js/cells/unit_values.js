// The numbers of one unit at one step, from the trace.

import { decimal } from "../kit/numbers.js";

const DECIMALS = 3;

/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */
/** @typedef {Record<string, number>} UnitValues by letter; "c-" and "h-" of the step before; what follows from these by its name in the circuit */

/**
 * @param {import("../data/api_types.d.ts").Model} model
 * @param {DecodedLayer} layer
 * @param {number} t
 * @param {number} unit
 * @returns {UnitValues}
 */
export function unitValues(model, layer, t, unit) {
  /** @type {UnitValues} */
  const values = {};
  for (const { letter } of model.activations) values[letter] = layer.at(letter, t, unit);
  for (const letter of ["c", "h"]) if (letter in values) values[`${letter}-`] = layer.before(letter, t, unit);
  return model.cell === "rnn" ? { ...values, a: layer.at("a_h", t, unit) } : values;
}

/**
 * One of the numbers as it is written.
 * @param {UnitValues} values
 * @param {string} key
 */
export function formatted(values, key) {
  return decimal(values[key], DECIMALS);
}

/**
 * Which circuit and equations a model's cell has.
 * @param {import("../data/api_types.d.ts").Model} model
 */
export function variantOf({ cell, network }) {
  if (cell === "gru") return network.reset_after ? "gru" : "reset-before gru";
  return cell === "rnn" && network.nonlinearity === "relu" ? "relu rnn" : cell;
}
