import assert from "node:assert/strict";
import test from "node:test";

import { elsewhere, unitsOnIn } from "../../../static/js/data/unit_search.js";
import { layer } from "../samples.js";

const decoded = layer({
  c: [
    [0, 0.9, 0, -0.9],
    [0.8, 0.9, -0.7, 0],
    [0.6, 0.9, -0.6, 0.9],
    [0, 0, 0, 0],
    [0.9, 0, -0.9, 0],
  ],
});
const phrase = { from: 1, to: 2, by: "c", above: 0.5 };

test("a unit is on throughout the phrase and off around it, on either side of zero", () => {
  assert.deepEqual(unitsOnIn(decoded, phrase), [{ unit: 0, sign: 1 }, { unit: 2, sign: -1 }]);
});

test("at the beginning and the end of the text nothing has to be off", () => {
  assert.deepEqual(unitsOnIn(decoded, { ...phrase, from: 0 }), [{ unit: 1, sign: 1 }]);
  assert.deepEqual(unitsOnIn(decoded, { ...phrase, from: 4, to: 4 }), [{ unit: 0, sign: 1 }, { unit: 2, sign: -1 }]);
});

test("the threshold counts as on", () => {
  const exact = layer({ c: [[0.5], [0.25]] });
  assert.deepEqual(unitsOnIn(exact, { from: 0, to: 0, by: "c", above: 0.5 }), [{ unit: 0, sign: 1 }]);
});

test("elsewhere is where all of them are on together, but for the phrase", () => {
  assert.deepEqual(elsewhere(decoded, phrase, unitsOnIn(decoded, phrase)), [{ from: 4, to: 4 }]);
  assert.deepEqual(elsewhere(decoded, phrase, [{ unit: 1, sign: 1 }]), [], "a run that runs into the phrase is not elsewhere");
  assert.deepEqual(elsewhere(decoded, phrase, []), []);
});
