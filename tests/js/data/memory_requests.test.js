import assert from "node:assert/strict";
import test from "node:test";

import { DecodedTrace } from "../../../static/js/data/decoded_trace.js";
import { MemoryRequests, lossTarget, hasHead } from "../../../static/js/data/memory_requests.js";
import { answer, model } from "../samples.js";

const { signal } = new AbortController();
const request = { model: model("lstm"), text: "not good", start: 0, stop: 2, step: 1, alpha: 2, weights: "trained", derivative: "states", target: 0 };

/** Let every call be answered, and keep the bodies. */
function answering() {
  const bodies = [];
  globalThis.fetch = async (url, { body }) => {
    bodies.push(JSON.parse(body));
    const memory = { start: 0, stop: 2, tokens: [{ text: "not" }, { text: "good" }], layers: [{}] };
    return new Response(`{"done": 0.5}\n${JSON.stringify({ answer: memory })}\n`);
  };
  return bodies;
}

test("one call is about the whole text, one about the step", async () => {
  const bodies = answering();
  const memory = await new MemoryRequests().ask(request, signal, () => {});
  assert.deepEqual(memory.words, ["not", "good"]);
  const common = { text: "not good", layers: [0], start: 0, stop: 2, alpha: 2, weights: "trained", encoding: "base64" };
  assert.deepEqual(bodies, [
    { ...common, parts: ["inputs", "loss", "time_scales", "saturation", "spectra", "states"], target: 0 },
    { ...common, parts: ["spectral", "attribution"], step: 1 },
  ]);
});

test("only the layer in sight is asked about, and its direction is found in the answer", async () => {
  const bodies = [];
  globalThis.fetch = async (url, { body }) => {
    bodies.push(JSON.parse(body));
    const layers = ["forward", "backward"].map((direction) => ({ layer: 1, direction, log10_spectral: [direction === "backward" ? 1 : 0] }));
    return new Response(`${JSON.stringify({ answer: { start: 0, stop: 2, tokens: [], layers } })}\n`);
  };
  const deep = { ...request, model: model("gru", { layers: 2, bidirectional: true }) };
  const memory = await new MemoryRequests().ask({ ...deep, layer: 3 }, signal, () => {});
  assert.deepEqual(bodies.map(({ layers }) => layers), [[1], [1]]);
  assert.equal(memory.layer(3).direction, "backward");
  assert.equal(memory.layer(2).direction, "forward");
  assert.deepEqual(memory.spectral(3), [1]);
});

test("what takes too long is asked for part by part, without those that do", async () => {
  const asked = [];
  globalThis.fetch = async (url, { body }) => {
    const { parts } = JSON.parse(body);
    asked.push(parts);
    const problem = { type: "out-of-time", status: 503, detail: "Too long." };
    if (parts.length > 1 || parts[0] === "loss") return new Response(`${JSON.stringify({ done: 0.5, problem })}\n`);
    const memory = { start: 0, stop: 2, tokens: [{ text: "not" }, { text: "good" }], layers: [{ [parts[0]]: parts[0] }] };
    return new Response(`${JSON.stringify({ answer: memory })}\n`);
  };
  const memory = await new MemoryRequests().ask(request, signal, () => {});
  assert.deepEqual(memory.missing, { loss: "Too long." });
  assert.equal(memory.layer(0).inputs, "inputs");
  assert.equal(memory.layer(0).states, "states");
  assert.deepEqual(asked.filter((parts) => parts.length > 1).map((parts) => parts.length), [6, 2]);
});

test("after two parts that take too long no dearer one is asked for", async () => {
  const asked = [];
  globalThis.fetch = async (url, { body }) => {
    const { parts } = JSON.parse(body);
    asked.push(parts);
    const problem = { type: "out-of-time", status: 503, detail: "Too long." };
    if (parts.length > 1 || !["saturation", "time_scales", "attribution"].includes(parts[0])) return new Response(`${JSON.stringify({ done: 0, problem })}\n`);
    return new Response(`${JSON.stringify({ answer: { start: 0, stop: 2, tokens: [{ text: "not" }, { text: "good" }], layers: [{ [parts[0]]: parts[0] }] } })}\n`);
  };
  const memory = await new MemoryRequests().ask(request, signal, () => {});
  assert.deepEqual(Object.keys(memory.missing).sort(), ["inputs", "loss", "spectra", "spectral", "states"]);
  assert.deepEqual(asked.filter((parts) => ["inputs", "states"].includes(parts[0]) && parts.length === 1), []);
  assert.equal(memory.layer(0).time_scales, "time_scales");
});

