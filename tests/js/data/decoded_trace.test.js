import assert from "node:assert/strict";
import test from "node:test";

import { DecodedTrace, pageSpan, tokenProbabilities, truncated, turnedLayer } from "../../../static/js/data/decoded_trace.js";
import { answer, layer, list, model, typedArray } from "../samples.js";

const C = [[1, 2], [3, 4], [5, 6], [7, 8]];

test("values and single entries are those of the steps in sight", () => {
  const whole = answer(["b", "c", "d"], { c: C.slice(1) }, { start: 1, stop: 4, steps: 5 });
  const trace = new DecodedTrace(model("lstm"), "a b c d e", whole, 2, 2);
  const decoded = trace.layer;
  assert.deepEqual([trace.start, trace.stop, trace.steps], [2, 4, 5]);
  assert.deepEqual(trace.tokens.map(({ text }) => text), ["c", "d"]);
  assert.deepEqual(list(decoded.values("c")), [5, 6, 7, 8]);
  assert.equal(decoded.at("c", 0, 1), 6);
  assert.equal(decoded.before("c", 0, 1), 4, "the step before the page came along");
});

test("a window has the units that it names, and what all of them do", () => {
  const trace = new DecodedTrace(model("lstm"), "", answer(["a", "b", "c"], { c: C.slice(1) }, { units: [7, 2], first: 4, hidden_size: 9, read_norm: typedArray([[1], [2], [3]]) }), 1, 2);
  const { rows, first, units, isWhole } = trace.layer;
  assert.deepEqual([rows, first, units, isWhole], [[7, 2], 4, 9, false]);
  assert.deepEqual([trace.layer.at("c", 0, 7), trace.layer.at("c", 1, 2), trace.layer.before("c", 0, 2)], [5, 8, 4]);
  assert.deepEqual(list(trace.layer.summary("c", "mean")), [5.5, 7.5], "of the steps in sight");
  assert.deepEqual([trace.normAt(0), trace.normAt(1)], [2, 3]);
});

test("the units that can be turned are those of the first layer with more of them than are in sight", () => {
  const [small, large] = [{}, { units: [3, 4], first: 2, hidden_size: 6 }].map((part) => new DecodedTrace(model("lstm"), "", answer(["a"], { c: [[1, 2]] }, part), 0, 1));
  assert.equal(turnedLayer([null, small, large]), large.layer);
  assert.equal(turnedLayer([small, null]), small.layer);
  assert.equal(turnedLayer([null]), null);
});

test("where units were asked for one by one, the columns are those", () => {
  const asked = { ...answer(["a"], { c: [[1, 2]] }, { hidden_size: 9 }), units: [5, 3] };
  const { layer: decoded } = new DecodedTrace(model("lstm"), "", asked, 0, 1);
  assert.deepEqual([decoded.rows, decoded.at("c", 0, 3)], [[5, 3], 2]);
});

test("before the first step there is 0, in either direction", () => {
  const forward = layer({ c: C });
  const backward = layer({ c: C }, { direction: "backward" });
  assert.deepEqual([forward.before("c", 0, 0), forward.before("c", 2, 0)], [0, 3]);
  assert.deepEqual([backward.before("c", 3, 0), backward.before("c", 1, 0)], [0, 5]);
});

test("the state that the cell keeps carries the memory", () => {
  for (const [cell, carrier] of [["lstm", "c"], ["gru", "h"], ["rnn", "h"], ["coupled_lstm", "c"], ["mingru", "h"]]) assert.equal(layer({ h: C, c: C }, { cell }).carrier, carrier);
});

test("a trace ends where the page, the answer or the text does", () => {
  const long = answer(["a", "b", "c"], { h: C.slice(1) });
  assert.equal(new DecodedTrace(model("rnn"), "", long, 0, 2).stop, 2);
  assert.equal(new DecodedTrace(model("rnn"), "", long, 0, 9).stop, 3);
  assert.equal(new DecodedTrace(model("rnn"), "", truncated(long, 1), 0, 9).stop, 1);
  assert.equal(truncated(long, 9).steps, 3);
});

test("one step more on either side is asked for", () => {
  assert.deepEqual(pageSpan(0, 10), { start: 0, stop: 11 });
  assert.deepEqual(pageSpan(10, 10), { start: 9, stop: 21 });
});

test("the outputs are those after a step, and the most probable come first", () => {
  const shown = (outputs, original = null) => new DecodedTrace(model("lstm"), "", answer(["a", "b"], { h: C.slice(2) }, { names: ["x", "y", "z"], outputs }), 0, 2, undefined, original);
  const trace = shown([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]]);
  assert.deepEqual(list(trace.outputsAt(0)), [0.25, 0.5, 0.25]);
  assert.deepEqual(trace.likeliest(0, 2).map(({ output, name, probability, unedited }) => [output, name, probability, unedited]), [[1, "y", 0.5, undefined], [0, "x", 0.25, undefined]]);
  const edited = shown([[0.125, 0.25, 0.625], [1, 0, 0]], trace);
  assert.deepEqual(edited.likeliest(0, 1), [{ output: 2, name: "z", probability: 0.625, unedited: 0.25 }]);
});

test("of many outputs, those that the server lists are all there is", () => {
  const listed = [[{ output: 7, name: "b", probability: 0.5 }, { output: 2, name: "c", probability: 0.25 }], [{ output: 2, name: "c", probability: 0.75, unedited: 0.5 }, { output: 7, name: "b", probability: 0.125, unedited: 0 }]];
  const whole = answer(["a", "b"], { h: C.slice(2) }, { names: [], outputs: [[], []] });
  const trace = new DecodedTrace(model("lstm", { top: 2, outputs: [] }), "", { ...whole, outputs: { ...whole.outputs, top: listed } }, 1, 1);
  assert.equal(trace.isHeadless, false);
  assert.deepEqual(trace.likeliest(0, 1), [listed[1][0]]);
  assert.deepEqual(tokenProbabilities(trace), [null]);
});

test("a trace without outputs has no head", () => {
  assert.ok(new DecodedTrace(model("lstm"), "", answer(["a"], { h: C.slice(3) }, { names: [], outputs: [[]] }), 0, 1).isHeadless);
});

test("a token is as probable as it was before it was read", () => {
  const whole = answer(["a", "b", "c"], { h: C.slice(1) }, { names: ["b", "a"], outputs: [[0.25, 0.75], [0.5, 0.5], [1, 0]] });
  const said = { ...whole, outputs: { ...whole.outputs, expected: [null, 0.25, null] } };
  const predicting = model("lstm", { predicts_next: true });
  assert.deepEqual(tokenProbabilities(new DecodedTrace(predicting, "", said, 0, 3)), [null, 0.25, null], "nothing predicted the first; the last has no output");
  assert.equal(new DecodedTrace(predicting, "", said, 1, 2).expected(0), 0.25);
});

test("a token has the colour of the verdict after it", () => {
  const outputs = [[0.25], [0.75]];
  assert.deepEqual(tokenProbabilities(new DecodedTrace(model("lstm"), "", answer(["a", "b"], { h: C.slice(2) }, { outputs }), 0, 2)), [0.25, 0.75]);
});

test("of several outputs the one counts that is the most probable in the end", () => {
  const outputs = [[0.75, 0.25], [0.25, 0.75]];
  assert.deepEqual(tokenProbabilities(new DecodedTrace(model("lstm"), "", answer(["a", "b"], { h: C.slice(2) }, { outputs, names: ["x", "y"] }), 0, 2)), [0.25, 0.75]);
});
