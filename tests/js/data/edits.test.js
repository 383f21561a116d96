import assert from "node:assert/strict";
import test from "node:test";

import { DecodedTrace } from "../../../static/js/data/decoded_trace.js";
import { allOff, editedRuns, fits, heldAt, lettersOf, moved, placeOf, switched, withHold, withoutHold } from "../../../static/js/data/edits.js";
import { answer, model } from "../samples.js";

const hold = (letter, steps, value = 0, more = {}) => ({ letter, ...more, steps, hold: value });
const on = (edit) => ({ edit, on: true });
const off = (edit) => ({ edit, on: false });
const PLACE = { letter: "i", steps: [3] };

test("a place is held by one edit, which each move of the slider changes", () => {
  let list = [on(hold("f", [3], 1))];
  assert.equal(heldAt(list, PLACE), null);
  list = withHold(list, PLACE, 0.5);
  assert.deepEqual(list, [on(hold("f", [3], 1)), on(hold("i", [3], 0.5))]);
  list = withHold(list, PLACE, 0);
  assert.deepEqual(list, [on(hold("f", [3], 1)), on(hold("i", [3], 0))]);
  assert.equal(heldAt(list, PLACE), 0);
  assert.deepEqual(withoutHold(list, PLACE), [on(hold("f", [3], 1))]);
});

test("an edit that is off holds nothing, and is switched on by the slider", () => {
  const list = [off(hold("i", [3], 0.5))];
  assert.equal(heldAt(list, PLACE), null);
  assert.deepEqual(withHold(list, PLACE, 0.7), [on(hold("i", [3], 0.7))]);
  assert.deepEqual(withoutHold(list, PLACE), list);
});

test("of two edits at one place, the one that counts is changed", () => {
  const list = [on(hold("i", [3], 0.1)), on(hold("i", [3], 0.2))];
  assert.equal(heldAt(list, PLACE), 0.2);
  assert.deepEqual(withHold(list, PLACE, 0.3)[1], on(hold("i", [3], 0.3)));
});

test("another place is another edit", () => {
  const others = [hold("i", [2]), hold("i", [3, 4]), hold("i", [3], 0, { units: [1] }), hold("i", [3], 0, { layer: 0, direction: "forward" }), { letter: "i", hold: 0 }, { letter: "i", steps: [3], scale: 0 }, hold("i", [3], 0, { sequences: [0] })];
  for (const other of others) {
    assert.equal(heldAt([on(other)], PLACE), null);
    assert.equal(withHold([on(other)], PLACE, 1).length, 2);
  }
});

test("an edit whose word has gone is left as it is", () => {
  const lost = { ...off(hold("i", [3])), lost: ["not"] };
  assert.deepEqual(withHold([lost], PLACE, 1), [lost, on(hold("i", [3], 1))]);
});

test("an edit is switched off and on", () => {
  const list = [on(hold("i", [3])), { ...off(hold("f", [3])), lost: ["not"] }];
  assert.deepEqual(switched(list, 0, false)[0], off(hold("i", [3])));
  assert.deepEqual(switched(list, 1, true)[1], on(hold("f", [3])), "it is about the word that stands there now");
  assert.deepEqual(allOff(list).map((each) => each.on), [false, false]);
});

const OLD = ["the", "movie", "was", "not", "good"];
const MOVES = [
  ["a word is added at the end", [...OLD, "!"], [0, 1, 2, 3, 4]],
  ["a word is added at the beginning", ["but", ...OLD], [1, 2, 3, 4, 5]],
  ["a word is added within", ["the", "old", "movie", "was", "not", "good"], [0, 2, 3, 4, 5]],
  ["a word is changed", ["the", "movie", "was", "so", "good"], [0, 1, 2, null, 4]],
  ["a word is removed", ["the", "movie", "not", "good"], [0, 1, null, 2, 3]],
  ["the text is another", ["never", "again"], [null, null, null, null, null]],
  ["the text is blank", [], [null, null, null, null, null]],
  ["nothing changes", OLD, [0, 1, 2, 3, 4]],
  ["a word is doubled", ["the", "movie", "was", "not", "not", "good"], [0, 1, 2, 3, 5]],
  ["it is cut short", ["the", "movie"], [0, 1, null, null, null]],
];

for (const [what, text, places] of MOVES) {
  test(`edits move with their words: ${what}`, () => {
    const { edits, lost } = moved(OLD.map((_, step) => on(hold("i", [step]))), OLD, text);
    const expected = places.map((place, step) => (place === null ? { ...off(hold("i", [step])), lost: [OLD[step]] } : on(hold("i", [place]))));
    assert.deepEqual(edits, expected);
    assert.deepEqual(lost, [...places.keys()].filter((step) => places[step] === null));
  });
}