/** Let parts be answered, those of `late` by saying that they take too long. Returns what is asked for. */
function byPart(late = []) {
  const asked = [];
  globalThis.fetch = async (url, { body }) => {
    const { parts, step, target } = JSON.parse(body);
    asked.push([...parts, step === undefined ? `target ${target}` : `step ${step}`].join(" "));
    const problem = { type: "out-of-time", status: 503, detail: "Too long." };
    if (late.includes(parts[0])) return new Response(`${JSON.stringify({ done: 0.5, problem })}\n`);
    return new Response(`${JSON.stringify({ answer: { start: 0, stop: 2, tokens: [{ text: "not" }, { text: "good" }], layers: [{ [parts[0]]: parts[0] }] } })}\n`);
  };
  return asked;
}

test("what takes long is asked for part by part, and each is given as soon as it has come", async () => {
  const asked = byPart(["loss"]);
  const seen = [];
  const onPart = (memory) => seen.push([Object.keys(memory.layer(0)).join(" "), memory.pending.join(" "), Object.keys(memory.missing).join(" ")]);
  const order = ["saturation", "loss", "states", "spectral"];
  const memory = await new MemoryRequests().ask({ ...request, left: ["inputs", "time_scales", "spectra", "attribution"], apart: order }, signal, () => {}, onPart);
  assert.deepEqual(asked, ["saturation target 0", "loss target 0", "states target 0", "spectral step 1"]);
  assert.deepEqual(seen, [
    ["saturation", "loss states spectral", ""],
    ["saturation", "states spectral", "loss"],
    ["saturation states", "spectral", "loss"],
  ]);
  assert.deepEqual([memory.pending, memory.missing, memory.layer(0).states], [[], { loss: "Too long." }, "states"]);
});

test("of parts that all take too long there are still the words", async () => {
  const asked = byPart(["inputs", "loss"]);
  const seen = [];
  const left = ["saturation", "time_scales", "spectra", "states", "spectral", "attribution"];
  const memory = await new MemoryRequests().ask({ ...request, left, apart: ["loss", "inputs"] }, signal, () => {}, (part) => seen.push(part));
  assert.deepEqual(asked.map((call) => call.split(" ")[0]), ["loss", "inputs", "saturation"]);
  assert.deepEqual([seen, memory.words, Object.keys(memory.missing)], [[], ["not", "good"], ["loss", "inputs"]]);
});

test("what was given part by part says so until each word was left out in turn", async () => {
  const pending = [];
  globalThis.fetch = async (url, { body }) => {
    const { parts } = JSON.parse(body);
    const attribution = { step: 1, output: "positive", difference: 0.5, gap: 0.5 };
    const content = parts.includes("occlusion") ? { occlusion: { step: 1, output: "positive", losses: [0.25, 0.5] } } : { attribution };
    return new Response(`${JSON.stringify({ answer: { start: 0, stop: 2, tokens: [{ text: "not" }, { text: "good" }], layers: [{}], ...content } })}\n`);
  };
  const left = ["inputs", "loss", "time_scales", "saturation", "spectra", "states", "spectral"];
  const memory = await new MemoryRequests().ask({ ...request, left, apart: ["attribution"] }, signal, () => {}, (part) => pending.push(part.pending));
  assert.deepEqual([pending, memory.occlusion?.losses, memory.pending], [[["occlusion"]], [0.25, 0.5], []]);
});

test("parts that do not fit are not asked for", async () => {
  const bodies = answering();
  await new MemoryRequests().ask({ ...request, left: ["loss", "spectral", "attribution"] }, signal, () => {});
  assert.deepEqual(bodies.map(({ parts }) => parts), [["inputs", "time_scales", "saturation", "spectra", "states"]]);
});

test("only where shares do not converge is each word left out in turn", async () => {
  for (const [gap, isAsked] of [[0.001, false], [0.5, true]]) {
    const parts = [];
    globalThis.fetch = async (url, { body }) => {
      parts.push(JSON.parse(body).parts);
      const attribution = { step: 1, output: "positive", difference: 0.5, gap };
      const content = parts.at(-1).includes("occlusion") ? { occlusion: { step: 1, output: "positive", losses: [0.25, 0.5] } } : { attribution };
      const memory = { start: 0, stop: 2, tokens: [{ text: "not" }, { text: "good" }], layers: [{}], ...content };
      return new Response(`${JSON.stringify({ answer: memory })}\n`);
    };
    const requests = new MemoryRequests();
    const memory = await requests.ask(request, signal, () => {});
    assert.deepEqual(memory.occlusion?.losses, isAsked ? [0.25, 0.5] : undefined);
    await requests.ask(request, signal, () => {});
    assert.deepEqual(parts.slice(2), isAsked ? [["occlusion"]] : []);
  }
});

