// The row of bars above a heatmap: for each word the mean of a gate, or the norm of anything else.

import { draw } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";
import { placeOf } from "./columns.js";
import { MARGIN } from "./heatmap_figure.js";
import { greatest, roundedUp, endLabel } from "./scales.js";

export const HEIGHT = 30; // pixels
const ROOM = 11; // of them for figures above the bars
const LINE = 9; // of the label before them
const GAP = 5; // pixels between the bars and the label before them
const DIGIT = 5.8; // pixels of a character of such a figure

/**
 * Where bars of norms end, by the range of the colours below them: heatmaps that share a scale of colour, in whichever
 * lane, share one of bars.
 * @param {{infos: import("../data/api_types.d.ts").ActivationInfo[], layer: import("./sheet.js").LayerValues | null, ranges: Record<string, import("./scales.js").Range>}[]} lanes
 * @returns {Record<string, number>}
 */
export function normEnds(lanes) {
  /** @type {Record<string, number>} */
  const ends = {};
  for (const { infos, layer, ranges } of lanes) {
    if (!layer) continue;
    for (const { letter } of infos) {
      const range = String(ranges[letter]);
      ends[range] = Math.max(ends[range] ?? 0, greatest(layer.summary(letter, "norm")));
    }
  }
  return Object.fromEntries(Object.entries(ends).map(([range, value]) => [range, roundedUp(value)]));
}

/**
 * Draw a bar for each step, and before them the end of their scale and what they are. NaN leaves a gap.
 * @param {Element} element an SVG element
 * @param {number} width of the picture, in pixels
 * @param {import("./columns.js").Edges} edges
 * @param {ArrayLike<number>} bars
 * @param {{name: string, end: number}} scale `end`: the value of the highest possible bar
 */
export function drawBars(element, width, edges, bars, { name, end }) {
  const places = Array.from(bars, (_, t) => placeOf(edges, t, width - MARGIN.left - MARGIN.right));
  const each = Math.min(...places.map((place) => place.width));
  const gap = Math.min(1, each / 8);
  const shown = Array.from(bars, (value, t) => ({ value, t })).filter(({ value }) => Number.isFinite(value));
  const path = shown.map(({ value, t }) => {
    const height = ((HEIGHT - ROOM) * value) / end;
    return `M${(MARGIN.left + places[t].left + gap).toFixed(2)} ${HEIGHT}v${(-height).toFixed(2)}h${(places[t].width - 2 * gap).toFixed(2)}v${height.toFixed(2)}z`;
  });
  element.setAttribute("width", String(width));
  element.setAttribute("height", String(HEIGHT));
  const axis = [endLabel(end), name].map((text, at) => draw("text", { class: "axis", x: MARGIN.left - GAP, y: ROOM + 3 + LINE * at }, text));
  element.replaceChildren(draw("path", { d: path.join("") }), ...axis);
  const figures = shown.map(({ value }) => decimal(value, 2));
  if (each < DIGIT * Math.max(...figures.map((text) => text.length))) return;
  element.append(
    ...shown.map(({ value, t }, at) => {
      const y = HEIGHT - ((HEIGHT - ROOM) * value) / end - 2;
      return draw("text", { x: MARGIN.left + places[t].left + places[t].width / 2, y }, figures[at]);
    }),
  );
}
