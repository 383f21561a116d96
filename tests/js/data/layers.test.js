import assert from "node:assert/strict";
import test from "node:test";

import { layersOf, placeOfLayer } from "../../../static/js/data/layers.js";

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
