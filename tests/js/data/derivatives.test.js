import assert from "node:assert/strict";
import test from "node:test";

import { DERIVATIVES, signOf } from "../../../static/js/data/derivatives.js";
import { model } from "../samples.js";

test("a cell's own path is that of what it keeps, each named once", () => {
  const cells = (...names) => signOf("kept", names.map((name) => model(name)));
  assert.equal(cells("lstm", "gru", "rnn"), "∏ f, ∏ z");
  assert.equal(cells("lstm", "coupled_lstm", "mingru"), "∏ f, ∏ (1 − z)");
  assert.equal(cells("rnn"), DERIVATIVES.kept.name);
});

test("the other derivatives have one formula", () => {
  assert.equal(signOf("inputs", [model("mingru")]), DERIVATIVES.inputs.sign);
});
