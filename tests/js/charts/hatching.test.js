import assert from "node:assert/strict";
import test from "node:test";

import { boxesOf, hatched, pathOf } from "../../../static/js/charts/hatching.js";

const box = { left: 30, top: 2, width: 50, height: 90 };

test("runs of entries are boxes of the plot", () => {
  const runs = [{ t: 0, row: 0, rows: 4 }, { t: 2, row: 1, rows: 2 }];
  assert.deepEqual(boxesOf(runs, { left: 30, top: 2, width: 100, height: 40 }, [0, 0.25, 0.5, 0.75, 1], 4), [
    { left: 30, top: 2, width: 25, height: 40 },
    { left: 80, top: 12, width: 25, height: 20 },
  ]);
});

test("a box is as wide as its column", () => {
  const [box] = boxesOf([{ t: 1, row: 0, rows: 1 }], { left: 10, top: 0, width: 200, height: 10 }, [0, 0.25, 1], 1);
  assert.deepEqual([box.left, box.width], [60, 150]);
});

test("each line rises by as much as it runs, from edge to edge of its box", () => {
  const lines = hatched([box]);
  assert.equal(lines.length, Math.floor((30 + 2 + 50 + 90) / 7) - Math.floor((30 + 2) / 7));
  for (const [x, y, endX, endY] of lines) {
    assert.equal(endX - x, y - endY);
    assert.ok(x === 30 || y === 92);
    assert.ok(endX === 80 || endY === 2);
  }
});

test("lines of neighbours meet", () => {
  const ends = hatched([box]).filter(([, , x]) => x === 80).map(([, , x, y]) => `${x},${y}`);
  const starts = hatched([{ ...box, left: 80 }]).filter(([x]) => x === 80).map(([x, y]) => `${x},${y}`);
  assert.ok(ends.length > 5);
  assert.deepEqual(new Set(ends), new Set(starts));
});

test("no entry is too small for a line", () => {
  assert.deepEqual(hatched([{ left: 1, top: 1, width: 2, height: 1 }]), [[1, 2, 3, 1]]);
});

test("a path goes along each line", () => {
  assert.equal(pathOf([[1, 2, 3, 0], [4, 5.04, 6, 3]]), "M1.0 2.0L3.0 0.0M4.0 5.0L6.0 3.0");
});
