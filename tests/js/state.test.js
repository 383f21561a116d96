import assert from "node:assert/strict";
import test from "node:test";

import { addressOf, exampleOf, initialState, lookOf, missingFrom, needsLayer, readAddress, remember } from "../../static/js/state.js";
import { numeric } from "./page.js";

const initial = { ...initialState(), model: "sentiment-lstm", text: "not good" };
const address = (state) => new URL(addressOf(state), "http://127.0.0.1/");

/** For each field a value that is not the initial one. */
const OTHERS = {
  model: "prose-gru",
  text: "50 % & more = + # ? שלום \u0301 ‘x’\nb",
  compare: "text",
  other: "another & one",
  start: 40,
  layer: 2,
  order: "similarity",
  rows: 256,
  step: 7,
  unit: 0,
  chapter: 3,
  find: { from: 3, to: 12, by: "c", above: 0.25 },
  memory: "inputs",
  alpha: 1.995,
  weights: "forget1",
  edits: [
    { edit: { letter: "i", steps: [3], hold: 0 }, on: true },
    { edit: { layer: 1, direction: "backward", units: [1, 2], steps: [0], swap: "a&b;#%3D =" }, on: false },
  ],
  present: 1,
  slides: [{ model: "gru", text: "a & b", edits: "i@3=0", step: null }],
  sha: "0a1b2c3d-44ee55ff",
};

test("every field is among those that are tried", () => {
  assert.deepEqual(Object.keys(OTHERS).sort(), Object.keys(initial).sort());
});

for (const [name, value] of Object.entries(OTHERS)) {
  test(`${name} comes back from the address`, () => {
    const state = { ...initial, ...(name === "other" && { compare: "text" }), [name]: value };
    const { stated, invalid } = readAddress(address(state));
    const isOfALayer = ["unit", "find", "memory"].includes(name); // of the first one, where none is named
    assert.deepEqual({ ...initial, ...stated }, isOfALayer ? { ...state, layer: 0 } : state);
    assert.deepEqual(invalid, []);
  });
}

test("all fields together come back", () => {
  const { stated } = readAddress(address(OTHERS));
  assert.deepEqual(stated, OTHERS);
});

test("edits can be read in the address", () => {
  assert.equal(addressOf({ ...initial, edits: OTHERS.edits.slice(0, 1) }), "?model=sentiment-lstm&text=not+good&edits=i@3=0");
  assert.equal(addressOf({ ...initial, edits: [] }), addressOf(initial));
});

test("what is initial is not written", () => {
  assert.equal(addressOf(initial), "?model=sentiment-lstm&text=not+good");
});

test("what changes the first picture stands after the ?, the rest after the #", () => {
  assert.equal(
    addressOf(OTHERS).replace(/text=[^&]*/, "text=…").replace(/other=[^&]*/, "other=…"),
    "?model=prose-gru&text=…&compare=text&other=…&start=40&layer=2&step=7&unit=0&chapter=3&edits=i@3=0;!1.backward.%5B1%2C2%5D@0:swap=%22a%26b;%23%253D+=%22&present=1#order=similarity&rows=256&memory=inputs&alpha=1.995&weights=forget1&find=3-12%2Cc%2C0.25&slides=%5B%5B%22gru%22%2C%22a+%26+b%22%2C%22i@3=0%22%2Cnull%5D%5D&sha=0a1b2c3d-44ee55ff",
  );
});

test("an address as it was written before is read as it was meant", () => {
  const before =
    "#start=40&layer=2&order=similarity&step=7&unit=0&tour=3&memory=inputs&alpha=1.995&weights=forget1&find=3-12%2Cc%2C0.25&edits=i@3=0;!1.backward.%5B1%2C2%5D@0:swap=%22a%26b;%23%253D+=%22&sha=0a1b2c3d-44ee55ff";
  const query = new URLSearchParams({ model: OTHERS.model, text: OTHERS.text, compare: "text", other: OTHERS.other });
  const { stated, invalid } = readAddress({ search: `?${query}`, hash: before });
  assert.deepEqual({ ...initial, ...stated, rows: OTHERS.rows, present: 1, slides: OTHERS.slides }, OTHERS);
  assert.deepEqual(invalid, []);
});

