import assert from "node:assert/strict";
import test from "node:test";

import { Problem, fetchCost, fetchFile, fetchMemory, fetchTrace, fetchWords, numbers } from "../../../static/js/data/api.js";
import { list, model, typedArray } from "../samples.js";

const { signal } = new AbortController();

/** Let fetch give an answer, and keep what it was asked. */
function answering(body, init) {
  const calls = [];
  globalThis.fetch = async (url, options) => {
    calls.push({ url, ...options });
    return new Response(body, init);
  };
  return calls;
}

test("numbers come row by row, NaN for null", () => {
  assert.deepEqual(list(numbers(typedArray([[0.5, -1], [null, 3]]))), [0.5, -1, NaN, 3]);
});

test("an array that is not in base64 is refused", () => {
  assert.throws(() => numbers([[1, 2]]), TypeError);
});

test("a trace is asked for by POST, in base64, without lone surrogates", async () => {
  const calls = answering('{"steps": 1}');
  assert.deepEqual(await fetchTrace(model("lstm", { id: "a/b" }), { text: "x\ud800", start: 2, stop: 9 }, signal), { steps: 1 });
  assert.equal(calls[0].url, "/api/v1/models/a%2Fb/traces");
  assert.equal(calls[0].method, "POST");
  assert.deepEqual(JSON.parse(calls[0].body), { text: "x\ufffd", start: 2, stop: 9, encoding: "base64" });
});

test("edits are asked for, of a trace and of a file of it", async () => {
  const edits = [{ letter: "i", steps: [3], hold: 0 }];
  const calls = answering("{}");
  await fetchTrace(model("lstm"), { text: "x", start: 0, stop: 1, edits }, signal);
  const parts = [];
  const file = await fetchFile({ model: model("lstm"), text: "x", start: 0, stop: 1, edits }, "text/csv", signal, (part) => parts.push(...part));
  assert.equal(await file.text(), "{}");
  assert.equal(String.fromCharCode(...parts), "{}");
  assert.deepEqual(calls.map(({ body }) => JSON.parse(body).edits), [edits, edits]);
});

test("the words of a text come with few numbers", async () => {
  const calls = answering('{"tokens": [{"text": "not"}, {"text": "good"}]}');
  assert.deepEqual(await fetchWords(model("gru"), "not good", signal), ["not", "good"]);
  assert.deepEqual(JSON.parse(calls[0].body), { text: "not good", layers: [0], activations: ["h"], units: [0], encoding: "base64" });
});

test("a problem carries the server's words and the fields that are wrong", async () => {
  answering(JSON.stringify({ detail: "Too long.", errors: [{ where: "text", what: "too long" }] }), { status: 422 });
  await assert.rejects(fetchCost("m", 500, signal), (error) => {
    assert.ok(error instanceof Problem);
    assert.deepEqual([error.message, error.fields, error.isTemporary], ["Too long.", ["text"], false]);
    assert.deepEqual(error.errors, [{ where: "text", what: "too long" }]);
    return true;
  });
});

test("a failing server may succeed later", async () => {
  answering("<html>", { status: 502 });
  await assert.rejects(fetchCost("m", 500, signal), { message: "The server failed (status 502). Your text is kept.", isTemporary: true });
});

test("progress comes before the answer, however the lines are cut", async () => {
  const lines = '{"done": 0.25}\n{"done": 0.5}\n{"answer": {"steps": 3}}\n';
  const shares = [];
  const chunks = new ReadableStream({
    start(controller) {
      for (const part of [lines.slice(0, 20), lines.slice(20, 40), lines.slice(40)]) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  answering(chunks);
  assert.deepEqual(await fetchMemory("m", {}, signal, (share) => shares.push(share)), { steps: 3 });
  assert.deepEqual(shares, [0.25, 0.5]);
});

test("an answer that breaks off is an error", async () => {
  answering('{"done": 0.25}\n');
  await assert.rejects(fetchMemory("m", {}, signal, () => {}), TypeError);
});
