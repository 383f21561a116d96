// The hatching over entries that edits change: slanted lines, which meet where entries do.

import { placeOf } from "./columns.js";

const SPACING = 7; // pixels between two lines, along an axis

/** @typedef {{left: number, top: number, width: number, height: number}} Box in pixels */
/** @typedef {[number, number, number, number]} Line from x, y to x, y */

/**
 * The boxes of runs of entries.
 * @param {import("../data/edits.js").Run[]} runs
 * @param {Box} plot
 * @param {import("./columns.js").Edges} edges
 * @param {number} rows
 * @returns {Box[]}
 */
export function boxesOf(runs, plot, edges, rows) {
  const height = plot.height / rows;
  return runs.map((run) => {
    const { left, width } = placeOf(edges, run.t, plot.width);
    return { left: plot.left + left, top: plot.top + run.row * height, width, height: run.rows * height };
  });
}

/**
 * Lines that rise to the right, in boxes: on each of them x + y is the same multiple of their spacing. A box that they would
 * miss has one from corner to corner.
 * @param {Box[]} boxes
 * @returns {Line[]}
 */
export function hatched(boxes) {
  return boxes.flatMap(({ left, top, width, height }) => {
    const [right, bottom] = [left + width, top + height];
    /** @type {Line[]} */
    const lines = [];
    for (let sum = SPACING * Math.ceil((left + top) / SPACING); sum < right + bottom; sum += SPACING) {
      const [x, end] = [Math.max(left, sum - bottom), Math.min(right, sum - top)];
      if (end > x) lines.push([x, sum - x, end, sum - end]);
    }
    return lines.length ? lines : [[left, bottom, right, top]];
  });
}

/**
 * Lines as the path of an SVG.
 * @param {Line[]} lines
 */
export function pathOf(lines) {
  return lines.map((line) => `M${line[0].toFixed(1)} ${line[1].toFixed(1)}L${line[2].toFixed(1)} ${line[3].toFixed(1)}`).join("");
}
