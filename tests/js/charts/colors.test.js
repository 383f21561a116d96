import assert from "node:assert/strict";
import test, { afterEach } from "node:test";

import { diverging, gradient, mixed, sequential, signed, tint } from "../../../static/js/charts/colors.js";

const { dataset } = document.documentElement;
const NEUTRAL = { light: "#f5f5f7", dark: "#1e1e22" };
const channels = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

afterEach(() => (dataset.theme = "light"));

for (const theme of ["light", "dark"]) {
  test(`zero is neutral on every scale, ${theme}`, () => {
    dataset.theme = theme;
    assert.equal(sequential()[0][1], NEUTRAL[theme]);
    for (const scale of [diverging(), signed()]) {
      assert.equal(scale.length % 2, 1);
      assert.deepEqual(scale[(scale.length - 1) / 2], [0.5, NEUTRAL[theme]]);
    }
  });

  test(`less is brown and more is blue, ${theme}`, () => {
    dataset.theme = theme;
    const scale = diverging();
    const [red, , blue] = channels(scale[0][1]);
    assert.ok(red > blue);
    const [less, , more] = channels(scale.at(-1)[1]);
    assert.ok(more > less);
  });

  test(`of a state, less is pink and more is green, ${theme}`, () => {
    dataset.theme = theme;
    const [[red, green], [redder, greener]] = [signed()[0], signed().at(-1)].map(([, color]) => channels(color));
    assert.ok(red > green && greener > redder);
  });

  test(`gates are grey, ${theme}`, () => {
    dataset.theme = theme;
    for (const [, color] of sequential()) assert.ok(Math.max(...channels(color)) - Math.min(...channels(color)) <= 12, color);
  });

  test(`further from zero is further from the paper, ${theme}`, () => {
    dataset.theme = theme;
    const sums = (scale) => scale.map(([, color]) => channels(color).reduce((sum, value) => sum + value, 0) * (theme === "dark" ? -1 : 1));
    const falls = (values) => values.every((value, at) => at === 0 || value < values[at - 1]);
    assert.ok(falls(sums(sequential())));
    for (const scale of [diverging(), signed()].map(sums)) assert.ok(falls(scale.slice(scale.length >> 1)) && falls(scale.slice(0, (scale.length >> 1) + 1).reverse()));
  });
}

test("stops are even, from 0 to 1", () => {
  for (const scale of [sequential(), diverging(), signed()]) assert.deepEqual(scale.map(([at]) => at), scale.map((_, at) => at / (scale.length - 1)));
});

test("colours between stops are mixed, and beyond the ends are the ends", () => {
  const scale = [[0, "#000000"], [0.5, "#804020"], [1, "#ffffff"]];
  assert.deepEqual(mixed(scale, 0.25), [64, 32, 16]);
  assert.deepEqual(mixed(scale, 0.5), [128, 64, 32]);
  assert.deepEqual(mixed(scale, -1), [0, 0, 0]);
  assert.deepEqual(mixed(scale, 2), [255, 255, 255]);
});

test("text on a colour is black or white, whichever can be read", () => {
  const scale = [[0, "#000000"], [1, "#ffffff"]];
  assert.deepEqual(tint(scale, 0), { background: "rgb(0,0,0)", text: "#fff" });
  assert.deepEqual(tint(scale, 1), { background: "rgb(255,255,255)", text: "#000" });
});

test("a scale is a gradient from left to right", () => {
  assert.equal(gradient([[0, "#000000"], [1, "#ffffff"]]), "linear-gradient(to right, #000000, #ffffff)");
});
