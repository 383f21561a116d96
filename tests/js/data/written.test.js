import assert from "node:assert/strict";
import test from "node:test";

import { called, invitation, inputOf, nounOf, readTheSame, readsNumbers, rowOf, textUpTo } from "../../../static/js/data/written.js";
import { model } from "../samples.js";

const column = (name) => ({ name, unit: "", mean: 0, scale: 1 });
const words = model("lstm");
const numeric = model("gru", { input: "numbers", tokenizer: null, columns: [column("rain"), column("wind")] });

test("a call holds a text, or CSV of numbers, in whole characters", () => {
  assert.deepEqual(inputOf(words, "not good\ud800"), { text: "not good\ufffd" });
  assert.deepEqual(inputOf(numeric, "rain,wind\n1,2"), { csv: "rain,wind\n1,2" });
  assert.deepEqual([words, numeric].map(readsNumbers), [false, true]);
});

test("a text ends after so many steps, if these are known", () => {
  const trace = { model: words, text: "👍 not  good", start: 0, stop: 2, steps: 3, tokens: [{ start: 0, end: 1 }, { start: 2, end: 5 }] };
  assert.deepEqual([1, 2, 3, 0].map((steps) => textUpTo(trace, steps)), ["👍", "👍 not", null, null]);
  assert.equal(textUpTo({ ...trace, start: 1 }, 2), null);
  const csv = "rain,wind\n1,2\n\n3,4\n5,6\n";
  assert.equal(textUpTo({ model: numeric, text: csv, start: 0, stop: 3, steps: 3, tokens: [] }, 2), "rain,wind\n1,2\n\n3,4");
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

test("the row of a step is found in CSV, whatever stands above it and between the rows", () => {
  const rows = (csv, steps) => Array.from({ length: steps }, (_, step) => csv.slice(...rowOf(csv, steps, step)));
  for (const above of ["", "rain,wind\n", "# 5\" of rain, \u{1f327}\n\n# more\nrain,wind\n", "\ufeffrain;wind\r\n"]) {
    assert.deepEqual(rows(`${above}1,2\n\n  \n3,4\r\n5,6\n,\n\n`, 3), ["1,2", "3,4", "5,6"]);
  }
  assert.deepEqual(rows('time,rain\n"a\nb",1\n"say ""c""",2', 2), ['"a\nb",1', '"say ""c""",2']);
  assert.equal(rowOf("1\n2", 3, 0), null);
});

test("where nothing is written, a model asks for what it reads", () => {
  assert.equal(invitation({ input: "text" }, "the gates appear"), "Type a word, and the gates appear.");
  assert.equal(invitation({ input: "numbers" }, "the gates appear"), "Paste numbers, and the gates appear.");
});
