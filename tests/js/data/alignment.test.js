import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { Difference, align, pairLabel } from "../../../static/js/data/alignment.js";
import { layer, list } from "../samples.js";

/** Those that Python is tested with too. */
const cases = JSON.parse(readFileSync(new URL("../../alignments.json", import.meta.url), "utf-8"));
const words = (text) => text.split(" ").filter(Boolean);

test("equal texts are paired step by step", () => {
  assert.deepEqual(align(words("a b c"), words("a b c")), [[0, 0], [1, 1], [2, 2]]);
});

test("an alignment is the one that the server finds", () => {
  for (const [first, second, pairs] of cases) assert.deepEqual(align(first, second), pairs);
});

test("an inserted word stands opposite nothing", () => {
  assert.deepEqual(align(words("it was good"), words("it was not good")), [[0, 0], [1, 1], [null, 2], [2, 3]]);
});

test("a dropped word stands opposite nothing", () => {
  assert.deepEqual(align(words("not good"), words("good")), [[0, null], [1, 0]]);
});

test("another word in its place stands opposite it", () => {
  assert.deepEqual(align(words("the movie was bad"), words("the movie was good")).at(-1), [3, 3]);
});

test("no alignment costs less: against all alignments of short texts", () => {
  const costOf = (pairs, a, b) => pairs.reduce((sum, [i, j]) => sum + Number(i === null || j === null || a[i] !== b[j]), 0);
  const least = (a, b) => {
    if (!a.length || !b.length) return a.length + b.length;
    const [, ...restA] = a;
    const [, ...restB] = b;
    return Math.min(Number(a[0] !== b[0]) + least(restA, restB), 1 + least(restA, b), 1 + least(a, restB));
  };
  for (const [one, other] of [["a b c d", "b d c"], ["", "a b"], ["x a x", "a x a x"], ["a a b", "b a a"], ["a", "b c a"]]) {
    const [a, b] = [words(one), words(other)];
    const pairs = align(a, b);
    assert.equal(costOf(pairs, a, b), least(a, b), `${one} | ${other}`);
    assert.deepEqual(pairs.flatMap(([i]) => i ?? []), [...a.keys()]);
    assert.deepEqual(pairs.flatMap(([, j]) => j ?? []), [...b.keys()]);
  }
});

test("a difference is the second minus the first, and NaN where either has no step", () => {
  const first = layer({ h: [[0.5, -0.25], [0.25, 0]] });
  const second = layer({ h: [[0.75, 0.25]] });
  const difference = new Difference(first, second, [[0, 0], [1, null]]);
  assert.equal(difference.units, 2);
  assert.deepEqual(list(difference.values("h")), [0.25, 0.5, NaN, NaN]);
  assert.deepEqual(list(difference.summary("h")), [Number(Math.hypot(0.25, 0.5).toPrecision(6)), NaN]);
});

test("a pair is labelled by its word, or by both", () => {
  assert.equal(pairLabel("good", "good"), "good");
  assert.equal(pairLabel("good", "bad"), "good→bad");
  assert.equal(pairLabel(undefined, "not"), "→not");
  assert.equal(pairLabel("not", undefined), "not→");
});
