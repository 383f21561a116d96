// The order of the units from top to bottom, and the cell that stands out.

/** @typedef {import("./decoded_trace.js").DecodedLayer} DecodedLayer */

/** What the page offers, and how each is called. */
export const ORDERS = {
  index: "index",
  value: "value at the step",
  variance: "variance",
  similarity: "similarity",
};

/** @typedef {keyof typeof ORDERS} Order */

/**
 * The units of a layer from top to bottom, by what it carries from step to step.
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
 * The step and the unit at which what is carried changes the most.
 * @param {DecodedLayer} layer
 * @param {number | null} [unit] this one alone
 */
export function standout(layer, unit = null) {
  const { carrier, steps, units } = layer;
  let found = { t: 0, unit: unit ?? 0 };
  let most = -1;
  for (let t = 0; t < steps; t += 1) {
    for (let at = unit ?? 0; at < (unit === null ? units : unit + 1); at += 1) {
      const change = Math.abs(layer.at(carrier, t, at) - layer.before(carrier, t, at));
      if (change > most) [most, found] = [change, { t, unit: at }];
    }
  }
  return found;
}

/**
 * What a unit carries along the text, less its mean.
 * @param {DecodedLayer} layer
 * @param {number} unit
 */
function centred(layer, unit) {
  const row = Array.from({ length: layer.steps }, (_, t) => layer.at(layer.carrier, t, unit));
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return row.map((value) => value - mean);
}

/**
 * Rows so that each is followed by the one that is most like it, by the cosine, of those that are left.
 * @param {number[][]} rows
 */
function chain(rows) {
  const lengths = rows.map((row) => Math.sqrt(dot(row, row)) || 1);
  const left = new Set(rows.keys());
  const found = [];
  for (let at = lengths.indexOf(Math.max(...lengths)); ; ) {
    found.push(at);
    left.delete(at);
    if (left.size === 0) return found;
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

/** @param {number[]} row less its mean */
function variance(row) {
  return dot(row, row) / row.length;
}
