import assert from "node:assert/strict";
import test from "node:test";

import { linesOf, rangeOver } from "../../../static/js/charts/line_figure.js";

const look = { words: { at: [], labels: [], room: 20 }, left: 44, ink: "#111111", line: "#222222" };
const ticks = (range, log) => linesOf({ width: 300, height: 200 }, { ...look, series: [], range, log }).layout.yaxis;

test("a range has some room around the rows, and a least span", () => {
  assert.deepEqual(rangeOver([[0, 10, null]], 1), [-0.6, 10.6]);
  assert.deepEqual(rangeOver([[2]], 1), [1.5, 2.5]);
  assert.deepEqual(rangeOver([[null], []], 1), [-0.5, 0.5]);
});

test("each series is drawn in its style", () => {
  const styles = ["solid", "dashed", "dotted", "dash-dotted", "long-dashed", "bars", "points"];
  const { data } = linesOf({ width: 300, height: 200 }, { ...look, series: styles.map((style) => ({ y: [1, 2], color: "#333333", style })), range: [0, 1], log: false });
  assert.deepEqual(data.map(({ type, mode, line }) => [type, mode ?? "", line?.dash ?? ""]), [
    ["scatter", "lines+markers", "solid"],
    ["scatter", "lines+markers", "6px,3px"],
    ["scatter", "lines+markers", "1.5px,3px"],
    ["scatter", "lines+markers", "7px,3px,1.5px,3px"],
    ["scatter", "lines+markers", "12px,4px"],
    ["bar", "", ""],
    ["scatter", "markers", ""],
  ]);
});

test("a long line has no mark at each point", () => {
  const y = Array(41).fill(0);
  const { data, layout } = linesOf({ width: 300, height: 200 }, { ...look, series: [{ y, color: "#333333", style: "solid" }], range: [0, 1], log: false });
  assert.equal(data[0].mode, "lines");
  assert.deepEqual(layout.xaxis.range, [-0.5, 40.5]);
});

test("ticks are at round numbers within the range", () => {
  const { tickvals, ticktext } = ticks([-0.13, 0.31], false);
  assert.deepEqual(ticktext, ["−0.1", "0.0", "0.1", "0.2", "0.3"]);
  assert.ok(tickvals.every((value) => value >= -0.13 && value <= 0.31));
});

test("of logarithms they are at powers of ten, and between them where those are few", () => {
  assert.deepEqual(ticks([-4.2, 0.3], true).ticktext, ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1"]);
  assert.deepEqual(ticks([-1.1, 0.1], true).ticktext, ["0.1", "0.2", "0.5", "1"]);
  assert.deepEqual(ticks([-30, 0], true).tickvals, [-30, -24, -18, -12, -6, 0]);
});
