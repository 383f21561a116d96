// What a panel is drawn from, for the page, the legends and the saved files alike.

import { areEven } from "./columns.js";
import { MARGIN } from "./heatmap_figure.js";
import { boxesOf, hatched } from "./hatching.js";
import { colorsOf } from "./scales.js";

/** @typedef {import("../data/api_types.d.ts").ActivationInfo} ActivationInfo */
/** @typedef {import("./heatmap_figure.js").Size} Size */
/** @typedef {import("./heatmap_figure.js").Heatmap} Heatmap */
/** @typedef {import("./scales.js").Range} Range */
/** @typedef {{values(letter: string): Float32Array, summary(letter: string, what: "mean" | "norm"): Float32Array, rows: number[]}} LayerValues `rows`: the unit of each row, from the top */
/** @typedef {{lane: string, info: ActivationInfo, difference: boolean, words: string[], size: Size, heatmap: Heatmap, hatching: import("./hatching.js").Line[]}} Sheet `difference`: whether it is that of two texts; `hatching`: over entries that edits change, in pixels from the corner of the plot */

/**
 * The sheet of one activation of a layer.
 * @param {ActivationInfo} info
 * @param {LayerValues} layer
 * @param {{lane: string, difference: boolean, words: string[], edges: import("./columns.js").Edges, edited: import("../data/edits.js").Run[], range: Range, size: Size, axis: import("./heatmap_figure.js").WordAxis, ink: string}} look
 * @returns {Sheet}
 */
export function sheetOf(info, layer, { lane, difference, words, edges, edited, range, size, axis, ink }) {
  const { rows: order } = layer;
  const heatmap = { values: layer.values(info.letter), order, words: axis, ...(!areEven(edges) && { edges }), scale: colorsOf(range), range, ink };
  return { lane, info, difference, words, size, heatmap, hatching: hatched(boxesOf(edited, plotOf(size, heatmap), edges, order.length)) };
}

/**
 * Where a heatmap lies in its figure.
 * @param {Size} size
 * @param {Heatmap} heatmap
 * @returns {import("./hatching.js").Box}
 */
export function plotOf({ width, height }, { words }) {
  return { left: MARGIN.left, top: MARGIN.top, width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - words.room };
}
