import assert from "node:assert/strict";
import test from "node:test";

import { areEven, columnAt, columnsOf, evenly, placeOf } from "../../../static/js/charts/columns.js";

test("columns that are given serve where there are as many as steps", () => {
  assert.deepEqual(columnsOf([0, 0.3, 1], 2), [0, 0.3, 1]);
  assert.deepEqual(columnsOf([0, 0.3, 1], 4), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(columnsOf(null, 2), [0, 0.5, 1]);
});

test("columns are even where none is wider than another", () => {
  assert.ok(areEven(evenly(7)));
  assert.ok(areEven([0, 0.3333, 0.6667, 1])); // rounded to four places, as they come
  assert.ok(!areEven([0, 0.3, 1]));
});

test("a share of the width lies in one column, or in none", () => {
  const edges = [0, 0.25, 1];
  assert.deepEqual([-0.01, 0, 0.2499, 0.25, 0.9999, 1].map((share) => columnAt(edges, share)), [-1, 0, 0, 1, 1, -1]);
});

test("a column has its place in pixels", () => {
  assert.deepEqual(placeOf([0, 0.25, 1], 1, 200), { left: 50, width: 150 });
});
