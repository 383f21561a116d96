import assert from "node:assert/strict";
import test from "node:test";

import { slidesFromText, slidesToText } from "../../../static/js/data/presentation.js";

const slides = [
  { model: "sentiment-lstm", text: 'a "b"; c', edits: "i@3=0;!f@2=1", step: 3 },
  { model: "anbn-gru", text: "", edits: "", step: null },
];

test("steps come back from their text", () => {
  assert.deepEqual(slidesFromText(slidesToText(slides)), slides);
  assert.equal(slidesToText([]), "");
  assert.deepEqual(slidesFromText(""), []);
});

test("what is not a list of steps cannot be read", () => {
  for (const text of ["[", "{}", "3", '[["m","t",""]]', '[["m","t","",-1]]', '[["m","t","",0.5]]', '[["m",1,"",null]]', `[${Array(51).fill('["m","t","",null]').join()}]`]) {
    assert.equal(slidesFromText(text), undefined, text);
  }
});
