import assert from "node:assert/strict";
import test from "node:test";

import { countAxis, rowAxis, wordAxis } from "../../../static/js/charts/axis_ticks.js";

const sentence = "the movie was not good".split(" ");

test("words with room stand level, each of them", () => {
  const { at, labels, angle } = wordAxis(sentence, 400);
  assert.deepEqual([at, labels, angle], [[0, 1, 2, 3, 4], sentence, 0]);
});

test("words without room stand upright", () => {
  const many = Array.from({ length: 20 }, (_, t) => `word number${t}`.replace(" ", ""));
  const axis = wordAxis(many, 400);
  assert.equal(axis.angle, -90);
  assert.equal(axis.at.length, 20);
  assert.ok(axis.room > wordAxis(sentence, 400).room);
});

test("as few words are labelled as do not run into each other", () => {
  const { at } = wordAxis(Array(100).fill("wonderful"), 400);
  assert.deepEqual(at.slice(0, 3), [0, 4, 8]);
});

test("a long word is cut", () => {
  assert.deepEqual(wordAxis(["supercalifragilistic", ...Array(30).fill("b")], 300).labels[0].length, 12);
});

test("characters with room are labelled each", () => {
  assert.deepEqual(wordAxis([..."ab cd"], 100).labels, ["a", "b", "␣", "c", "d"]);
});

test("of many characters those that begin a word are labelled", () => {
  const text = [..."it is a truth universally acknowledged"];
  const { at } = wordAxis(text, 200);
  assert.ok(at.length > 1);
  for (const t of at) assert.match(`${text[t - 1] ?? " "}${text[t]}`, /^\W\w$/);
});

test("rows are labelled as far as they have room", () => {
  assert.deepEqual(rowAxis(sentence, 300).at, [0, 1, 2, 3, 4]);
  assert.deepEqual(rowAxis(Array(40).fill("word"), 300).at.slice(0, 3), [0, 2, 4]);
});

test("numbers from 0 are at round steps, ten at most", () => {
  assert.deepEqual(countAxis(5).labels, ["0", "1", "2", "3", "4"]);
  assert.deepEqual(countAxis(45).labels, ["0", "5", "10", "15", "20", "25", "30", "35", "40"]);
  for (const count of [1, 11, 99, 500, 5000]) assert.ok(countAxis(count).at.length <= 10, String(count));
});
