import assert from "node:assert/strict";
import test from "node:test";

import { DecodedTrace } from "../../../static/js/data/decoded_trace.js";
import { inWords, unitsInWords } from "../../../static/js/data/edit_words.js";
import { answer, model } from "../samples.js";

const lstm = model("lstm");
const words = ["a", "b", "c\u00a0", "d", "e"];
const trace = new DecodedTrace(lstm, "", answer(words, { h: words.map(() => [1, 2]) }), 1, 3);
const said = (edit, changes = {}) => inWords({ edit, on: true, ...changes }, lstm, trace);

test("an edit names its gate, its word and its value", () => {
  assert.equal(said({ letter: "i", steps: [2], hold: 0 }), "input gate i at “c‹NBSP›” held at 0");
  assert.equal(said({ letter: "g", hold: -0.25 }), "candidate g at every word held at −0.25");
});

test("units, layer and direction are named where they are given", () => {
  assert.equal(said({ letter: "c", layer: 1, direction: "backward", units: [1, 2, 3, 8], steps: [1], scale: 0.5 }), "cell state c of layer 1 backward in units 1–3, 8 at “b”: scale 0.5");
  assert.equal(said({ letter: "q", units: [4], steps: [1], hold: 1 }), "q in unit 4 at “b” held at 1");
});

test("units are counted, and runs of them shortened", () => {
  assert.equal(unitsInWords([26]), "unit 26");
  assert.equal(unitsInWords([0, 3, 5, 6, 7]), "units 0, 3, 5–7");
});

test("words out of sight are numbered, and many are counted", () => {
  assert.equal(said({ letter: "f", steps: [0, 4, 1], hold: 1 }), "forget gate f at word 1, word 5, “b” held at 1");
  assert.equal(said({ letter: "f", steps: [1, 2, 3, 4], hold: 1 }), "forget gate f at “b” and 3 more held at 1");
  assert.equal(inWords({ edit: { letter: "f", steps: [3], hold: 1 }, on: true }, model("gru", { tokenizer: "character" }), null), "f at character 4 held at 1");
});

test("a word that has gone is named", () => {
  assert.equal(said({ letter: "i", steps: [2], hold: 0 }, { on: false, lost: ["not"] }), "input gate i at “not”, which has gone, held at 0");
});

test("other operations are named as they are", () => {
  assert.equal(said({ letter: "c", ablate: "zero" }), "cell state c at every word: ablate zero");
  assert.equal(said({ steps: [1], freeze: true }), "at “b”: freeze");
  assert.equal(said({ letter: "h", steps: [1], patch: { text: "x y", step: 0 } }), 'hidden state h at “b”: patch {"text":"x y","step":0}');
  assert.equal(said({ steps: [1], swap: "-1" }), "at “b”: swap -1");
});
