// The one file that touches Plotly: a heatmap of one activation over the words.

/** @typedef {import("./api.js").TypedArrayJson} TypedArrayJson */
/** @typedef {{at: number[], labels: string[], angle: number, room: number}} WordAxis `room`: pixels below the plot */
/** @typedef {{values: TypedArrayJson, words: WordAxis, scale: [number, string][], units: number, range: [number, number], ink: string}} Heatmap */
/** @typedef {{t: number, unit: number, value: number, clientX: number, clientY: number}} Cell */

/** Room around the heatmap, in pixels; marks over it are placed by the same numbers. */
export const MARGIN = { left: 30, right: 4, top: 8 };

const CONFIG = { displayModeBar: false, displaylogo: false, showSendToCloud: false, doubleClick: false };

/** Resolves when plotly.min.js, which the page preloads, has run. */
const ready = new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = /** @type {HTMLLinkElement} */ (document.getElementById("plotly")).href;
  script.onload = () => resolve(undefined);
  script.onerror = () => reject(new Error("plotly.min.js did not load"));
  document.head.append(script);
});
ready.catch(() => {}); // whoever draws will see it

/**
 * Draw or redraw a heatmap in `element`: (T, H) values, steps along x, unit 0 on top.
 * @param {HTMLElement} element
 * @param {Heatmap} heatmap
 */
export async function drawHeatmap(element, { values, words, units, scale, range, ink }) {
  await ready;
  const font = { family: "system-ui, sans-serif", size: 11, color: ink };
  const axis = { fixedrange: true, showgrid: false, zeroline: false, ticks: "", showline: false };
  return Plotly.react(
    element,
    [{ type: "heatmap", z: values, transpose: true, zmin: range[0], zmax: range[1], colorscale: scale, showscale: false, hoverinfo: "none" }],
    {
      width: element.clientWidth,
      height: element.clientHeight,
      margin: { l: MARGIN.left, r: MARGIN.right, t: MARGIN.top, b: words.room },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font,
      dragmode: false,
      hovermode: "closest",
      xaxis: { ...axis, tickmode: "array", tickvals: words.at, ticktext: words.labels, tickangle: words.angle },
      yaxis: { ...axis, autorange: "reversed", tickmode: "array", tickvals: unitTicks(units) },
    },
    CONFIG,
  );
}

/**
 * Free what Plotly holds for an element that is about to go.
 * @param {HTMLElement} element
 */
export function removeHeatmap(element) {
  if ("Plotly" in window) Plotly.purge(element);
}

/**
 * Hear which cell of a drawn heatmap the pointer is on, or was tapped; null when the pointer leaves.
 * @param {HTMLElement} element
 * @param {(cell: Cell | null) => void} onCell
 */
export function watchCells(element, onCell) {
  const plot = /** @type {Plotly.Plot} */ (element);
  /** @param {Plotly.PointEvent} event */
  const tell = ({ points: [point], event }) =>
    onCell({ t: point.x, unit: point.y, value: point.z, clientX: event.clientX, clientY: event.clientY });
  plot.on("plotly_hover", tell);
  plot.on("plotly_click", tell); // all that a tap gives
  plot.on("plotly_unhover", () => onCell(null));
}

/**
 * Where numbers stand at the axis of units: at round steps, four or so.
 * @param {number} units
 */
function unitTicks(units) {
  const step = Math.max(1, 2 ** Math.round(Math.log2(units / 4)));
  return Array.from({ length: Math.ceil(units / step) }, (_, at) => at * step);
}
