import assert from "node:assert/strict";
import test from "node:test";

import { ORDERS, standout } from "../../../static/js/data/unit_order.js";
import { layer } from "../samples.js";

// Units 0 and 3 move together, unit 1 moves the most, unit 2 against 0.
const rows = [
  [0.1, -0.9, 0.4, 0.2],
  [0.2, 0.9, 0.3, 0.4],
  [0.4, -0.9, 0.1, 0.8],
];
const decoded = layer({ c: rows, h: rows.map((row) => row.map(() => 0)) });

test("the page offers the orders of the server", () => {
  assert.deepEqual(Object.keys(ORDERS), ["index", "value", "variance", "similarity"]);
});

test("the greatest change of the cell state stands out, from 0 at the beginning", () => {
  assert.deepEqual(standout(decoded), { t: 1, unit: 1 });
  assert.deepEqual(standout(decoded, [2]), { t: 0, unit: 2 });
  assert.deepEqual(standout(decoded, [3]), { t: 2, unit: 3 });
  assert.deepEqual(standout(layer({ c: rows, h: rows }, { units: [9, 4, 7, 1] })), { t: 1, unit: 4 });
});
