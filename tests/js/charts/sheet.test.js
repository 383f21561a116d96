import assert from "node:assert/strict";
import test from "node:test";

import { sequential, signed } from "../../../static/js/charts/colors.js";
import { figureOf } from "../../../static/js/charts/heatmap_figure.js";
import { rangesOf } from "../../../static/js/charts/scales.js";
import { plotOf, sheetOf } from "../../../static/js/charts/sheet.js";
import { layer, list, model } from "../samples.js";

const { activations } = model("lstm");
const rows = [[0.25, 0.5], [0.75, 1]];
const decoded = layer(Object.fromEntries(activations.map(({ letter }) => [letter, rows])), { units: [1, 0] });
const look = { lane: "LSTM", difference: false, words: ["a", "b"], edges: [0, 0.5, 1], edited: [], size: { width: 300, height: 200 }, axis: { at: [0, 1], labels: ["a", "b"], room: 20 }, ink: "#000000" };
const ranges = rangesOf(activations, { c: 1.5 });
const sheets = Object.fromEntries(activations.map((info) => [info.letter, sheetOf(info, decoded, { ...look, range: ranges[info.letter] })]));

test("a gate is drawn in the sequential scale, anything else in the signed one", () => {
  for (const { letter, kind } of activations) {
    const [{ colorscale, zmin, zmax }] = figureOf(look.size, sheets[letter].heatmap).data;
    assert.deepEqual(colorscale, kind === "gate" ? sequential() : signed(), letter);
    assert.deepEqual([zmin, zmax], ranges[letter], letter);
  }
});

test("a sheet holds the values of its letter and the order of the units", () => {
  assert.deepEqual(list(sheets.c.heatmap.values), rows.flat());
  assert.deepEqual(sheets.c.heatmap.order, [1, 0]);
  assert.equal(sheets.c.info.letter, "c");
});

test("Plotly is told of columns only where they are not equal", () => {
  const [{ x }] = figureOf(look.size, sheets.c.heatmap).data;
  assert.equal(x, undefined);
  const uneven = sheetOf(activations[0], decoded, { ...look, edges: [0, 0.25, 1], range: [0, 1] });
  assert.deepEqual(figureOf(look.size, uneven.heatmap).data[0].x, [-0.5, 0, 1.5]); // edges, on an axis from −0.5 to 1.5
});

test("entries that edits change are hatched where the heatmap has them", () => {
  const { heatmap, hatching } = sheetOf(activations[0], decoded, { ...look, range: [0, 1], edited: [{ t: 1, row: 1, rows: 1 }] });
  const { left, top, width, height } = plotOf(look.size, heatmap);
  assert.deepEqual(sheets.i.hatching, []);
  assert.ok(hatching.length > 5);
  for (const [x, y, endX, endY] of hatching) {
    assert.ok(x >= left + width / 2 && endX <= left + width + 1e-9 && endY >= top + height / 2 - 1e-9 && y <= top + height + 1e-9);
  }
});
