// The order of the units from top to bottom, and the entry that stands out.

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
 * The units of a layer from top to bottom, ordered by the state that carries the memory.
 * @param {Order} order
 * @param {DecodedLayer} layer
 * @param {number} t the step of an order by value
 * @returns {number[]}
 */
export function unitsBy(order, layer, t) {
  const units = Array.from({ length: layer.units }, (_, unit) => unit);
  if (order === "index") return units;
  if (order === "similarity") return chain(units.map((unit) => centred(layer, unit)));
  const key = units.map((unit) => (order === "value" ? layer.at(layer.carrier, t, unit) : variance(centred(layer, unit))));
  return units.sort((a, b) => key[b] - key[a]);
}

/**
 * The step and the unit at which that state changes the most.
 * @param {DecodedLayer} layer
 * @param {number | null} [unit] only this one
 */
export function standout(layer, unit = null) {
  const { carrier, steps, units } = layer;
  let place = { t: 0, unit: unit ?? 0 };
  let greatest = -1;
  for (let t = 0; t < steps; t += 1) {
    for (let at = unit ?? 0; at < (unit === null ? units : unit + 1); at += 1) {
      const change = Math.abs(layer.at(carrier, t, at) - layer.before(carrier, t, at));
      if (change > greatest) [greatest, place] = [change, { t, unit: at }];
    }
  }
  return place;
}

/**
 * That state of a unit along the text, minus its mean.
 * @param {DecodedLayer} layer
 * @param {number} unit
 */
function centred(layer, unit) {
  const row = Array.from({ length: layer.steps }, (_, t) => layer.at(layer.carrier, t, unit));
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return row.map((value) => value - mean);
}

/**
 * The order of rows in which each is followed by the most similar of those that are left, by the cosine.
 * @param {number[][]} rows
 */
function chain(rows) {
  const lengths = rows.map((row) => Math.sqrt(dot(row, row)) || 1);
  const left = new Set(rows.keys());
  const order = [];
  for (let at = lengths.indexOf(Math.max(...lengths)); ; ) {
    order.push(at);
    left.delete(at);
    if (left.size === 0) return order;
    let best = -Infinity;
    let next = at;
    for (const other of left) {
      const likeness = dot(rows[at], rows[other]) / lengths[other];
      if (likeness > best) [best, next] = [likeness, other];
    }
    at = next;
  }
}

/**
 * @param {number[]} a
 * @param {number[]} b
 */
function dot(a, b) {
  return a.reduce((sum, value, at) => sum + value * b[at], 0);
}

/** @param {number[]} row minus its mean */
function variance(row) {
  return dot(row, row) / row.length;
}
