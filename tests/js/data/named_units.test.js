import assert from "node:assert/strict";
import test from "node:test";

import { changedWeights, namedUnits, weightsOf } from "../../../static/js/data/named_units.js";
import { fromShortForm } from "../../../static/js/data/short_form.js";
import { model } from "../samples.js";

const LSTM = model("lstm", { weights_id: "00aa11bb" });
const GRU = model("gru", { weights_id: "22cc33dd" });
const RNN = model("rnn", { weights_id: "44ee55ff" });
const ALL = [LSTM, GRU, RNN];

const named = (unit, edits = "") => namedUnits({ unit, edits: fromShortForm(edits) });

test("the pinned unit is named", () => {
  assert.deepEqual(named(0), [0]);
});

test("units of edits are named, those of edits that are off too", () => {
  assert.deepEqual(named(null, "f[12]=0;!i[3,4]@1=1"), [3, 4, 12]);
  assert.deepEqual(named(4, "f[12]=0;i[3,4]@1=1"), [3, 4, 12]);
});

test("an edit with a value for each of all units names them by their places", () => {
  assert.deepEqual(named(null, "c@2=[0.5,0,-1]"), [0, 1, 2]);
  assert.deepEqual(named(null, "c[7,9]=[0.5,0]"), [7, 9]);
});

test("what is about all units alike names none", () => {
  assert.deepEqual(named(null), []);
  assert.deepEqual(named(null, 'i@3=0;@4:freeze;@0:swap="bad";f@1:ablate="mean"'), []);
});

test("there is an id for each model, in their order", () => {
  assert.equal(weightsOf([LSTM]), "00aa11bb");
  assert.equal(weightsOf(ALL), "00aa11bb-22cc33dd-44ee55ff");
});

test("the same weights give no remark", () => {
  assert.equal(changedWeights(weightsOf([LSTM]), [LSTM], [26]), "");
  assert.equal(changedWeights(weightsOf(ALL), ALL, [26]), "");
});

test("other weights are named with the units that may be others", () => {
  const other = model("lstm", { weights_id: "ffffffff" });
  assert.equal(changedWeights(weightsOf([other]), [LSTM], [26]), "This link was made with other weights of test-lstm: unit 26 may be another one now.");
  assert.equal(changedWeights(weightsOf([other]), [LSTM], [3, 5, 6, 7]), "This link was made with other weights of test-lstm: units 3, 5–7 may be others now.");
});

test("of several models only those with other weights are named", () => {
  assert.match(changedWeights("00aa11bb-22cc33dd-ffffffff", ALL, [1]), /weights of test-rnn: unit 1 /);
  assert.match(changedWeights("00aa11bb-eeeeeeee-ffffffff", ALL, [1]), /weights of test-gru and test-rnn: /);
  assert.match(changedWeights("dddddddd-eeeeeeee-ffffffff", ALL, [1]), /weights of test-lstm, test-gru and test-rnn: /);
});

test("nothing is said of what is not known, or where no unit is named", () => {
  assert.equal(changedWeights("", [LSTM], [26]), "");
  assert.equal(changedWeights("ffffffff", [LSTM], []), "");
  assert.equal(changedWeights("00aa11bb", ALL, [26]), "");
  assert.equal(changedWeights("00aa11bb-22cc33dd-44ee55ff", [LSTM, RNN], [26]), "", "a cell is not shown any more");
});
