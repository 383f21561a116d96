import assert from "node:assert/strict";
import test from "node:test";

import { Problem } from "../../../static/js/data/api.js";
import { ModelLibrary } from "../../../static/js/data/model_library.js";
import { answer, list, model } from "../samples.js";

const models = [model("lstm"), model("lstm", { id: "second-lstm" }), model("gru"), model("rnn"), model("gru", { id: "alone", task: "other" })];
const library = new ModelLibrary({ models, max_text: 20, page_entries: 120 });
const selection = { model: "test-gru", text: "not  good", compare: "", other: "bad", start: 0 };
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
  assert.equal(new ModelLibrary({ models, max_text: 20, page_entries: 1 }).pageSize(selection), 1);
});

test("the traces that came with the page are decoded up to a step", () => {
  const first = answer(["a", "b", "c"], { h: [[1, 2], [3, 4], [5, 6]] });
  const [trace, none] = library.decode([first, null], { ...selection, compare: "text" }, 2);
  assert.equal(none, null);
  assert.deepEqual(list(trace.layers[0].values("h")), [1, 2, 3, 4]);
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
