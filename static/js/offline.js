// One HTML file with everything in it: it opens from a disk without network, and still answers to the pointer.

import { figureOf, plotlySource } from "./plot.js";
import { escaped, visible } from "./text.js";

/** @typedef {{name: string, words: string[], size: {width: number, height: number}, heatmap: import("./plot.js").Heatmap}} Sheet a panel */

/** The bar of colours beside each panel. */
const SCALE = { thickness: 8, outlinewidth: 0, xpad: 4, tickformat: ".2~f" };
const ROOM = 46; // pixels for it

/** @param {Plotly.Layout} layout */
function widened({ width, margin, ...rest }) {
  return { ...rest, width: width + ROOM, margin: { ...margin, t: margin.t + 6, r: margin.r + ROOM } };
}

/** Runs in the file, after Plotly and the panels. */
const PROGRAM = `
for (const { name, words, units, data, layout } of panels) {
  const figure = document.body.appendChild(document.createElement("figure"));
  figure.append(Object.assign(document.createElement("figcaption"), { textContent: name }));
  const plot = figure.appendChild(document.createElement("div"));
  Plotly.newPlot(plot, data, layout, { displayModeBar: false, displaylogo: false, showSendToCloud: false });
  plot.on("plotly_hover", ({ points: [{ x, y, z }] }) => {
    note.textContent = words[x] + ", unit " + units[y] + ", " + name + ": " + z.toFixed(4);
  });
}
`;

/**
 * @param {string} title
 * @param {string} about
 * @param {Sheet[]} sheets
 */
export async function asHtml(title, about, sheets) {
  const panels = sheets.map(({ name, words, size, heatmap }) => {
    const { data, layout } = figureOf(size, heatmap);
    const rounded = /** @type {Float32Array[]} */ (data[0].z).map((row) => Array.from(row, (value) => Math.round(value * 1e4) / 1e4));
    return { name, words: words.map(visible), units: heatmap.order, data: [{ ...data[0], z: rounded, showscale: true, colorbar: { ...SCALE, tickvals: [...new Set([heatmap.range[0], 0, heatmap.range[1]])] } }], layout: widened(layout) };
  });
  const { backgroundColor, color } = getComputedStyle(document.body);
  const plotly = await plotlySource();
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>
body { margin: 1.5rem; background: ${backgroundColor}; color: ${color}; font: 15px system-ui, sans-serif }
figure { display: inline-block; margin: 0 1.5rem 1.5rem 0 }
output { position: sticky; top: 0; display: block; min-height: 1.6em; background: ${backgroundColor}; font-weight: 600; z-index: 1 }
</style>
<h1>${escaped(title)}</h1>
<p>${escaped(about)}</p>
<output id="note">Point at a cell for its number.</output>
<script>${plotly.replaceAll("</script", "<\\/script")}</script>
<script>const panels = ${JSON.stringify(panels).replaceAll("<", "\\u003c")};${PROGRAM}</script>
</html>
`;
}
