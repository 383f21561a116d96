import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { fromShortForm, operationOf, ranges, shortForm } from "../../../static/js/data/short_form.js";

/** What `test_short_form.py` tries with Python's reader and writer. */
const cases = JSON.parse(readFileSync(new URL("../../short_forms.json", import.meta.url), "utf-8"));
const listed = (edits, on = true) => edits.map((edit) => ({ edit, on }));

for (const [short, edits] of [...cases.written, ...cases.read]) {
  test(`${short || "nothing"} is read as Python reads it`, () => assert.deepEqual(fromShortForm(short), listed(edits)));
}

for (const [short, edits] of cases.written) {
  test(`${short || "nothing"} is written as Python writes it`, () => assert.equal(shortForm(listed(edits)), short));
}

for (const short of cases.refused) {
  test(`${short} is refused, as Python refuses it`, () => assert.equal(fromShortForm(short), undefined));
}

test("an edit that is off has a ! before it", () => {
  const list = [...listed([{ letter: "i", hold: 0 }]), ...listed([{ steps: [1], freeze: true }], false)];
  assert.equal(shortForm(list), "i=0;!@1:freeze");
  assert.deepEqual(fromShortForm("i=0;!@1:freeze"), list);
  assert.equal(fromShortForm("!"), undefined);
  assert.equal(fromShortForm("!!i=0"), undefined);
});

test("a word that is lost is not written", () => {
  assert.equal(shortForm([{ edit: { letter: "i", steps: [3], hold: 0 }, on: false, lost: ["not"] }]), "!i@3=0");
});

test("the fields are in the order of the data form", () => {
  const [{ edit }] = fromShortForm("1.backward.c[8]@4~0:scale=0.5");
  assert.deepEqual(Object.keys(edit), ["letter", "layer", "direction", "units", "steps", "sequences", "scale"]);
});

test("an edit has one operation", () => {
  assert.deepEqual(operationOf({ letter: "i", steps: [3], hold: 0 }), ["hold", 0]);
  assert.deepEqual(operationOf({ swap: "hold", steps: [3] }), ["swap", "hold"]);
});

test("runs of three or more indices are ranges", () => {
  assert.equal(ranges([0, 1, 2, 5, 6, 9, 8]), "0-2,5,6,9,8");
});
