import assert from "node:assert/strict";
import test from "node:test";

import { CellMemory, curvesOf } from "../../../static/js/data/memory.js";
import { list, model, typedArray } from "../samples.js";

const H = 4;
const NORMS = [[0.5, null], [0.25, 0.5]];

function memory(cell, { step = 1, attribution } = {}) {
  const layers = [
    {
      hidden_size: H,
      states: { log10_norms: typedArray(NORMS), log10_kept: cell === "rnn" ? null : typedArray(NORMS) },
      inputs: { log10_norms: typedArray(NORMS), log10_medians: [], half_life: null },
    },
  ];
  const whole = { start: 3, stop: 5, tokens: [{ text: "a" }, { text: "b" }], layers, words: { output: null, log10_norms: typedArray(NORMS) } };
  return new CellMemory({ model: model(cell), step }, whole, { layers: [{ log10_spectral: [0.125, 0] }], attribution });
}

/** Norms minus half the logarithm of a size. */
const relative = (size) => NORMS.flat().map((norm) => (norm === null ? NaN : norm - Math.log10(size) / 2));
const close = (actual, expected) => {
  assert.equal(actual.length, expected.length);
  for (const [at, value] of list(actual).entries()) assert.ok(Number.isNaN(expected[at]) ? Number.isNaN(value) : Math.abs(value - expected[at]) < 1e-5, `${value} is not ${expected[at]}`);
};

test("norms of states are relative to that of a state that is kept whole", () => {
  close(memory("lstm").matrix("states", 0), relative(2 * H));
  close(memory("gru").matrix("states", 0), relative(H));
  close(memory("coupled_lstm").matrix("states", 0), relative(2 * H));
  close(memory("lstm").matrix("kept", 0), relative(H));
});

test("those of inputs and outputs are as they are", () => {
  close(memory("gru").matrix("inputs", 0), relative(1));
  close(memory("gru").matrix("words", 0), relative(1));
});

test("a cell that keeps nothing has no path of its own", () => {
  assert.equal(memory("rnn").matrix("kept", 0), null);
});

test("a layer that is not there gives way to the last", () => {
  close(memory("gru").matrix("inputs", 7), relative(1));
});

test("the row is that of the step looked back from, at most the last one", () => {
  assert.equal(memory("gru", { step: 3 }).row, 0);
  assert.equal(memory("gru", { step: 9 }).row, 1);
});

test("shares are shown only where they add up to the difference", () => {
  assert.equal(memory("gru").attribution, null);
  assert.equal(memory("gru", { attribution: { gap: 0.03, difference: 0.5 } }).attribution, null);
  assert.equal(memory("gru", { attribution: { gap: null, difference: 0.5 } }).attribution, null);
  assert.deepEqual(memory("gru", { attribution: { gap: -0.02, difference: -0.5 } }).attribution, { gap: -0.02, difference: -0.5 });
  assert.deepEqual(memory("gru", { attribution: { gap: 0.002, difference: 0 } }).attribution, { gap: 0.002, difference: 0 });
});

test("the curves are the row of the triangle, the greatest stretch and the cell's own path", () => {
  const curves = curvesOf(memory("gru", { step: 4 }), "states", 0);
  assert.deepEqual(curves.map(({ name }) => name), ["all paths, root mean square", "all paths, greatest stretch", "the cell’s own path"]);
  close(curves[0].y, relative(H).slice(2));
  assert.deepEqual(curves[1].y, [0.125, 0]);
  assert.equal(curvesOf(memory("rnn", { step: 4 }), "states", 0).length, 2);
});

test("null stays null in a curve", () => {
  const [{ y }] = curvesOf(memory("gru", { step: 3 }), "inputs", 0);
  assert.deepEqual(y, [0.5, null]);
});
