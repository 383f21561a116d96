import assert from "node:assert/strict";
import test from "node:test";

import { scaleBar } from "../../../static/js/charts/scale_bar.js";

test("a scale states its ends, its colours, and what it is of", () => {
  const bar = scaleBar({ colors: [[0, "#000000"], [1, "#ffffff"]], ends: ["−1", "1"], what: "cell state" });
  assert.equal(bar.textContent, "−11cell state");
  assert.equal(bar.all("ramp")[0].style.backgroundImage, "linear-gradient(to right, #000000, #ffffff)");
});
