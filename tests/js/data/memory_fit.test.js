import assert from "node:assert/strict";
import test from "node:test";

import { duration, fitInWords, inTime } from "../../../static/js/data/memory_fit.js";
import { model } from "../samples.js";

const HELD = { setting: "GATESCOPE_MAX_HELD", value: 1000, numbers: 4000, what: "numbers held at a time" };
const ALL = { parts: ["states", "loss", "saturation"], steps: 9, limit: null, left: [] };
const NEEDED = "states";

/**
 * An answer about 9 steps, by part: how many can be expected in time, and the seconds of all.
 * @param {Record<string, [number, number]>} parts
 */
function estimated(parts) {
  return { max_seconds: 20, memory_parts: Object.fromEntries(Object.entries(parts).map(([part, [in_time, seconds]]) => [part, { in_time, seconds }])) };
}

/** What is said of a text of 9 words, of which a picture shows up to `most`. */
function said(fit, timed, most = 100) {
  return fitInWords({ ...fit, timed, needed: NEEDED }, { left: fit.left, late: timed.late }, { steps: 9, model: model("lstm") }, most);
}

test("what comes soon is asked for at once, and nothing is said", () => {
  const timed = inTime(ALL, estimated({ states: [9, 1], loss: [9, 1.5], saturation: [9, 0.25] }), NEEDED, 100);
  assert.deepEqual(timed, { parts: ALL.parts, steps: 9, narrows: false, late: {}, apart: [], allowed: 20 });
  assert.equal(said(ALL, timed), "");
});

test("what takes long is asked for part by part, the shortest first", () => {
  const timed = inTime(ALL, estimated({ states: [9, 4], loss: [9, 3], saturation: [9, 0.25] }), NEEDED, 100);
  assert.deepEqual(timed.apart, ["saturation", "loss", "states"]);
  assert.equal(said(ALL, timed), "");
});

test("there are as many steps as the picture needs in time, without the parts that take longer", () => {
  const timed = inTime(ALL, estimated({ states: [5, 31], loss: [4, 100], saturation: [9, 0.25] }), NEEDED, 100);
  assert.deepEqual([timed.steps, timed.parts, timed.late], [5, ["states", "saturation"], { loss: 100 }]);
  assert.equal(
    said(ALL, timed),
    "More than 5 words of states by earlier states may take longer than the 20 s that this server computes for an answer (GATESCOPE_MAX_SECONDS); shown are 5, the last of them the chosen one, or else the last in sight. " +
      "Not asked for, as it may take longer than the 20 s that this server computes for an answer (GATESCOPE_MAX_SECONDS): the gradient of the loss (2 min). These are estimates, by the work and the speed of this machine when nothing else runs; it may take twice as long.",
  );
});

test("a picture that shows few steps asks for no more in time", () => {
  const timed = inTime(ALL, estimated({ states: [5, 31], loss: [3, 100], saturation: [9, 0.25] }), NEEDED, 3);
  assert.deepEqual([timed.steps, timed.narrows, timed.late], [3, false, {}]);
});

test("where not even two steps of what is needed come in time, nothing is asked for", () => {
  const timed = inTime(ALL, estimated({ states: [1, 900], loss: [9, 1], saturation: [9, 0.25] }), NEEDED, 100);
  assert.deepEqual([timed.steps, timed.parts, timed.apart], [0, [], []]);
  assert.match(said(ALL, timed), /^Even of two words, states by earlier states may take longer than the 20 s .* higher GATESCOPE_MAX_SECONDS\.$/);
});

test("what holds and what comes in time are said together", () => {
  const fit = { parts: ["states", "saturation"], steps: 6, limit: HELD, left: ["loss"] };
  const narrow = inTime(fit, estimated({ states: [4, 31], saturation: [9, 0.25] }), NEEDED, 100);
  assert.equal(narrow.steps, 4);
  assert.match(said(fit, narrow), /\(GATESCOPE_MAX_HELD\)\. Without the gradient of the loss, which would not fit\. More than 4 words .* shown are 4,/);
  const wide = inTime(fit, estimated({ states: [7, 31], saturation: [9, 0.25] }), NEEDED, 100);
  assert.equal(wide.steps, 6);
  assert.match(said(fit, wide), /: 6 words fit, the last of them the chosen one, or else the last in sight\. Without the gradient of the loss, which would not fit\.$/);
});

test("where not even two steps can be held, that is what is said", () => {
  const none = { parts: [], steps: 0, limit: HELD, left: ["states"] };
  assert.match(said(none, inTime(none, estimated({ states: [9, 1] }), NEEDED, 100)), /: not even two words fit\. .* higher GATESCOPE_MAX_HELD\.$/);
});

test("times as one says them", () => {
  assert.deepEqual([0.25, 4.2, 31.4, 100, 7200].map(duration), ["0.3 s", "4 s", "31 s", "2 min", "2 h"]);
});