test("an address of units must name their layer", () => {
  assert.equal(needsLayer(initial), false);
  assert.equal(needsLayer({ ...initial, step: 3 }), false);
  for (const field of [{ unit: 0 }, { find: OTHERS.find }, { memory: "inputs" }]) {
    assert.equal(needsLayer({ ...initial, ...field }), true);
    assert.equal(needsLayer({ ...initial, ...field, layer: 1 }), false);
  }
});

test("what stands after the # counts where both say something", () => {
  assert.deepEqual(readAddress({ search: "?step=1&unit=4", hash: "#step=2" }).stated, { step: 2, unit: 4, layer: 0 });
});

test("what makes no sense after the ? is left to the server to name", () => {
  const wrong = "?step=-1&unit=x&layer=1.5&start=&edits=i@3&compare=nope&order=value";
  assert.deepEqual(readAddress({ search: wrong, hash: "" }), { stated: {}, invalid: [] });
});

test("the other text is written only next to it", () => {
  assert.ok(!addressOf({ ...initial, other: "x" }).includes("other"));
});

test("a long text goes behind the #, which no server sees", () => {
  const state = { ...initial, text: "é".repeat(1000), step: 3, edits: OTHERS.edits.slice(0, 1) };
  const { search, hash } = address(state);
  assert.equal(search, "?model=sentiment-lstm&step=3&edits=i@3=0");
  assert.ok(hash.startsWith("#text=%C3%A9"));
  assert.deepEqual(readAddress({ search, hash }).stated, { model: state.model, text: state.text, step: 3, edits: state.edits });
});

test("so do edits that are too long without the text, and only then", () => {
  const edits = Array.from({ length: 900 }, (_, step) => ({ edit: { letter: "i", steps: [step], hold: 0 }, on: true }));
  const state = { ...initial, edits };
  const { search, hash } = address(state);
  assert.equal(search, "?model=sentiment-lstm");
  assert.ok(hash.startsWith("#text=not+good&edits=i@0=0;i@1=0;"));
  assert.deepEqual(readAddress({ search, hash }).stated, { model: state.model, text: state.text, edits });
});

test("CSV of up to 4,000 characters is in the address, of more only the number of the example that it is", () => {
  const state = { ...initial, model: "numbers", step: 3 };
  const of = (text) => address({ ...state, text });
  const longest = "1\n".repeat(2000);
  assert.equal(readAddress(of(longest)).stated.text, longest);
  assert.equal(of(numeric.examples[0]).search, "?model=numbers&text=1%0A&step=3");
  assert.equal(addressOf({ ...state, text: numeric.examples[1] }), "?model=numbers&example=2&step=3");
  assert.equal(addressOf({ ...state, text: `${longest}1` }), "?model=numbers&example=none&step=3");
  assert.equal(exampleOf({ ...initial, text: "x".repeat(5000) }), "", "a text is in the address");
});

test("an address that names an example, or data that are kept, is read with them; without them it says nothing of their steps", () => {
  const rest = "&step=3&unit=1&edits=i@3=0&start=2";
  const behind = { model: "numbers", unit: 1, layer: 0 };
  const of = (example, kept) => readAddress({ search: `?model=numbers&example=${example}${rest}`, hash: "#find=3-4,c,0.5" }, kept).stated;
  assert.equal(of("2").text, numeric.examples[1]);
  assert.equal(of("2").step, 3);
  assert.equal(of("none", "1\n2").text, "1\n2");
  assert.equal(of("none", "1\n2").edits.length, 1);
  for (const stated of [of("none"), of("7", "1\n2"), of("x")]) assert.deepEqual(stated, behind);
  assert.equal(readAddress({ search: "?model=numbers&text=5&example=2", hash: "" }).stated.text, "5");
});

