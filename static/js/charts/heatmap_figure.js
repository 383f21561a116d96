// Figures as Plotly takes them: the layout they share, and the heatmap of one activation over the words.

/** @typedef {{at: number[], labels: string[], angle?: number, room: number}} WordAxis `room`: pixels below the plot */
/** @typedef {{at: number[], labels: string[], room: number}} RowAxis `room`: pixels before the plot */
/** @typedef {{values: Float32Array, order: number[], words: WordAxis, edges?: import("./columns.js").Edges, rows?: RowAxis, scale: [number, string][], range: [number, number], ink: string}} Heatmap `values`: step by step, the units of each in their order; `order`: the unit of each row, from the top; `edges`: of the columns, if they are not equal; `rows`: the labels of the rows, if not the units' numbers */
/** @typedef {{width: number, height: number}} Size in pixels */
/** @typedef {{data: Plotly.Data[], layout: Plotly.Layout}} Figure */

/** Room around the heatmap, in pixels: the marks and bars over it are placed by the same numbers. */
export const MARGIN = { left: 30, right: 4, top: 2 };

const AXIS = { fixedrange: true, showgrid: false, zeroline: false, ticks: "", showline: false, tickmode: "array" };

/**
 * The layout that all figures share: no frame, no background, no grid along x.
 * @param {Size} size
 * @param {{ink: string, words: WordAxis, columns: number}} look
 * @param {Plotly.Axis} yaxis
 * @param {number} left pixels before the plot
 * @returns {Plotly.Layout}
 */
export function layoutOf({ width, height }, { ink, words, columns }, yaxis, left) {
  return {
    width,
    height,
    margin: { l: left, r: MARGIN.right, t: MARGIN.top, b: words.room },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 11, color: ink },
    showlegend: false,
    xaxis: { ...AXIS, range: [-0.5, columns - 0.5], tickvals: words.at, ticktext: words.labels, tickangle: words.angle ?? 0 },
    yaxis: { ...AXIS, ...yaxis },
  };
}

/**
 * A heatmap as Plotly takes it: steps along x, units along y.
 * @param {Size} size
 * @param {Heatmap} heatmap
 * @returns {Figure}
 */
export function figureOf(size, heatmap) {
  const { order, range, scale, edges } = heatmap;
  const { at, labels, room } = heatmap.rows ?? unitAxis(order);
  /** @type {Plotly.Axis} */
  const yaxis = { ticklabeloverflow: "allow", range: [order.length - 0.5, -0.5], tickvals: at, ticktext: labels };
  return {
    data: [
      {
        type: "heatmap",
        z: byStep(heatmap),
        // Unequal columns take Plotly half as long again: it is not told of equal ones.
        ...(edges && { x: edges.map((edge) => edge * (edges.length - 1) - 0.5) }),
        transpose: true,
        zmin: range[0],
        zmax: range[1],
        colorscale: scale,
        showscale: false,
        hoverinfo: "none",
      },
    ],
    layout: layoutOf(size, { ...heatmap, columns: heatmap.values.length / order.length }, yaxis, room),
  };
}

/**
 * The values, an array for each step.
 * @param {Heatmap} heatmap
 */
function byStep({ values, order }) {
  const units = order.length;
  return Array.from({ length: values.length / units }, (_, t) => values.slice(t * units, (t + 1) * units));
}

/**
 * Numbers at the axis of units: at round steps, four or so.
 * @param {number[]} order
 * @returns {RowAxis}
 */
function unitAxis(order) {
  const step = Math.max(1, 2 ** Math.round(Math.log2(order.length / 4)));
  const at = Array.from({ length: Math.ceil(order.length / step) }, (_, tick) => tick * step);
  return { at, labels: at.map((row) => String(order[row])), room: MARGIN.left };
}
