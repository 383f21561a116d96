import assert from "node:assert/strict";
import test from "node:test";

import { MARGIN, figureOf, layoutOf } from "../../../static/js/charts/heatmap_figure.js";
import { list } from "../samples.js";

const words = { at: [0, 1, 2], labels: ["a", "b", "c"], room: 25 };
const heatmap = { values: Float32Array.from([1, 2, 3, 4, 5, 6]), order: [1, 0], words, scale: [], range: [-7, 7], ink: "#123456" };
const size = { width: 400, height: 300 };

test("a heatmap has a row for each step, its units in order", () => {
  const [data] = figureOf(size, heatmap).data;
  assert.deepEqual(data.z.map(list), [[1, 2], [3, 4], [5, 6]]);
  assert.equal(data.transpose, true, "steps run along x");
  assert.deepEqual([data.zmin, data.zmax], [-7, 7]);
});

test("the first unit of the order is at the top", () => {
  const { yaxis } = figureOf(size, heatmap).layout;
  assert.deepEqual(yaxis.range, [1.5, -0.5]);
  assert.deepEqual(yaxis.ticktext.slice(0, 2), ["1", "0"]);
});

test("about four units are numbered, at round steps", () => {
  const order = Array.from({ length: 64 }, (_, at) => 63 - at);
  const { yaxis } = figureOf(size, { ...heatmap, values: new Float32Array(64), order }).layout;
  assert.deepEqual([yaxis.tickvals, yaxis.ticktext], [[0, 16, 32, 48], ["63", "47", "31", "15"]]);
});

test("rows may have labels of their own", () => {
  const rows = { at: [0, 1], labels: ["slow", "fast"], room: 60 };
  const { layout } = figureOf(size, { ...heatmap, rows });
  assert.deepEqual([layout.yaxis.ticktext, layout.margin.l], [["slow", "fast"], 60]);
});

test("the plot leaves room for the labels", () => {
  const layout = layoutOf(size, { ink: "#123456", words: { ...words, angle: -90 }, columns: 3 }, { range: [0, 1], tickvals: [], ticktext: [] }, 44);
  assert.deepEqual(layout.margin, { l: 44, r: MARGIN.right, t: MARGIN.top, b: 25 });
  assert.deepEqual([layout.xaxis.range, layout.xaxis.tickangle], [[-0.5, 2.5], -90]);
});
