// The row above a heatmap: for each word one bar, the mean of a gate or the norm of a state.

import { draw } from "./dom.js";
import { MARGIN } from "./plot.js";
import { figure } from "./text.js";

export const HEIGHT = 30; // pixels
const ROOM = 11; // of them for figures above the bars
const DIGIT = 5.8; // pixels of a character of such a figure

/**
 * The mean over the units of a gate, or the Euclidean norm of anything else, at each step.
 * @param {Float32Array} values row by row
 * @param {number} units
 * @param {boolean} gate
 * @returns {number[]}
 */
export function summary(values, units, gate) {
  return Array.from({ length: values.length / units }, (_, t) => {
    let sum = 0;
    for (let at = t * units; at < (t + 1) * units; at += 1) sum += gate ? values[at] : values[at] ** 2;
    return gate ? sum / units : Math.sqrt(sum);
  });
}

/**
 * Draw a bar for each step; `most` is the value of the highest possible one. Not a number leaves a gap.
 * @param {Element} place an SVG element
 * @param {number} width of the picture, in pixels
 * @param {number[]} bars
 * @param {number} most
 */
export function drawBars(place, width, bars, most) {
  const each = (width - MARGIN.left - MARGIN.right) / bars.length;
  const gap = Math.min(1, each / 8);
  const shown = bars.map((value, t) => ({ value, t })).filter(({ value }) => !Number.isNaN(value));
  const path = shown.map(({ value, t }) => {
    const height = ((HEIGHT - ROOM) * value) / most;
    return `M${(MARGIN.left + t * each + gap).toFixed(2)} ${HEIGHT}v${(-height).toFixed(2)}h${(each - 2 * gap).toFixed(2)}v${height.toFixed(2)}z`;
  });
  place.setAttribute("width", String(width));
  place.setAttribute("height", String(HEIGHT));
  place.replaceChildren(draw("path", { d: path.join("") }));
  const figures = shown.map(({ value }) => figure(value, 2));
  if (each < DIGIT * Math.max(...figures.map((text) => text.length))) return;
  place.append(
    ...shown.map(({ value, t }, at) => {
      const y = HEIGHT - ((HEIGHT - ROOM) * value) / most - 2;
      return draw("text", { x: MARGIN.left + (t + 0.5) * each, y }, figures[at]);
    }),
  );
}
