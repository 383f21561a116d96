// The columns of a picture: where each begins and the last one ends, as shares of the width, from 0 to 1.

/** @typedef {number[]} Edges one more than there are columns */

/**
 * Columns of equal width.
 * @param {number} count
 * @returns {Edges}
 */
export function evenly(count) {
  return Array.from({ length: count + 1 }, (_, at) => at / count);
}

/**
 * Columns as they are given where there are as many as asked for; otherwise equal ones.
 * @param {Edges | null} edges
 * @param {number} count
 */
export function columnsOf(edges, count) {
  return edges?.length === count + 1 ? edges : evenly(count);
}

/**
 * Whether columns are equally wide, to a thousandth of the picture.
 * @param {Edges} edges
 */
export function areEven(edges) {
  return edges.every((edge, at) => Math.abs(edge - at / (edges.length - 1)) < 1e-3);
}

/**
 * The column at a share of the width; -1 where there is none.
 * @param {Edges} edges
 * @param {number} share
 */
export function columnAt(edges, share) {
  return share >= 0 && share < 1 ? edges.findLastIndex((edge) => edge <= share) : -1;
}

/**
 * Where a column lies in so many pixels.
 * @param {Edges} edges
 * @param {number} t
 * @param {number} width of all columns
 */
export function placeOf(edges, t, width) {
  return { left: edges[t] * width, width: (edges[t + 1] - edges[t]) * width };
}