test("what was asked once is not asked again, another step only in part", async () => {
  const bodies = answering();
  const requests = new MemoryRequests();
  await requests.ask(request, signal, () => {});
  await requests.ask(request, signal, () => {});
  assert.equal(bodies.length, 2);
  await requests.ask({ ...request, step: 0 }, signal, () => {});
  assert.equal(bodies.length, 3);
});

test("the cache keeps the latest answers", async () => {
  const bodies = answering();
  const requests = new MemoryRequests();
  for (let at = 0; at < 30; at += 1) await requests.ask({ ...request, alpha: 1 + at / 100 }, signal, () => {});
  assert.equal(bodies.length, 60);
  await requests.ask({ ...request, alpha: 1.29 }, signal, () => {});
  assert.equal(bodies.length, 60);
  await requests.ask({ ...request, alpha: 1 }, signal, () => {});
  assert.equal(bodies.length, 62);
});

test("a forget bias is asked for only of a cell with forget gates", async () => {
  const bodies = answering();
  await new MemoryRequests().ask({ ...request, weights: "forget1" }, signal, () => {});
  await new MemoryRequests().ask({ ...request, weights: "forget1", model: model("gru") }, signal, () => {});
  await new MemoryRequests().ask({ ...request, weights: "forget1", model: model("coupled_lstm") }, signal, () => {});
  assert.deepEqual(bodies.map(({ weights }) => weights), [...Array(2).fill("untrained, forget bias 1"), ...Array(2).fill("untrained"), ...Array(2).fill("untrained, forget bias 1")]);
});

test("recurrent weights are scaled only where there are any", async () => {
  const bodies = answering();
  await new MemoryRequests().ask({ ...request, model: model("mingru") }, signal, () => {});
  assert.deepEqual(bodies.map(({ alpha }) => alpha), [1, 1]);
});

test("progress is the mean of both calls, and ends at 1", async () => {
  answering();
  const shares = [];
  await new MemoryRequests().ask(request, signal, (share) => shares.push(share));
  assert.ok(shares.every((share) => share > 0 && share <= 1));
  assert.equal(shares.at(-1), 1);
});

const traceWith = (shown, names, outputs) => new DecodedTrace(shown, "", answer(["a", "b"], { h: [[0, 0], [0, 0]] }, { names, outputs }), 0, 2);

test("the loss takes the final verdict of the model in sight as right", () => {
  const binary = model("lstm");
  assert.equal(lossTarget(model("gru"), traceWith(binary, ["positive"], [[0.9], [0.25]])), 0);
  assert.equal(lossTarget(model("gru"), traceWith(binary, ["positive"], [[0.1], [0.5]])), 1);
});

test("of several classes it is the one of the same name", () => {
  const classes = model("gru", { outputs: ["y", "x"] });
  assert.equal(lossTarget(classes, traceWith(model("lstm", { outputs: ["x", "y"] }), ["x", "y"], [[1, 0], [0.75, 0.25]])), 1);
  assert.equal(lossTarget(classes, traceWith(model("lstm", { outputs: ["p", "q"] }), ["p", "q"], [[1, 0], [0.75, 0.25]])), null);
});

test("of many outputs, a class is known to its own model only", () => {
  const many = model("lstm", { outputs: [], top: 3 });
  const whole = answer(["a", "b"], { h: [[0, 0], [0, 0]] }, { names: [], outputs: [[], []] });
  const listed = [[], [{ output: 1234, name: "x", probability: 0.5 }]];
  const trace = new DecodedTrace(many, "", { ...whole, outputs: { ...whole.outputs, top: listed } }, 0, 2);
  assert.equal(lossTarget(many, trace), 1234);
  assert.equal(lossTarget(model("gru", { outputs: ["y", "x"] }), trace), 1);
  assert.equal(lossTarget(model("gru", { outputs: ["x"] }), trace), null);
  assert.deepEqual([hasHead(many), hasHead(model("lstm", { outputs: [] })), hasHead(model("lstm"))], [true, false, true]);
});

test("without a head there is no target", () => {
  assert.equal(lossTarget(model("lstm", { outputs: [] }), traceWith(model("lstm", { outputs: [] }), [], [[], []])), null);
});

test("where the next token is predicted, that is the target", () => {
  assert.equal(lossTarget(model("lstm", { predicts_next: true }), traceWith(model("lstm"), ["positive"], [[1], [1]])), null);
});
