import assert from "node:assert/strict";
import test from "node:test";

import { layersOf, nameOfLayer, placeOfLayer } from "../../../static/js/data/layers.js";

const one = layersOf({ layers: 2, bidirectional: false });
const both = layersOf({ layers: 2, bidirectional: true });

test("layers are listed as a trace lists them", () => {
  assert.deepEqual(one, [{ layer: 0, direction: "forward" }, { layer: 1, direction: "forward" }]);
  assert.deepEqual(both.map(({ layer, direction }) => `${layer} ${direction}`), ["0 forward", "0 backward", "1 forward", "1 backward"]);
});

test("without a choice it is the layer that the head reads first; beyond the last it is the last", () => {
  assert.deepEqual([null, 0, 1, 7].map((index) => placeOfLayer(one, index)), [1, 0, 1, 1]);
  assert.deepEqual([null, 3, 4].map((index) => placeOfLayer(both, index)), [2, 3, 3]);
});

test("layers count from 0, and the list says which is the first and which the last", () => {
  const three = layersOf({ layers: 3, bidirectional: false });
  assert.deepEqual(three.map((place) => nameOfLayer(place, three)), ["0 (first)", "1", "2 (last)"]);
  assert.deepEqual(both.map((place) => nameOfLayer(place, both)), ["0 forward (first)", "0 backward (first)", "1 forward (last)", "1 backward (last)"]);
  const single = layersOf({ layers: 1, bidirectional: true });
  assert.deepEqual(single.map((place) => nameOfLayer(place, single)), ["0 forward", "0 backward"]);
});
