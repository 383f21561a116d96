// The one module that touches Plotly.

import { drawLabels } from "./axis_labels.js";

/** @typedef {import("./heatmap_figure.js").Figure} Figure */
const CONFIG = { staticPlot: true, displaylogo: false, showSendToCloud: false };

const address = /** @type {HTMLLinkElement | null} */ (document.getElementById("plotly"))?.href;

/** @type {typeof Plotly | null} */
let plotly = null;
/** Resolves when Plotly has been loaded: by the page at once, in a notebook by `usePlotly`. */
let ready = address ? loaded(address) : Promise.reject(new Error("Plotly has not been given"));
ready.catch(() => {}); // whoever draws will see it

/**
 * Draw with a Plotly that is loaded elsewhere.
 * @param {Promise<typeof Plotly>} given
 */
export function usePlotly(given) {
  ready = given.then((module) => void (plotly = module));
  ready.catch(() => {});
}

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
  return /** @type {typeof Plotly} */ (plotly).react(element, data, { ...rest, xaxis: { ...xaxis, showticklabels: false }, yaxis: { ...yaxis, showticklabels: false } }, CONFIG);
}

/** The source of Plotly itself. */
export async function plotlySource() {
  const response = await fetch(address ?? "");
  if (!response.ok) throw new Error("the server does not give plotly.min.js");
  return response.text();
}

/**
 * Free what Plotly holds for an element that is about to go.
 * @param {HTMLElement} element
 */
export function removeFigure(element) {
  plotly?.purge(element);
}

/**
 * Run plotly.min.js, which the page preloads.
 * @param {string} source its address
 * @returns {Promise<void>}
 */
function loaded(source) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve(void (plotly = Plotly));
    script.onerror = () => reject(new Error("plotly.min.js did not load"));
    document.head.append(script);
  });
}