test("beginning and end do not overlap", () => {
  const { edits } = moved([0, 1, 2].map((step) => on(hold("i", [step]))), ["a", "a", "a"], ["a", "a"]);
  assert.deepEqual(edits.map((each) => each.on && each.edit.steps[0]), [0, 1, false]);
});

test("an edit at several words is switched off with the first that goes", () => {
  const { edits, lost } = moved([on(hold("i", [0, 3, 4]))], OLD, ["the", "movie", "was", "so", "good", "!"]);
  assert.deepEqual(edits, [{ ...off(hold("i", [0, 3, 4])), lost: ["not", "good"] }]);
  assert.deepEqual(lost, [0]);
});

test("an edit at every word stays; one that is off moves without a notice, and one that is lost does not move", () => {
  const all = on({ letter: "i", hold: 0 });
  const gone = { ...off(hold("f", [4])), lost: ["film"] };
  assert.deepEqual(moved([all, off(hold("i", [4])), off(hold("i", [3])), gone], OLD, ["the", "movie", "was", "so", "very", "good"]), {
    edits: [all, off(hold("i", [5])), { ...off(hold("i", [3])), lost: ["not"] }, gone],
    lost: [],
  });
});

test("a step that the text does not have gets none by typing", () => {
  const { edits } = moved([on(hold("i", [9]))], OLD, [...OLD, ..."abcdefg"]);
  assert.equal(edits[0].on, false);
});

test("a cell has what an edit changes, or not", () => {
  assert.ok(fits(hold("z", [0]), model("gru")));
  assert.ok(!fits(hold("z", [0]), model("lstm")));
  assert.ok(fits({ freeze: true }, model("lstm")));
});

test("the letters of an edit without one are those of the operation", () => {
  assert.deepEqual(lettersOf({ freeze: true }, model("lstm")), ["c", "h"]);
  assert.deepEqual(lettersOf({ couple: true }, model("lstm")), ["i"]);
  assert.deepEqual(lettersOf({ couple: true }, model("gru")), []);
  assert.deepEqual(lettersOf({ steps: [0], swap: "good" }, model("lstm")), []);
  assert.deepEqual(lettersOf({ letter: "c", freeze: true }, model("lstm")), ["c"]);
});

const edited = (edits, { start = 0, cell = "lstm" } = {}) => {
  const words = ["a", "b", "c", "d"];
  const trace = new DecodedTrace(model(cell), "", answer(words, { h: words.map(() => [1, 2, 3, 4]) }), start, 9, { listed: [], edits, remarks: new Map(), problem: "" });
  return (letter, order = [0, 1, 2, 3]) => editedRuns(trace, trace.layer, letter, order);
};

test("all units are one run of rows, in each step that is edited", () => {
  const runs = edited([hold("i", [1, 3])]);
  assert.deepEqual(runs("i"), [{ t: 1, row: 0, rows: 4 }, { t: 3, row: 0, rows: 4 }]);
  assert.deepEqual(runs("f"), []);
  assert.deepEqual(edited([{ letter: "i", hold: 0 }])("i").map(({ t }) => t), [0, 1, 2, 3]);
});

test("some units are runs of rows in the order of the picture", () => {
  const runs = edited([hold("i", [1], 0, { units: [0, 3] }), hold("i", [1], 1, { units: [1] })]);
  assert.deepEqual(runs("i"), [{ t: 1, row: 0, rows: 2 }, { t: 1, row: 3, rows: 1 }]);
  assert.deepEqual(runs("i", [2, 3, 1, 0]), [{ t: 1, row: 1, rows: 3 }]);
});

test("steps are those of the text, columns those in sight", () => {
  assert.deepEqual(edited([hold("i", [3])], { start: 2 })("i"), [{ t: 1, row: 0, rows: 4 }]);
  assert.deepEqual(edited([hold("i", [1])], { start: 2 })("i"), []);
});

test("another layer or direction is not hatched", () => {
  for (const part of [{ layer: 1 }, { direction: "backward" }]) assert.deepEqual(edited([hold("i", [1], 0, part)])("i"), []);
  assert.equal(edited([hold("i", [1], 0, { layer: 0, direction: "forward" })])("i").length, 1);
});

test("a place names its layer only where there are several", () => {
  const one = { layer: 0, direction: "forward" };
  const two = { layer: 1, direction: "backward" };
  assert.deepEqual(placeOf({ layers: [one], start: 2 }, one, "i", 1, null), { letter: "i", steps: [3] });
  assert.deepEqual(placeOf({ layers: [one, two], start: 0 }, two, "i", 1, 5), { letter: "i", layer: 1, direction: "backward", units: [5], steps: [1] });
});
