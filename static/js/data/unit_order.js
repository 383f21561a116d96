// The orders of the units from top to bottom, in which the server sends them, and the entry that stands out.

/** @typedef {import("./decoded_trace.js").DecodedLayer} DecodedLayer */

/** The orders that the page offers, and their names. */
export const ORDERS = {
  index: "index",
  value: "value at the step",
  variance: "variance",
  similarity: "similarity",
};

/** @typedef {keyof typeof ORDERS} Order */

/**
 * The step and the unit in sight at which the state that carries the memory changes the most.
 * @param {DecodedLayer} layer
 * @param {number[]} [units] only these, of those in sight
 */
export function standout(layer, units = layer.rows.toSorted((a, b) => a - b)) {
  const { carrier, steps } = layer;
  let place = { t: 0, unit: units[0] };
  let greatest = -1;
  for (let t = 0; t < steps; t += 1) {
    for (const unit of units) {
      const change = Math.abs(layer.at(carrier, t, unit) - layer.before(carrier, t, unit));
      if (change > greatest) [greatest, place] = [change, { t, unit }];
    }
  }
  return place;
}
