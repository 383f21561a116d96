import assert from "node:assert/strict";
import test from "node:test";

import { unknownNotice } from "../../../static/js/data/unknown_words.js";

/** @type {(text: string) => {text: string, known: boolean}} */
const known = (text) => ({ text, known: true });
/** @type {(text: string) => {text: string, known: boolean}} */
const unknown = (text) => ({ text, known: false });
/** @type {{tokenizer: "word", language: string}} */
const ENGLISH = { tokenizer: "word", language: "English" };

test("nothing is said where half of the words are known", () => {
  assert.equal(unknownNotice(ENGLISH, [known("the"), unknown("Katze")]), "");
  assert.equal(unknownNotice(ENGLISH, [unknown("👾"), unknown("!"), known("the")]), "");
  assert.equal(unknownNotice(ENGLISH, [unknown("12345")]), "");
});

test("most words are unknown: the language that the model reads is named", () => {
  const tokens = [unknown("Guten"), unknown("Tag"), known("hut"), known("!"), known("!"), known("!")];
  assert.equal(unknownNotice(ENGLISH, tokens), "Most of these words are not in the model's vocabulary. This model reads English.");
  assert.match(unknownNotice({ tokenizer: "word", language: "" }, tokens), /It reads each of them as the same unknown word\.$/);
});

test("a word that is read as another counts as known", () => {
  assert.equal(unknownNotice(ENGLISH, [{ ...unknown("awsome"), read_as: "awesome" }, unknown("Katze")]), "");
});

test("a model that reads characters has no words", () => {
  assert.equal(unknownNotice({ tokenizer: "character", language: "English" }, [unknown("ж")]), "");
});