test("data that the address does not hold stay in the browser's history", () => {
  const calls = [];
  const state = { ...initial, model: "numbers" };
  globalThis.location = { search: "?model=numbers&example=none", hash: "" };
  globalThis.history = { state: { text: "1\n".repeat(2001) }, replaceState: (...call) => calls.push(call) };
  remember({ ...state, text: "1\n".repeat(2001) });
  remember({ ...state, text: "1\n".repeat(2002) });
  remember({ ...state, text: "1" });
  assert.deepEqual(calls, [[{ text: "1\n".repeat(2002) }, "", "?model=numbers&example=none"], [null, "", "?model=numbers&text=1"]]);
});

test("the longest query has 4,000 characters", () => {
  const length = (count) => address({ ...initial, text: "x".repeat(count) }).search.length;
  const least = length(1) - 1;
  const most = 4000 - (least - "?".length);
  assert.equal(length(most), 4001);
  assert.ok(length(most + 1) < 100);
});

test("a look is what the first picture shows of a state", () => {
  const { model, text, compare, other, layer, step, unit, start } = OTHERS;
  assert.deepEqual(lookOf(OTHERS), { model, text, compare, other, layer, step, unit, start, edits: 'i@3=0;!1.backward.[1,2]@0:swap="a&b;#%3D ="' });
});

test("what makes no sense is named and left out", () => {
  const wrong = ["step=-1", "unit=x", "layer=1.5", "order=nope", "find=5-3,c,0.5", "memory=toString", "alpha=0.09", "weights=mine", "edits=i@3", "nope=1", "sha=0A1B2C3D", "sha=0a1b2c3", "sha=0a1b2c3d-"];
  const { stated, invalid } = readAddress({ search: "?model=m&compare=nope", hash: `#${wrong.join("&")}&alpha=3.001&chapter=9&tour=44&chapter=2` });
  assert.deepEqual(invalid, [...wrong, "alpha=3.001", "chapter=9", "tour=44"]);
  assert.deepEqual(stated, { model: "m", chapter: 2 });
});

test("the ends of alpha are allowed", () => {
  for (const alpha of [0.1, 3]) assert.equal(readAddress({ search: "", hash: `#alpha=${alpha}` }).stated.alpha, alpha);
});

test("the browser's history gets an entry only where it is asked for", () => {
  const calls = [];
  globalThis.location = { search: "", hash: "" };
  globalThis.history = { pushState: (...call) => calls.push(["push", call[2]]), replaceState: (...call) => calls.push(["replace", call[2]]) };
  remember(initial);
  remember(initial, true);
  globalThis.location = { search: "?model=sentiment-lstm&text=not+good", hash: "" };
  remember(initial, true);
  assert.deepEqual(calls, [["replace", addressOf(initial)], ["push", addressOf(initial)]]);
});

test("steps, units and layers that do not exist are found", () => {
  const model = { layers: 1, bidirectional: true, hidden_size: 4 };
  const state = { ...initial, layer: 1, step: 4, unit: 3, find: { from: 1, to: 4, by: "c", above: 0.5 } };
  assert.deepEqual(missingFrom(model, 5, state), []);
  assert.deepEqual(missingFrom(model, 5, { ...state, layer: null, unit: 4 }), ["unit"]);
  assert.deepEqual(missingFrom(model, 5, { ...state, layer: 2, step: 5, unit: 8, find: { ...state.find, to: 5 } }), ["layer", "step", "unit", "find"]);
});

test("an address of a chapter says what its picture says, unless it names a model or a text", () => {
  const bare = readAddress({ search: "?chapter=2", hash: "" }).stated;
  assert.deepEqual(bare, { model: "m2", text: "b c", step: 1, chapter: 2 });
  assert.deepEqual(readAddress({ search: "?chapter=2&step=0", hash: "" }).stated, { ...bare, step: 0 });
  assert.deepEqual(readAddress({ search: "?chapter=2&text=x", hash: "" }).stated, { text: "x", chapter: 2 });
  assert.deepEqual(readAddress({ search: "?chapter=9", hash: "" }).stated, {});
});

test("chapters of the tour lead to those of the story", () => {
  assert.deepEqual(readAddress({ search: "?model=m", hash: "#tour=7" }).stated, { model: "m", chapter: 2 });
  assert.equal(readAddress({ search: "", hash: "#tour=7" }).stated.model, "m2");
});
