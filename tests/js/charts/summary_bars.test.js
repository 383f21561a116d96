import assert from "node:assert/strict";
import test from "node:test";

import { evenly } from "../../../static/js/charts/columns.js";
import { HEIGHT, drawBars, normEnds } from "../../../static/js/charts/summary_bars.js";
import { Element } from "../page.js";
import { layer, model } from "../samples.js";

test("lanes that share a scale of colour share one of bars", () => {
  const { activations } = model("gru");
  const infos = activations.filter(({ kind }) => kind !== "gate");
  const lane = (h, range) => ({ infos, layer: layer({ n: [[0, 0]], h: [h] }), ranges: { n: [-1, 1], h: range } });
  assert.deepEqual(normEnds([lane([3, 4], [-1, 1]), lane([0, 1], [-1, 1])]), { "-1,1": 5 });
  assert.deepEqual(normEnds([lane([3, 4], [-1, 1]), lane([0, 1.01], [0, 2])]), { "-1,1": 5, "0,2": 1.1 });
  assert.deepEqual(normEnds([{ infos, layer: null, ranges: {} }]), {});
});

function drawn(bars, width = 234, edges = evenly(bars.length)) {
  const element = new Element("svg");
  drawBars(element, width, edges, bars, { name: "norm", end: 2 });
  const [path, end, name, ...figures] = element.children;
  const heights = [...path.attributes.d.matchAll(/v(-?[\d.]+)h/g)].map(([, up]) => -Number(up));
  return { heights, axis: [end.textContent, name.textContent], figures: figures.map(({ textContent }) => textContent), path: path.attributes.d };
}

test("a bar is as high as its share of the end of the scale", () => {
  const { heights, axis, figures } = drawn([2, 1, 0.5]);
  assert.deepEqual(heights, [HEIGHT - 11, (HEIGHT - 11) / 2, 4.75]);
  assert.deepEqual(axis, ["2", "norm"]);
  assert.deepEqual(figures, ["2.00", "1.00", "0.50"]);
});

test("what is not a number leaves a gap", () => {
  const { heights, path } = drawn([2, NaN]);
  assert.equal(heights.length, 1);
  assert.ok(path.startsWith("M31.00 "));
});

test("where there is no room the figures are left out", () => {
  assert.deepEqual(drawn(Array(60).fill(1)).figures, []);
});

test("a bar stands over its column, however wide that is", () => {
  const { path } = drawn([1, 1], 234, [0, 0.25, 1]);
  const bars = [...path.matchAll(/M([\d.]+) 30v-?[\d.]+h([\d.]+)/g)].map(([, left, width]) => [Number(left), Number(width)]);
  assert.deepEqual(bars, [[31, 48], [81, 148]]); // of 200 pixels after a margin of 30, with a gap of 1 on each side
});
