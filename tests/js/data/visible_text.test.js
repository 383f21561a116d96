import assert from "node:assert/strict";
import test from "node:test";

import { isBlank, shortened, visible } from "../../../static/js/data/visible_text.js";

test("what can be seen is shown as it is", () => {
  for (const text of ["good", "שלום", "👨‍👩‍👧", "cafe\u0301"]) assert.equal(visible(text), text);
});

test("blanks and control characters have signs or names", () => {
  assert.equal(visible(" "), "␣");
  assert.equal(visible("\n"), "↵");
  assert.equal(visible("a\u00a0b"), "a‹NBSP›b");
  assert.equal(visible("\u200b"), "‹ZWSP›");
  assert.equal(visible("\u0001"), "\u2401");
});

test("a lone accent stands on a dotted circle", () => {
  assert.equal(visible("\u0301"), "◌\u0301");
});

test("a long token is cut to its length", () => {
  assert.equal(shortened("wonderful", 20), "wonderful");
  assert.equal(shortened("wonderful", 5), "wond…");
  assert.equal([...shortened("supercalifragilistic", 12)].length, 12);
});

test("a name that does not fit becomes a box", () => {
  assert.equal(shortened("a\u00a0b", 20), "a‹NBSP›b");
  assert.equal(shortened("a\u00a0b", 3), "a▯b");
});

test("in a label of several words, spaces stay", () => {
  assert.equal(visible("8 Jan"), "8 Jan");
  assert.equal(visible("snow \u200b lies"), "snow ‹ZWSP› lies");
  assert.equal(visible(" a"), "␣a");
  assert.equal(shortened("8 Jan", 5), "8 Jan");
  assert.equal(shortened("8 January", 5), "8 Ja…");
});

test("only a tokenizer of characters reads blanks", () => {
  assert.deepEqual([isBlank(" \u00a0\u200b", "word"), isBlank(" ", "character"), isBlank("", "character"), isBlank("a", "word")], [true, false, true, false]);
});
