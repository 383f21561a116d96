import assert from "node:assert/strict";
import test from "node:test";

import { decimal, magnitude, power } from "../../../static/js/kit/numbers.js";

test("a number has its decimals and a true minus sign", () => {
  assert.equal(decimal(0.1234, 2), "0.12");
  assert.equal(decimal(-1.5, 1), "−1.5");
  assert.equal(decimal(2, 0), "2");
});

test("what rounds to zero has no sign", () => {
  assert.equal(decimal(-0.0004, 3), "0.000");
});

test("what passes all numbers is infinite", () => {
  assert.equal(decimal(Infinity, 2), "∞");
  assert.equal(decimal(-Infinity, 2), "−∞");
});

test("a magnitude has two digits, and a power of ten where it is far from 1", () => {
  assert.equal(magnitude(0), "1");
  assert.equal(magnitude(Math.log10(0.0123)), "0.012");
  assert.equal(magnitude(Math.log10(3456)), "3,500");
  assert.equal(magnitude(-4.7), "2.0 · 10⁻⁵");
  assert.equal(magnitude(12.5), "3.2 · 10¹²");
});

test("a mantissa that rounds up to ten carries over", () => {
  assert.equal(magnitude(Math.log10(9.99e9)), "1.0 · 10¹⁰");
});

test("a power is written with superscripts", () => {
  assert.equal(power(-12), "10⁻¹²");
  assert.equal(power(0), "10⁰");
});
