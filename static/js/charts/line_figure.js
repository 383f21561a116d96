// Lines, bars and points over the words or over a distance, as Plotly takes them.

import { decimal, magnitude, power } from "../kit/numbers.js";
import { layoutOf } from "./heatmap_figure.js";

/** @typedef {import("../data/api.js").Row} Row */
/** @typedef {import("../data/api_types.d.ts").CellInfo["line"] | "bars" | "points"} Style */
/** @typedef {{y: Row, color: string, style: Style}} Series */
/** @typedef {{series: Series[], words: import("./heatmap_figure.js").WordAxis, range: [number, number], log: boolean, left: number, ink: string, line: string}} Lines `log`: y are base-10 logarithms */

const MARKED = 40; // points of a line at most that each have a mark
const TICKS = 5; // along y, at most
/** What to say of an axis of logarithms over time. */
export const LOGARITHMIC = "Logarithmic axis: on it, a straight line means exponential fading or growth.";

/** @type {Record<Style, (color: string, count: number) => Plotly.Data>} */
const STYLES = {
  solid: (color, count) => stroke(color, count, "solid"),
  dashed: (color, count) => stroke(color, count, "6px,3px"),
  dotted: (color, count) => stroke(color, count, "1.5px,3px"),
  "dash-dotted": (color, count) => stroke(color, count, "7px,3px,1.5px,3px"),
  "long-dashed": (color, count) => stroke(color, count, "12px,4px"),
  bars: (color) => ({ type: "bar", marker: { color, opacity: 0.6 } }),
  points: (color) => ({ type: "scatter", mode: "markers", marker: { color, size: 7, symbol: "line-ew-open", line: { width: 2 } } }),
};

/**
 * @param {import("./heatmap_figure.js").Size} size
 * @param {Lines} lines
 * @returns {import("./heatmap_figure.js").Figure}
 */
export function linesOf(size, { series, words, range, log, left, ink, line }) {
  const count = Math.max(1, ...series.map(({ y }) => y.length));
  const yaxis = { ...(log ? powers(range) : rounds(range)), range, showgrid: true, gridcolor: line, zeroline: !log, zerolinecolor: ink };
  return {
    data: series.map(({ y, color, style }) => ({ ...STYLES[style](color, count), y, hoverinfo: "none" })),
    layout: layoutOf(size, { ink, words, columns: count }, yaxis, left),
  };
}

/**
 * A range that rows fit in, with some room; around 0 where they are empty.
 * @param {Row[]} rows
 * @param {number} least span
 * @returns {[number, number]}
 */
export function rangeOver(rows, least) {
  const values = rows.flat().filter((value) => value !== null);
  const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 0];
  const more = Math.max(0.06 * (high - low), (least - (high - low)) / 2);
  return [low - more, high + more];
}

/**
 * @param {string} color
 * @param {number} count
 * @param {string} dash
 */
function stroke(color, count, dash) {
  const mode = count > MARKED ? "lines" : "lines+markers";
  return { type: "scatter", mode, line: { color, dash, width: 1.8 }, marker: { color, size: 4 } };
}

/**
 * Ticks at powers of ten; between them too where there are few.
 * @param {[number, number]} range
 */
function powers([low, high]) {
  const span = high - low;
  const step = Math.max(1, Math.ceil(span / TICKS));
  const between = span > 2 ? [1] : span > 0.8 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
  const first = Math.floor(low / step);
  const decades = Array.from({ length: Math.ceil(high / step) - first + 1 }, (_, at) => (first + at) * step);
  const at = decades.flatMap((decade) => between.map((mantissa) => decade + Math.log10(mantissa))).filter((each) => each >= low && each <= high);
  return { tickvals: at, ticktext: at.map((each) => (span > 2 && each !== 0 ? power(each) : magnitude(each))) };
}

/**
 * Ticks at round numbers.
 * @param {[number, number]} range
 */
function rounds([low, high]) {
  const rough = (high - low) / TICKS;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = decade * ([1, 2, 5].find((each) => each * decade >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const at = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, tick) => (first + tick) * step);
  return { tickvals: at, ticktext: at.map((value) => decimal(value, Math.max(0, -Math.floor(Math.log10(step))))) };
}
