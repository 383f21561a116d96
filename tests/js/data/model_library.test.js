import assert from "node:assert/strict";
import test from "node:test";

import { Problem } from "../../../static/js/data/api.js";
import { ModelLibrary } from "../../../static/js/data/model_library.js";
import { answer, list, model } from "../samples.js";

const models = [model("lstm"), model("lstm", { id: "second-lstm" }), model("gru"), model("rnn"), model("gru", { id: "alone", task: "other" })];
const library = new ModelLibrary({ models, max_text: 20, page_entries: 120, page_rows: 256 });
const selection = { model: "test-gru", text: "not  good", compare: "", other: "bad", start: 0, edits: [], layer: null, order: "index", rows: null, unit: null };
const { signal } = new AbortController();

test("a model that is not there gives way to the first", () => {
  assert.equal(library.model("test-rnn").id, "test-rnn");
  assert.equal(library.model("nope").id, "test-lstm");
});

test("without a comparison there is one lane, without a title", () => {
  assert.deepEqual(library.lanes(selection), [{ model: models[2], text: "not  good", title: "" }]);
});

test("next to the other cells there is one lane for each, the chosen model for its own", () => {
  const lanes = (id) => library.lanes({ ...selection, model: id, compare: "cells" }).map((lane) => lane.model.id);
  assert.deepEqual(lanes("test-gru"), ["test-lstm", "test-gru", "test-rnn"]);
  assert.deepEqual(lanes("second-lstm"), ["second-lstm", "test-gru", "test-rnn"]);
  assert.deepEqual(lanes("alone"), ["alone"]);
});

test("next to another text there are two lanes, titled by their texts", () => {
  const lanes = library.lanes({ ...selection, compare: "text", other: "b\u00a0d" });
  assert.deepEqual(lanes.map(({ model: { id }, text, title }) => [id, text, title]), [
    ["test-gru", "not  good", "“not  good”"],
    ["test-gru", "b\u00a0d", "“b‹NBSP›d”"],
  ]);
});

test("a page holds what all of its pictures may hold together", () => {
  assert.equal(library.pageSize({ ...selection, model: "test-lstm" }), 120 / (2 * 6));
  assert.equal(library.pageSize({ ...selection, compare: "text" }), 120 / (2 * 4) / 3);
  assert.equal(library.pageSize({ ...selection, compare: "cells" }), Math.floor(120 / (2 * 6) / 3));
  assert.equal(new ModelLibrary({ models, max_text: 20, page_entries: 1, page_rows: 256 }).pageSize(selection), 1);
});

test("heatmaps begin at the page that holds the chosen step, or else the phrase, and never before the first step shown", () => {
  const size = library.pageSize(selection);
  const find = { from: 2 * size + 1, to: 2 * size + 1, by: "h", above: 0.5 };
  const page = (/** @type {object} */ change) => library.pageStart({ ...selection, ...change });
  assert.equal(page({}), 0);
  assert.equal(page({ step: size - 1 }), 0);
  assert.equal(page({ step: size }), size);
  assert.equal(page({ step: 0, find }), 0);
  assert.equal(page({ find }), 2 * size);
  assert.equal(page({ start: 3, step: size + 2 }), 3);
  assert.equal(page({ start: 3, step: size + 3 }), size + 3);
  assert.equal(page({ start: 3, step: 1 }), 3);
  assert.equal(page({ compare: "text", step: 99 }), 0, "its columns are not steps");
  assert.equal(library.part(models[2], { ...selection, step: size }).rows.start, size);
});

test("the traces that came with the page are decoded up to a step", () => {
  const first = answer(["a", "b", "c"], { h: [[1, 2], [3, 4], [5, 6]] });
  const [trace, none] = library.decode([first, null], { ...selection, compare: "text" }, 2);
  assert.equal(none, null);
  assert.deepEqual(list(trace.layer.values("h")), [1, 2, 3, 4]);
  assert.equal(trace.text, "not  good");
});

test("a blank text is not asked for, and a long one is refused before", async () => {
  globalThis.fetch = () => assert.fail("nothing has to be asked");
  assert.deepEqual(await library.ask({ ...selection, text: " " }, signal), [null]);
  await assert.rejects(library.ask({ ...selection, text: "a".repeat(21) }, signal), {
    message: "The text has 21 characters; this server takes up to 20. Nothing is lost: shorten it to go on.",
  });
});

