import assert from "node:assert/strict";
import test from "node:test";

import { ORDERS, standout, unitsBy } from "../../../static/js/data/unit_order.js";
import { layer } from "../samples.js";

// Units 0 and 3 move together, unit 1 moves the most, unit 2 against 0.
const rows = [
  [0.1, -0.9, 0.4, 0.2],
  [0.2, 0.9, 0.3, 0.4],
  [0.4, -0.9, 0.1, 0.8],
];
const decoded = layer({ c: rows, h: rows.map((row) => row.map(() => 0)) });

test("by index they keep their order", () => {
  assert.deepEqual(unitsBy("index", decoded, 0), [0, 1, 2, 3]);
});

test("by value the greatest at the step comes first", () => {
  assert.deepEqual(unitsBy("value", decoded, 0), [2, 3, 0, 1]);
  assert.deepEqual(unitsBy("value", decoded, 1), [1, 3, 2, 0]);
});

test("by variance the one that moves the most comes first", () => {
  assert.deepEqual(unitsBy("variance", decoded, 0), [1, 3, 2, 0]);
});

test("by similarity those that move together are neighbours", () => {
  const order = unitsBy("similarity", decoded, 0);
  assert.equal(order[0], 1, "it begins with the one that moves the most");
  assert.equal(Math.abs(order.indexOf(0) - order.indexOf(3)), 1);
});

test("every order holds every unit once", () => {
  for (const order of Object.keys(ORDERS)) assert.deepEqual(unitsBy(order, decoded, 2).toSorted(), [0, 1, 2, 3], order);
});

test("the greatest change of the cell state stands out, from 0 at the beginning", () => {
  assert.deepEqual(standout(decoded), { t: 1, unit: 1 });
  assert.deepEqual(standout(decoded, 2), { t: 0, unit: 2 });
  assert.deepEqual(standout(decoded, 3), { t: 2, unit: 3 });
});
