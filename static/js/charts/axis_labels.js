// The labels along the axes of a figure.

import { draw } from "../kit/dom.js";

const GAP = 5; // pixels between a label and the plot
const MIDDLE = 3.8; // from the middle of a line of text down to its baseline
const LINE = 13; // from the plot down to the baseline of a level label

/**
 * @param {Element} element an SVG element over the figure
 * @param {Plotly.Layout} layout
 */
export function drawLabels(element, { width, height, margin, xaxis: x, yaxis: y }) {
  const bottom = height - margin.b;
  element.setAttribute("width", String(width));
  element.setAttribute("height", String(height));
  const columns = x.tickvals.map((value, at) => {
    const middle = margin.l + shareOf(value, x) * (width - margin.l - margin.r);
    /** @type {Record<string, string | number>} */
    const position = x.tickangle
      ? { transform: `translate(${(middle + MIDDLE).toFixed(2)} ${bottom + GAP}) rotate(${x.tickangle})`, "text-anchor": "end" }
      : { x: middle.toFixed(2), y: bottom + LINE, "text-anchor": "middle" };
    return draw("text", { class: "xtick", ...position }, x.ticktext[at]);
  });
  const rows = y.tickvals.map((value, at) => {
    const middle = bottom - shareOf(value, y) * (bottom - margin.t);
    return draw("text", { class: "ytick", x: margin.l - GAP, y: (middle + MIDDLE).toFixed(2), "text-anchor": "end" }, y.ticktext[at]);
  });
  element.replaceChildren(...columns, ...rows);
}

/**
 * @param {number} value
 * @param {Plotly.Axis} axis
 */
function shareOf(value, { range: [first, last] }) {
  return (value - first) / (last - first);
}