test("a page behind the end of the text is a problem of its start", async () => {
  globalThis.fetch = async () => new Response(JSON.stringify(answer(["a"], { h: [[1, 2]] })));
  const [trace] = await library.ask(selection, signal);
  assert.equal(trace.steps, 1);
  await assert.rejects(library.ask({ ...selection, start: 4 }, signal), (error) => error instanceof Problem && error.fields[0] === "start");
});

/** Let fetch answer as the server does, by `refuse`, and keep what was asked. */
function answering(refuse = () => null) {
  const asked = [];
  globalThis.fetch = async (url, { body }) => {
    const { text, edits } = JSON.parse(body);
    asked.push({ model: url.split("/")[4], text, edits });
    const problem = edits && refuse(edits, text);
    if (problem) return new Response(JSON.stringify(problem), { status: problem.status ?? 422 });
    return new Response(JSON.stringify({ ...answer(["a", "b"], { h: [[1, 2], [3, 4]] }, { outputs: [[0.5], [edits ? 0.9 : 0.1]] }), ...(edits && { notes: problem?.notes ?? [] }) }));
  };
  return asked;
}

const I = { letter: "i", steps: [1], hold: 0 };
const Z = { letter: "z", steps: [1], hold: 1 };
const C = { letter: "c", units: [7], hold: 1 };
const listed = [{ edit: Z, on: false }, { edit: I, on: true }, { edit: Z, on: true }, { edit: C, on: true }];

test("an edited trace has the original next to it; edits that are off are not sent", async () => {
  const asked = answering();
  const [trace] = await library.ask({ ...selection, edits: listed.slice(0, 3) }, signal);
  assert.deepEqual(asked.map(({ edits }) => edits), [undefined, [Z]]);
  assert.deepEqual([...trace.outputsAt(1), ...trace.original.outputsAt(1)].map((value) => value.toFixed(1)), ["0.9", "0.1"]);
  assert.deepEqual(trace.edits, [Z]);
  assert.equal(trace.original.original, null);
});

test("without an edit that is on, nothing else is asked for", async () => {
  const asked = answering();
  const [trace] = await library.ask({ ...selection, edits: listed.slice(0, 1) }, signal);
  assert.equal(asked.length, 1);
  assert.deepEqual([trace.original, trace.edits, trace.editing.remarks.size], [null, [], 0]);
});

test("a cell gets only edits of letters that it has, and the list hears of the others", async () => {
  const asked = answering();
  const traces = await library.ask({ ...selection, compare: "cells", edits: listed }, signal);
  const sent = Object.fromEntries(asked.filter(({ edits }) => edits).map(({ model: id, edits }) => [id, edits]));
  assert.deepEqual(sent, { "test-lstm": [I, C], "test-gru": [Z] });
  assert.deepEqual(traces.map((trace) => [...trace.editing.remarks]), [
    [[2, "an LSTM has no z"]],
    [[1, "a GRU has no i"], [3, "a GRU has no c"]],
    [[1, "a plain RNN has no i"], [2, "a plain RNN has no z"], [3, "a plain RNN has no c"]],
  ]);
});

test("the text that is compared with takes no edits", async () => {
  const asked = answering();
  const [first, second] = await library.ask({ ...selection, compare: "text", edits: listed }, signal);
  assert.deepEqual(asked.filter(({ edits }) => edits).map(({ text }) => text), ["not  good"]);
  assert.deepEqual([first.edits, second.edits, second.editing], [[Z], [], null]);
});

test("an edit that the server refuses is left out, with its words as a remark", async () => {
  const isC = (edit) => edit.letter === "c";
  const asked = answering((edits) => edits.some(isC) && { detail: "no", errors: [{ where: `edits.${edits.findIndex(isC)}.units`, what: "there is no unit 7" }] });
  const [trace] = await library.ask({ ...selection, model: "test-lstm", edits: listed }, signal);
  assert.deepEqual(asked.map(({ edits }) => edits), [undefined, [I, C], [I]]);
  assert.deepEqual(trace.edits, [I]);
  assert.deepEqual([...trace.editing.remarks].at(-1), [3, "units: there is no unit 7"]);
});

