import assert from "node:assert/strict";
import test from "node:test";

import { numbersOf, pairAt } from "../../../../static/js/views/first_screen/numbers.js";

/** Three words, then the initial state and an edit. */
const FORWARD = {
  words: ["a", "b", "c"],
  direction: "forward",
  others: ["initial state", "c ← 0"],
  amounts: [
    [1, 10, 20],
    [2, 3, 11, 21],
    [4, 5, 6, 12, 22],
  ],
};
const BACKWARD = {
  ...FORWARD,
  direction: "backward",
  amounts: [
    [4, 5, 6, 12, 22],
    [2, 3, 11, 21],
    [1, 10, 20],
  ],
};

test("a word has a number from its own step on", () => {
  const of = (t) => [0, 1, 2].map((k) => pairAt(FORWARD, "amounts", t, k));
  assert.deepEqual([0, 1, 2].map(of), [[1, null, null], [2, 3, null], [4, 5, 6]]);
});

test("where steps are taken from the end, it has one up to its own", () => {
  const of = (t) => [0, 1, 2].map((k) => pairAt(BACKWARD, "amounts", t, k));
  assert.deepEqual([0, 1, 2].map(of), [[4, 5, 6], [null, 2, 3], [null, null, 1]]);
});

test("the columns after the words have a number at every step", () => {
  for (const numbers of [FORWARD, BACKWARD]) {
    const of = (k) => numbers.amounts.map((_, t) => pairAt(numbers, "amounts", t, k));
    const [initial, edit] = [[10, 11, 12], [20, 21, 22]].map((each) => (numbers === FORWARD ? each : each.reverse()));
    assert.deepEqual([of(3), of(4), of(5)], [initial, edit, [null, null, null]]);
  }
});

test("there is none outside the text, of what was not sent, or where it is null", () => {
  assert.deepEqual([pairAt(FORWARD, "amounts", -1, 0), pairAt(FORWARD, "amounts", 3, 0), pairAt(FORWARD, "amounts", 0, -1)], [null, null, null]);
  assert.equal(pairAt(FORWARD, "pushes", 0, 0), null);
  assert.equal(pairAt({ ...FORWARD, forgetting: [[null, 1]] }, "forgetting", 0, 0), null);
});

test("the numbers of all networks of a picture are read, in order", () => {
  const scripts = ['{"words": ["a"]}', '[{"label": "LSTM"}, {"label": "GRU"}]', ""].map((textContent) => ({ textContent: textContent || null }));
  const element = { querySelectorAll: (selector) => (selector === "script.numbers" ? scripts : []) };
  assert.deepEqual(numbersOf(element), [{ words: ["a"] }, { label: "LSTM" }, { label: "GRU" }]);
});
