// The numbers of one unit at one step, from the trace.

import { cellOf } from "../data/boot.js";
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
  for (const { letter, kind } of model.activations) {
    values[letter] = layer.at(letter, t, unit);
    if (kind === "state") values[`${letter}-`] = layer.before(letter, t, unit);
  }
  return cellOf(model).gateless ? { ...values, a: layer.at("a_h", t, unit) } : values;
}

/**
 * One of the numbers as it is written.
 * @param {UnitValues} values
 * @param {string} key
 */
export function formatted(values, key) {
  return decimal(values[key], DECIMALS);
}
