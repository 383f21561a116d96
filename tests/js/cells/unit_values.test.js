import assert from "node:assert/strict";
import test from "node:test";

import { formatted, unitValues } from "../../../static/js/cells/unit_values.js";
import { layer, model } from "../samples.js";

const rows = (first, second) => [[0, first], [0, second]];

test("an LSTM's unit has its gates, its candidate, and both states now and before", () => {
  const activations = { i: rows(0.5, 0.25), f: rows(0, 1), g: rows(-0.5, 0.5), o: rows(1, 0.75), c: rows(2, -3), h: rows(0.125, 0.5) };
  const decoded = layer(activations);
  assert.deepEqual(unitValues(model("lstm"), decoded, 1, 1), { i: 0.25, f: 1, g: 0.5, o: 0.75, c: -3, h: 0.5, "c-": 2, "h-": 0.125 });
  assert.deepEqual(unitValues(model("lstm"), decoded, 0, 1)["c-"], 0);
});

test("a GRU has no cell state", () => {
  const decoded = layer({ r: rows(0, 0.5), z: rows(0, 0.25), n: rows(0, -0.5), h: rows(0.125, 0.75) });
  assert.deepEqual(unitValues(model("gru"), decoded, 1, 1), { r: 0.5, z: 0.25, n: -0.5, h: 0.75, "h-": 0.125 });
});

test("a plain RNN has the sum that its function is taken of", () => {
  const decoded = layer({ h: rows(0.125, 0.75), a_h: rows(0, 1.5) });
  assert.deepEqual(unitValues(model("rnn"), decoded, 1, 1), { h: 0.75, "h-": 0.125, a: 1.5 });
});

test("a number has three decimals", () => {
  assert.equal(formatted({ f: -0.12345 }, "f"), "−0.123");
});
