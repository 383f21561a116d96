import assert from "node:assert/strict";
import test from "node:test";

import { CircuitDrawing } from "../../../static/js/charts/circuit_drawing.js";
import { facts } from "../page.js";
import { model } from "../samples.js";

const early = model("gru", { variant: "reset-before gru" });
const labels = (drawing) => drawing.element.all("figure").map(({ textContent }) => textContent);
const numbers = (path) => path.match(/[\d.]+/g).map(Number);

test("the wires of an LSTM carry the products of its numbers", () => {
  const values = { i: 0.5, f: 0.25, g: -0.5, o: 0.75, "c-": 2, "h-": 0.125, c: 0.25, h: 0.184 };
  const drawing = new CircuitDrawing(model("lstm"));
  drawing.show(values, "not");
  assert.deepEqual(labels(drawing), [
    ...["cₜ₋₁ 2.000", "f·c 0.500", "cₜ 0.250", "f 0.250", "i 0.500", "g −0.500", "i·g −0.250", "tanh c 0.245", "o 0.750", "hₜ₋₁ 0.125", "hₜ 0.184"],
  ]);
  assert.equal(drawing.element.all("word")[0].textContent, "xₜ not");
});

test("those of a GRU too, by where its reset gate acts", () => {
  const values = { r: 0.5, z: 0.75, n: -0.5, "h-": 0.8, h: 0.475 };
  const drawing = new CircuitDrawing(model("gru"));
  drawing.show(values, "");
  assert.deepEqual(labels(drawing), ["hₜ₋₁ 0.800", "z·h 0.600", "hₜ 0.475", "r 0.500", "z 0.750", "1−z 0.250", "n −0.500", "−0.125"]);
  const other = new CircuitDrawing(early);
  other.show(values, "");
  assert.ok(labels(other).includes("r·h 0.400"));
});

test("the new value of a minGRU is that of its operators", () => {
  const drawing = new CircuitDrawing(model("mingru"));
  drawing.show({ z: 0.25, n: -3, "h-": 2, h: 0.75 }, "");
  assert.deepEqual(labels(drawing), ["hₜ₋₁ 2.000", "(1−z)·h 1.500", "hₜ 0.750", "z 0.250", "1−z 0.750", "n −3.000", "z·n −0.750"]);
});

for (const [variant, { circuit }] of Object.entries(facts.cells)) {
  test(`every wire of ${variant} ends at the outline of what it joins`, () => {
    const wires = new CircuitDrawing(model("lstm", { variant })).element.all("wire");
    assert.equal(wires.length, circuit.wires.length);
    for (const [at, wire] of wires.entries()) {
      const points = numbers(wire.attributes.d);
      for (const [key, x, y] of [[circuit.wires[at].start, ...points.slice(0, 2)], [circuit.wires[at].end, ...points.slice(-2)]]) {
        const { kind, sign = "", x: middle, y: height } = circuit.nodes[key];
        const [across, down] = kind === "layer" ? [19, 13] : kind === "operator" ? (sign.length > 1 ? [16, 13] : [10, 10]) : [0, 0];
        const place = [Math.abs(x - middle), Math.abs(y - height)];
        assert.ok((place[0] === across && place[1] === 0) || (place[0] === 0 && place[1] === down), `${variant}: ${key}`);
      }
    }
  });
}

test("a wire has the hue of what it carries, through branches; joined vectors are thick", () => {
  const wires = new CircuitDrawing(model("lstm")).element.all("wire").map(({ attributes }) => [attributes["data-letter"], attributes.class]);
  const of = (start, end) => wires[facts.cells.lstm.circuit.wires.findIndex((wire) => wire.start === start && wire.end === end)];
  assert.deepEqual(of("dot c", "tanh c"), ["c", "wire"]);
  assert.deepEqual(of("f", "f·c"), ["f", "wire"]);
  assert.deepEqual(of("dot g", "o"), ["", "wire joined"]);
});

test("the signs that a key has to explain are those that are drawn", () => {
  assert.deepEqual([...new CircuitDrawing(model("gru")).signs].sort(), ["", "+", "1−", "U", "W", "tanh", "σ", "⊙"].sort());
});
