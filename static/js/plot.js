// The one file that touches Plotly: a heatmap of one activation over the words.

/** @typedef {{at: number[], labels: string[], angle: number, room: number}} WordAxis `room`: pixels below the plot */
/** @typedef {{values: Float32Array, order: number[], words: WordAxis, scale: [number, string][], range: [number, number], ink: string}} Heatmap `order`: the unit of each row, from the top */

/** Room around the heatmap, in pixels; what lies over it is placed by the same numbers. */
export const MARGIN = { left: 30, right: 4, top: 2 };

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
 * A heatmap as Plotly takes it, `width` by `height` pixels: steps along x, units along y.
 * @param {{width: number, height: number}} size
 * @param {Heatmap} heatmap
 * @returns {{data: Plotly.Data, layout: Plotly.Layout}}
 */
export function figureOf({ width, height }, heatmap) {
  const { words, order, ink, range, scale } = heatmap;
  const axis = { fixedrange: true, showgrid: false, zeroline: false, ticks: "", showline: false, tickmode: "array" };
  const rows = unitTicks(order.length);
  return {
    data: {
      type: "heatmap",
      z: byStep(heatmap),
      transpose: true,
      zmin: range[0],
      zmax: range[1],
      colorscale: scale,
      showscale: false,
      hoverinfo: "none",
    },
    layout: {
      width,
      height,
      margin: { l: MARGIN.left, r: MARGIN.right, t: MARGIN.top, b: words.room },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 11, color: ink },
      xaxis: { ...axis, tickvals: words.at, ticktext: words.labels, tickangle: words.angle },
      yaxis: { ...axis, ticklabeloverflow: "allow", autorange: "reversed", tickvals: rows, ticktext: rows.map((row) => String(order[row])) },
    },
  };
}

/**
 * Draw or redraw a heatmap in `element`.
 * @param {HTMLElement} element
 * @param {{width: number, height: number}} size
 * @param {Heatmap} heatmap
 */
export async function drawHeatmap(element, size, heatmap) {
  const { data, layout } = figureOf(size, heatmap);
  await ready;
  return Plotly.react(element, [data], layout, CONFIG);
}

/**
 * What stands in `element`, as SVG.
 * @param {HTMLElement} element
 */
export async function drawn(element) {
  const url = await Plotly.toImage(element, { format: "svg", width: element.clientWidth, height: element.clientHeight });
  return decodeURIComponent(url.slice(url.indexOf(",") + 1));
}

/** The program of Plotly itself. */
export async function plotlySource() {
  const response = await fetch(address);
  if (!response.ok) throw new Error("the server does not give plotly.min.js");
  return response.text();
}

/**
 * Free what Plotly holds for an element that is about to go.
 * @param {HTMLElement} element
 */
export function removeHeatmap(element) {
  if ("Plotly" in window) Plotly.purge(element);
}

/**
 * The values step by step, the units of each in their order.
 * @param {Heatmap} heatmap
 */
function byStep({ values, order }) {
  const steps = values.length / order.length;
  return Array.from({ length: steps }, (_, t) => {
    const row = values.subarray(t * order.length, (t + 1) * order.length);
    return Float32Array.from(order, (unit) => row[unit]);
  });
}

/**
 * Where numbers stand at the axis of units: at round steps, four or so.
 * @param {number} units
 */
function unitTicks(units) {
  const step = Math.max(1, 2 ** Math.round(Math.log2(units / 4)));
  return Array.from({ length: Math.ceil(units / step) }, (_, at) => at * step);
}
