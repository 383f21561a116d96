// The table of the views that every lane has next to its heatmaps, in their order. The first one stands on their right
// where there is room, the others below them.

import { Inspector } from "./inspector.js";

/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */
/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */

/**
 * What is pointed at, or else pinned, or else stands out.
 * @typedef {{t: number, unit: number, pinned: boolean, standsOut: boolean}} Place `standsOut`: nobody and nothing else chose the unit
 */

/**
 * A view of a trace.
 * @typedef {object} TraceView
 * @property {HTMLElement} element
 * @property {(trace: DecodedTrace, layer: DecodedLayer, place: Place) => void} show called for each trace and each place
 * @property {() => void} clear show nothing: there is no trace, or the lane's text has no word at the place
 */

/** @type {(new (handlers: import("./gate_sliders.js").EditHandlers) => TraceView)[]} */
export const TRACE_VIEWS = [
  Inspector,
];
