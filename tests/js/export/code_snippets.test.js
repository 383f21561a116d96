import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";

import { DecodedTrace } from "../../../static/js/data/decoded_trace.js";
import { asCurl, asPython } from "../../../static/js/export/code_snippets.js";
import { answer, model } from "../samples.js";

const ORIGIN = "http://127.0.0.1:8000";
const words = ["a", "b", "c"];
const traceOf = (text, size = 9, id = "my model") => new DecodedTrace(model("lstm", { id }), text, answer(words, { h: words.map(() => [1, 2]) }), 0, size);

/** The words that a shell makes of a line. */
const shellWords = (line) => execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf-8" }).split("\0").slice(0, -1);

test("curl posts the text to the model", () => {
  assert.deepEqual(shellWords(asCurl(ORIGIN, traceOf("not good"))), [
    ...["curl", "-s", `${ORIGIN}/api/v1/models/my%20model/traces`, "-H", "Content-Type: application/json", "-d", '{"text":"not good"}'],
  ]);
});

test("a shell reads any text as it is", () => {
  for (const text of ["it's $HOME `id` \\ \"x\"\n!", "''", "שלום"]) {
    assert.deepEqual(JSON.parse(shellWords(asCurl(ORIGIN, traceOf(text))).at(-1)), { text });
  }
});

test("half of a character is not sent", () => {
  assert.deepEqual(JSON.parse(shellWords(asCurl(ORIGIN, traceOf("a\ud800"))).at(-1)), { text: "a\ufffd" });
});

test("only a part of a text has its steps with it", () => {
  assert.deepEqual(JSON.parse(shellWords(asCurl(ORIGIN, traceOf("a b c", 2))).at(-1)), { text: "a b c", start: 0, stop: 2 });
});

test("of many outputs, as many are asked for as the page has", () => {
  const trace = traceOf("a b c");
  const large = new DecodedTrace({ ...trace.model, top: 3 }, "a b c", answer(words, { h: words.map(() => [1, 2]) }), 0, 9);
  assert.deepEqual(JSON.parse(shellWords(asCurl(ORIGIN, large)).at(-1)), { text: "a b c", top: 3 });
  assert.ok(asPython(ORIGIN, large, large.layer, 0).includes('body = {"text":"a b c","top":3}'));
});

test("the Python program asks the same and prints one unit", () => {
  const trace = traceOf("it's \"good\"\n");
  const program = asPython(ORIGIN, trace, trace.layer, 17);
  assert.match(program, /Request\("http:\/\/127\.0\.0\.1:8000\/api\/v1\/models\/my%20model\/traces"/);
  assert.match(program, /trace\["layers"\]\[0\]\["activations"\]/);
  assert.match(program, /rows\[t\]\[17\]/);
  assert.ok(program.includes('body = {"text":"it\'s \\"good\\"\\n"}'));
});

test("both calls have the edits of what is in sight, as each language writes them", () => {
  const edits = [{ letter: "i", steps: [1], hold: 0.5 }, { steps: [0], freeze: true }, { steps: [2], swap: '":true,' }];
  const trace = traceOf("a b c", 9, "m");
  const edited = new DecodedTrace(trace.model, "a b c", answer(words, { h: words.map(() => [1, 2]) }), 0, 9, { listed: [], edits, remarks: new Map(), problem: "" });
  assert.deepEqual(JSON.parse(shellWords(asCurl(ORIGIN, edited)).at(-1)), { text: "a b c", edits });
  const [, body] = /^(body = .*)$/m.exec(asPython(ORIGIN, edited, edited.layer, 0));
  const printed = execFileSync("python3", ["-c", `import json\n${body}\nprint(json.dumps(body))`], { encoding: "utf-8" });
  assert.deepEqual(JSON.parse(printed), { text: "a b c", edits });
});