test("where the list as a whole is refused, the run without edits is shown, and why", async () => {
  answering(() => ({ detail: "The states overflow.", errors: [{ where: "text", what: "they overflow" }] }));
  const [trace] = await library.ask({ ...selection, edits: listed }, signal);
  assert.deepEqual([trace.edits, trace.original, trace.editing.problem], [[], null, "The states overflow."]);
});

test("a server that fails is not a matter of edits", async () => {
  answering(() => ({ detail: "Busy.", status: 503 }));
  await assert.rejects(library.ask({ ...selection, edits: listed }, signal), { message: "Busy.", isTemporary: true });
});

test("notes of the server name edits by their place in the list", async () => {
  globalThis.fetch = async () =>
    new Response(JSON.stringify({ ...answer(["a"], { h: [[1, 2]] }), notes: ["edits[0] (z@1=1) changes nothing: edits[1] sets the same places after it"] }));
  const [trace] = await library.ask({ ...selection, edits: [...listed, { edit: Z, on: true }] }, signal);
  assert.equal(trace.editing.remarks.get(2), "changes nothing: edit 5 sets the same places after it");
});

/** An answer for any text: a word for each of its words. */
function reading() {
  const asked = [];
  globalThis.fetch = async (_, { body }) => {
    const { text, edits, units } = JSON.parse(body);
    const words = text.split(" ");
    asked.push(units ? `words of ${text}` : edits ? `${text}: ${edits.map(({ steps }) => steps)}` : text);
    return new Response(JSON.stringify(answer(words, { h: words.map(() => [1, 2]) })));
  };
  return asked;
}

const at = (step) => ({ edit: { letter: "z", steps: [step], hold: 1 }, on: true });
const follow = (text, edits, words = ["a", "b"]) => library.askFollowing({ ...selection, text, edits }, { text: "a b", words }, signal);

test("edits that typing does not move are asked for at once", async () => {
  const asked = reading();
  const edits = [at(0)];
  const answers = await follow("a c", edits);
  assert.deepEqual(asked, ["a c", "a c: 0"]);
  assert.equal(answers.edits, edits);
  assert.equal(answers.traces[0].editing.listed, edits, "the list knows the answer as its own");
  assert.deepEqual(answers.lost, []);
});

test("edits that move are asked for again", async () => {
  const asked = reading();
  const { edits, lost, traces } = await follow("c a b", [at(0)]);
  assert.deepEqual(asked, ["c a b", "c a b: 0", "c a b", "c a b: 1"]);
  assert.deepEqual([edits, lost], [[at(1)], []]);
  assert.deepEqual(traces[0].edits, [at(1).edit]);
});

test("edits whose words have gone are named by their places", async () => {
  reading();
  const { edits, lost, traces } = await follow("a c", [at(0), at(1)]);
  assert.deepEqual(lost, [1]);
  assert.deepEqual(edits[1], { ...at(1), on: false, lost: ["b"] });
  assert.deepEqual(traces[0].edits, [at(0).edit]);
});

test("words that are not known are asked for: those of a text before, and of one that is longer than a page", async () => {
  const asked = reading();
  await follow("a c", [at(0)], null);
  assert.deepEqual(asked, ["a c", "a c: 0", "words of a b"]);
  asked.length = 0;
  const long = "a b c d e f g h i";
  await new ModelLibrary({ models, max_text: 20, page_entries: 8, page_rows: 256 }).askFollowing({ ...selection, text: long, edits: [at(0)] }, { text: "a b", words: ["a", "b"] }, signal);
  assert.deepEqual(asked, [long, `${long}: 0`, `words of ${long}`]);
});

test("a blank text has no words", async () => {
  reading();
  const { edits, traces } = await follow(" ", [at(0)]);
  assert.deepEqual([edits[0].on, traces], [false, [null]]);
});

test("edits are those of the text as long as it is the same", async () => {
  const asked = reading();
  const { edits } = await library.askFollowing({ ...selection, text: "a b", edits: [at(9)] }, { text: "a b", words: null }, signal);
  assert.deepEqual([edits, asked], [[at(9)], ["a b", "a b: 9"]]);
});

