import assert from "node:assert/strict";
import test from "node:test";

import { sequential, signed } from "../../../static/js/charts/colors.js";
import { colorsOf, differencesOf, endLabel, endsOf, greatest, rangesOf, roundedUp, scalesOf } from "../../../static/js/charts/scales.js";
import { layer, model } from "../samples.js";

const { activations } = model("lstm");

test("gates run from 0 to 1, candidates and h from −1 to 1, c as far on either side of 0", () => {
  assert.deepEqual(rangesOf(activations, { c: 2.5 }), { i: [0, 1], f: [0, 1], g: [-1, 1], o: [0, 1], c: [-2.5, 2.5], h: [-1, 1] });
});

test("the c of coupled gates has bounds, the n and h of a minGRU have none", () => {
  assert.deepEqual(rangesOf(model("coupled_lstm").activations, {}).c, [-1, 1]);
  assert.deepEqual(rangesOf(model("mingru").activations, { n: 4, h: 3.3 }), { z: [0, 1], n: [-4, 4], h: [-3.3, 3.3] });
  assert.deepEqual(endsOf([{ model: model("mingru") }], [layer({ n: [[-3.91]], h: [[1, 0.5]] })]), { n: 4, h: 1 });
});

test("the h of a relu RNN runs from 0", () => {
  assert.deepEqual(rangesOf([{ letter: "h", minimum: 0, maximum: null }], { h: 3 }), { h: [0, 3] });
});

test("a range that begins at 0 is sequential, any other diverges from 0", () => {
  assert.deepEqual(colorsOf([0, 1]), sequential());
  for (const range of [[-1, 1], [-2.5, 2.5]]) assert.deepEqual(colorsOf(range), signed());
});

test("zero has the neutral colour in every range of every activation", () => {
  const neutral = sequential()[0][1];
  const ranges = rangesOf(activations, { c: 2.5 });
  for (const [low, high] of [...Object.values(ranges), ...Object.values(differencesOf(ranges))]) {
    const share = -low / (high - low);
    assert.equal(colorsOf([low, high]).find(([at]) => at === share)?.[1], neutral, `${low} to ${high}`);
  }
});

test("differences range as far as two values can be apart", () => {
  assert.deepEqual(differencesOf({ f: [0, 1], h: [-1, 1], c: [-2.5, 2.5] }), { f: [-1, 1], h: [-2, 2], c: [-5, 5] });
});

test("the scale of c ends at its greatest value in any lane, whatever its sign", () => {
  const lstm = { model: model("lstm") };
  const [first, second] = [layer({ c: [[0.5, -1.234]] }), layer({ c: [[1.1, 0.2]] })];
  assert.deepEqual(endsOf([lstm, lstm], [first, second]), { c: 1.3 });
  assert.deepEqual(endsOf([null, { model: model("gru") }], [null, layer({ h: [[0.5]] })]), {});
});

test("the greatest value leaves gaps out", () => {
  assert.equal(greatest([0.5, -2, NaN, Infinity]), 2);
  assert.equal(greatest([]), 0);
});

test("an end is rounded up to two digits", () => {
  const cases = [[1.21, 1.3], [0.0301, 0.031], [123, 130], [2, 2], [9.99, 10], [0, 1]];
  for (const [value, end] of cases) assert.equal(roundedUp(value), end);
});

test("an end is written as it is", () => {
  const cases = [[1.3, "1.3"], [-0.031, "−0.031"], [0, "0"], [130, "130"], [2.5e-5, "2.5 · 10⁻⁵"], [-3e7, "−3 · 10⁷"]];
  for (const [end, label] of cases) assert.equal(endLabel(end), label);
});

const info = (letter) => activations.find((each) => each.letter === letter);
const sheet = (letter, range, changes = {}) => ({ lane: "LSTM", difference: false, info: info(letter), heatmap: { range, scale: colorsOf(range) }, ...changes });

test("a legend states each scale once, and what it is of", () => {
  const scales = scalesOf([sheet("i", [0, 1]), sheet("f", [0, 1]), sheet("g", [-1, 1]), sheet("c", [-2, 2]), sheet("h", [-1, 1])]);
  assert.deepEqual(scales.map(({ ends, what }) => [...ends, what]), [["0", "1", "gates"], ["−1", "1", "candidate, hidden state"], ["−2", "2", "cell state"]]);
});

test("scales of one thing that differ from lane to lane name their lanes", () => {
  const scales = scalesOf([sheet("h", [-1, 1]), sheet("h", [0, 3], { lane: "RNN" })]);
  assert.deepEqual(scales.map(({ what }) => what), ["hidden state (LSTM)", "hidden state (RNN)"]);
});

test("a difference has scales of its own", () => {
  const scales = scalesOf([sheet("h", [-1, 1]), sheet("f", [-1, 1], { difference: true })]);
  assert.deepEqual(scales.map(({ what, difference }) => [what, difference]), [["hidden state", false], ["gates", true]]);
});
