// The one module that touches Plotly.

import { drawLabels } from "./axis_labels.js";

/** @typedef {import("./heatmap_figure.js").Figure} Figure */
const CONFIG = { staticPlot: true, displaylogo: false, showSendToCloud: false };

const address = /** @type {HTMLLinkElement} */ (document.getElementById("plotly")).href;

/** Resolves when plotly.min.js, which the page preloads, has run. */
const ready = new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = address;
  script.onload = () => resolve(undefined);
  script.onerror = () => reject(new Error("plotly.min.js did not load"));
  document.head.append(script);
});
ready.catch(() => {}); // whoever draws will see it

/**
 * Draw or redraw a figure in `element`, and the labels of its axes in `labels`, which lies over it: Plotly measures each
 * text that it writes, and would take about as long for them as for all the rest.
 * @param {HTMLElement} element
 * @param {Element} labels
 * @param {Figure} figure
 */
export async function drawFigure(element, labels, { data, layout }) {
  const { xaxis, yaxis, ...rest } = layout;
  drawLabels(labels, layout);
  await ready;
  return Plotly.react(element, data, { ...rest, xaxis: { ...xaxis, showticklabels: false }, yaxis: { ...yaxis, showticklabels: false } }, CONFIG);
}

/** The source of Plotly itself. */
export async function plotlySource() {
  const response = await fetch(address);
  if (!response.ok) throw new Error("the server does not give plotly.min.js");
  return response.text();
}

/**
 * Free what Plotly holds for an element that is about to go.
 * @param {HTMLElement} element
 */
export function removeFigure(element) {
  if ("Plotly" in window) Plotly.purge(element);
}