const many = model("lstm", { id: "many", task: "many", hidden_size: 600, layers: 3, bidirectional: true });
const large = new ModelLibrary({ models: [many], max_text: 20, page_entries: 256 * 6 * 4, page_rows: 256 });
const wide = { ...selection, model: "many" };

test("of a large layer a page holds as many steps as of one of 256 units", () => {
  assert.equal(large.pageSize(wide), 4);
});

test("only the layer that is shown is asked for, and a window of its units", () => {
  const common = { directions: ["forward"], summary: true };
  const rows = { by: "index", at: null, start: 0, stop: 4, count: 256 };
  assert.deepEqual(large.part(many, wide), { layers: [2], ...common, rows: { ...rows, first: 0 } });
  assert.deepEqual(large.part(many, { ...wide, layer: 1, unit: 900 }), { layers: [0], directions: ["backward"], summary: true, rows: { ...rows, containing: 599 } });
  const later = { ...wide, unit: 7, rows: 256, order: "value", at: 9, start: 8 };
  assert.deepEqual(large.part(many, later), { layers: [2], ...common, rows: { ...rows, by: "value", at: 9, start: 8, stop: 12, first: 256 } });
  assert.equal(large.part(many, { ...wide, order: "variance", at: 9 }).rows.at, null, "no other order is about a step");
});

test("what came with the page serves if it is that part", () => {
  const came = (layer, direction, units, first) => {
    const each = answer(["a"], { c: [units] }, { units, first, direction, hidden_size: 600 });
    return [{ ...each, layers: [{ ...each.layers[0], layer }] }];
  };
  const [top, low] = [came(2, "forward", [0, 1], 0), came(0, "backward", [256, 257], 256)];
  assert.ok(large.isPart(top, wide) && large.isPart([null], wide) && large.isPart(low, { ...wide, layer: 1, unit: 257 }));
  for (const change of [{ layer: 0 }, { layer: 5 }, { order: "variance" }, { rows: 256 }, { unit: 9 }]) assert.ok(!large.isPart(top, { ...wide, ...change }), JSON.stringify(change));
});

/** Let fetch answer with the units asked for, else with some of its own. */
function sorting() {
  const asked = [];
  globalThis.fetch = async (_, { body }) => {
    const { text, edits, rows, units, activations } = JSON.parse(body);
    asked.push([text, edits ? "edited" : "plain", rows?.by ?? units ?? activations[0]]);
    const own = edits ? [5, 3] : [1, 2];
    const sent = answer(["a", "b"], { c: [[1, 2], [3, 4]] }, { ...(rows && { units: own, first: 0 }), hidden_size: units || rows ? 600 : 2 });
    return new Response(JSON.stringify({ ...sent, units: units ?? null, ...(edits && { notes: [] }) }));
  };
  return asked;
}

test("without edits the same units are shown as with them", async () => {
  const asked = sorting();
  const edits = [{ edit: I, on: true }];
  const [trace] = await large.ask({ ...wide, text: "a b", order: "variance", edits }, signal);
  assert.deepEqual(asked, [["a b", "edited", "variance"], ["a b", "plain", [5, 3]]]);
  assert.deepEqual([trace.layer.rows, trace.original.layer.rows, trace.original.layer.at("c", 1, 3)], [[5, 3], [5, 3], 4]);
});

test("two texts show the same units", async () => {
  const asked = sorting();
  const [first, second] = await large.ask({ ...wide, text: "a b", other: "a c", compare: "text", order: "similarity" }, signal);
  assert.deepEqual(asked, [["a b", "plain", "similarity"], ["a c", "plain", [1, 2]]]);
  assert.deepEqual(second.layer.rows, first.layer.rows);
});

test("all units of a layer are asked for once, where they are not in sight", async () => {
  const asked = sorting();
  const [trace] = await large.ask({ ...wide, text: "a b" }, signal);
  const [once, again] = [await large.whole(trace, "c"), await large.whole(trace, "c")];
  assert.deepEqual([once === again, once.isWhole, asked.length], [true, true, 2]);
  const [small] = await library.ask({ ...selection, text: "a b" }, signal);
  assert.equal(library.whole(Object.assign(small, { layer: { isWhole: true } }), "h"), small.layer);
});
