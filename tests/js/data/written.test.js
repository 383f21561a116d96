import assert from "node:assert/strict";
import test from "node:test";

import { called, inputOf, nounOf, readTheSame, readsNumbers } from "../../../static/js/data/written.js";
import { model } from "../samples.js";

const column = (name) => ({ name, unit: "", mean: 0, scale: 1 });
const words = model("lstm");
const numeric = model("gru", { input: "numbers", tokenizer: null, columns: [column("rain"), column("wind")] });

test("a call holds a text, or CSV of numbers, in whole characters", () => {
  assert.deepEqual(inputOf(words, "not good\ud800"), { text: "not good\ufffd" });
  assert.deepEqual(inputOf(numeric, "rain,wind\n1,2"), { csv: "rain,wind\n1,2" });
  assert.deepEqual([words, numeric].map(readsNumbers), [false, true]);
});

test("CSV is called by its title, or else by its first line", () => {
  assert.equal(called(words, "# not a title"), "# not a title");
  assert.equal(called(numeric, "# A wet day\nrain,wind\n1,2"), "A wet day");
  assert.equal(called(numeric, "rain,wind\n1,2"), "rain,wind");
  assert.equal(called(numeric, ""), "");
});

test("a step is a word, a character or a step", () => {
  assert.deepEqual([words, model("rnn", { tokenizer: "character" }), numeric].map(nounOf), ["word", "character", "step"]);
});

test("models read the same if they read text, or the same columns in the same order", () => {
  assert.ok(readTheSame(words, model("gru")));
  assert.ok(readTheSame(numeric, { ...numeric, cell: "lstm" }));
  assert.ok(!readTheSame(words, numeric));
  assert.ok(!readTheSame(numeric, { ...numeric, columns: numeric.columns.toReversed() }));
});
