import assert from "node:assert/strict";
import test from "node:test";

import { limitInWords, limitsOf, memoryThatFits } from "../../../static/js/data/limits.js";
import { model } from "../samples.js";

const HELD = { setting: "GATESCOPE_MAX_HELD", value: 1000, numbers: 4000, what: "numbers held at a time" };
const ALL = { steps: 9, limit: null };

/**
 * Let questions be answered: together by what is listed for so many parts, alone by part. Returns the queries.
 * @param {Record<number, object>} together
 * @param {Record<string, object>} alone
 */
function answering(together, alone) {
  const queries = [];
  globalThis.fetch = async (url) => {
    const query = new URLSearchParams(url.split("?")[1]);
    queries.push(query.toString());
    return new Response(JSON.stringify({ memory: together[query.getAll("parts").length], memory_parts: alone }));
  };
  return queries;
}

let count = 0;

/** A question about a model that nothing was asked about yet. */
function ask() {
  count += 1;
  return memoryThatFits(model("lstm", { id: `asked-${count}` }), { steps: 9, layer: 2, parts: ["states", "loss"], needed: "states" });
}

test("all that fits is asked for", async () => {
  const queries = answering({ 2: ALL }, { states: ALL, loss: ALL });
  assert.deepEqual(await ask(), { parts: ["states", "loss"], steps: 9, limit: null, left: [] });
  assert.deepEqual(queries, ["steps=9&layers=2&parts=states&parts=loss"]);
});

test("fewer steps are, with the limit that more would pass", async () => {
  answering({ 2: { steps: 4, limit: HELD } }, { states: ALL, loss: ALL });
  assert.deepEqual(await ask(), { parts: ["states", "loss"], steps: 4, limit: HELD, left: [] });
});

test("a part that does not fit at all is left out", async () => {
  answering({ 2: { steps: 0, limit: HELD }, 1: { steps: 7, limit: HELD } }, { states: { steps: 7, limit: HELD }, loss: { steps: 0, limit: HELD } });
  assert.deepEqual(await ask(), { parts: ["states"], steps: 7, limit: HELD, left: ["loss"] });
});

test("parts that fit only one by one give way to the one that is needed", async () => {
  answering({ 2: { steps: 1, limit: HELD } }, { states: { steps: 5, limit: HELD }, loss: ALL });
  assert.deepEqual(await ask(), { parts: ["states"], steps: 5, limit: HELD, left: ["loss"] });
});

test("nothing fits without the part that is needed", async () => {
  answering({ 2: { steps: 0, limit: HELD } }, { states: { steps: 1, limit: HELD }, loss: ALL });
  assert.deepEqual(await ask(), { parts: [], steps: 0, limit: HELD, left: ["states", "loss"] });
});

test("what was asked is known, but not a failure", async () => {
  const asked = model("gru", { id: "known" });
  globalThis.fetch = async () => new Response("{}", { status: 503 });
  await assert.rejects(limitsOf(asked, { steps: 3 }));
  const queries = answering({ 0: ALL }, {});
  await limitsOf(asked, { steps: 3 });
  await limitsOf(asked, { steps: 3 });
  assert.deepEqual(queries, ["steps=3"]);
});

test("a limit in words", () => {
  assert.equal(limitInWords(HELD, "All 9 words"), "All 9 words take 4,000 numbers held at a time, and this server allows 1,000 (GATESCOPE_MAX_HELD)");
  const sent = { ...HELD, setting: "GATESCOPE_MAX_VALUES", what: "9 steps × 2 units × 6 arrays" };
  assert.match(limitInWords(sent, "All 9 words"), /take 4,000 numbers \(9 steps × 2 units × 6 arrays\), and/);
});
