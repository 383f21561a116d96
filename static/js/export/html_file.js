// The first screen and the heatmaps as one HTML file that opens without a network and still answers to the pointer.

import { figureOf } from "../charts/heatmap_figure.js";
import { plotOf } from "../charts/sheet.js";
import { plotlySource } from "../charts/plotly.js";
import { endLabel } from "../charts/scales.js";
import { visible } from "../data/visible_text.js";
import { escaped } from "../kit/text.js";
import { theme } from "../kit/theme.js";
import { screenHtml } from "./screen_file.js";

/** @typedef {import("../charts/sheet.js").Sheet} Sheet */

/** The colour bar next to each panel. */
const SCALE = { thickness: 8, outlinewidth: 0, xpad: 4 };
const ROOM = 50; // pixels for it
const AXIS = 24; // pixels for the title of an axis
const DIGITS = 7; // of a float32

/**
 * A layout with room for the colour bar, and with titles of its axes.
 * @param {Plotly.Layout} layout
 * @param {string} token
 */
function widened({ width, height, margin, xaxis, yaxis, ...rest }, token) {
  return {
    ...rest,
    width: width + ROOM + AXIS,
    height: height + AXIS + 6,
    margin: { l: margin.l + AXIS, r: margin.r + ROOM, t: margin.t + 6, b: margin.b + AXIS },
    xaxis: { ...xaxis, automargin: true, title: { text: token, standoff: 6 } },
    yaxis: { ...yaxis, automargin: true, title: { text: "unit", standoff: 6 } },
  };
}

/**
 * The colour bar of a heatmap: its ends, and 0 between them.
 * @param {[number, number]} range
 */
function colorbarOf([low, high]) {
  const at = low < 0 ? [low, 0, high] : [low, high];
  return { ...SCALE, tickvals: at, ticktext: at.map(endLabel) };
}

/**
 * The hatching of a sheet as shapes in the units of the axes: wide lines in the colour of the paper below narrow ones.
 * @param {Sheet} sheet
 * @param {string} paper
 * @param {string} ink
 */
function shapesOf({ size, heatmap, words, hatching }, paper, ink) {
  if (hatching.length === 0) return [];
  const { left, top, width, height } = plotOf(size, heatmap);
  /** @param {number} x @param {number} y */
  const point = (x, y) => `${((x - left) / width) * words.length - 0.5},${((y - top) / height) * heatmap.order.length - 0.5}`;
  const path = hatching.map(([x, y, endX, endY]) => `M${point(x, y)}L${point(endX, endY)}`).join("");
  return [{ color: paper, width: 2.5 }, { color: ink, width: 1 }].map((line) => ({ type: "path", path, line }));
}

/** Runs in the file, after Plotly and the panels. */
const PROGRAM = `
for (const { name, words, units, data, layout } of panels) {
  const figure = document.body.appendChild(document.createElement("figure"));
  figure.append(Object.assign(document.createElement("figcaption"), { textContent: name }));
  const plot = figure.appendChild(document.createElement("div"));
  Plotly.newPlot(plot, data, layout, { displayModeBar: false, displaylogo: false, showSendToCloud: false });
  plot.on("plotly_hover", ({ points: [{ x, y, z }] }) => {
    const edges = data[0].x; // of columns that are not equal; x is then the middle of one
    const t = edges ? edges.findIndex((edge, at) => edge <= x && x < edges[at + 1]) : x;
    note.textContent = words[t] + ", unit " + units[y] + ", " + name + ": " + (typeof z === "number" ? z.toFixed(4) : "none");
  });
}
`;

/**
 * @param {string} title
 * @param {string} about
 * @param {Sheet[]} sheets
 * @param {string} token what a step is: word or character
 * @param {Element} screen the element that holds the first screen
 */
export async function asHtml(title, about, sheets, token, screen) {
  const { backgroundColor, color } = getComputedStyle(document.body);
  const panels = sheets.map((sheet) => {
    const { lane, info, words, size, heatmap } = sheet;
    const { data, layout } = figureOf(size, heatmap);
    const z = /** @type {Float32Array[]} */ (data[0].z).map((row) => Array.from(row, (value) => Number(value.toPrecision(DIGITS))));
    return {
      name: `${lane && `${lane}: `}${info.name} ${info.letter}`,
      words: words.map(visible),
      units: heatmap.order,
      data: [{ ...data[0], z, showscale: true, colorbar: colorbarOf(heatmap.range) }],
      layout: { ...widened(layout, token), shapes: shapesOf(sheet, backgroundColor, color) },
    };
  });
  const [plotly, first] = await Promise.all([plotlySource(), screenHtml(screen)]);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: ${theme()} }
${first.style}
body { margin: 1.5rem; background: ${backgroundColor}; color: ${color}; font: 15px system-ui, sans-serif }
figure { display: inline-block; margin: 0 1.5rem 1.5rem 0 }
output { position: sticky; top: 0; display: block; min-height: 1.6em; background: ${backgroundColor}; font-weight: 600; z-index: 1 }
</style>
<h1>${escaped(title)}</h1>
<p>${escaped(about)}</p>
${first.html}
<output id="note">Point at a cell for its number.</output>
<script>${plotly.replaceAll("</script", "<\\/script")}</script>
<script>const panels = ${JSON.stringify(panels).replaceAll("<", "\\u003c")};${PROGRAM}</script>
<script>${first.program}</script>
</html>
`;
}
