// The hues of static/css/tokens.css: each letter and each cell has its own, and the same one in light and dark.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const css = readFileSync(new URL("../../static/css/tokens.css", import.meta.url), "utf-8");

/** The least and the greatest angle on the colour circle of HSL that has the name of a hue. */
const HUES = { red: [355, 10], orange: [15, 35], yellow: [40, 55], olive: [65, 80], green: [120, 140], cyan: [175, 190], blue: [205, 220], purple: [285, 295], pink: [325, 335] };
const HUE_OF = { i: "green", f: "red", g: "yellow", o: "purple", c: "blue", h: "cyan", r: "pink", z: "orange", n: "olive", lstm: "blue", gru: "orange" };

function hueOf(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const [most, span] = [Math.max(red, green, blue), Math.max(red, green, blue) - Math.min(red, green, blue)];
  const sector = most === red ? (green - blue) / span : most === green ? 2 + (blue - red) / span : 4 + (red - green) / span;
  return (60 * sector + 360) % 360;
}

/** The two colours of a token, light and dark. */
const colors = (name) => css.match(new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\);`)).slice(1);

for (const [name, hue] of Object.entries(HUE_OF)) {
  test(`${name} is ${hue}`, () => {
    const [least, greatest] = HUES[hue];
    for (const color of colors(name)) {
      const angle = hueOf(color);
      assert.ok(least < greatest ? angle >= least && angle <= greatest : angle >= least || angle <= greatest, `${color} is at ${angle}`);
    }
  });
}

test("what belongs to a letter has its hue", () => {
  const letters = [...css.matchAll(/\[data-letter="(\w)"\] \{ --hue: var\(--(\w)\); \}/g)].map(([, letter, token]) => [letter, token]);
  assert.deepEqual(letters.map(([letter]) => letter).sort(), Object.keys(HUE_OF).filter((name) => name.length === 1).sort());
  for (const [letter, token] of letters) assert.equal(token, letter);
});

test("the dark colours are for dark paper, the light ones for light", () => {
  const luminance = (color) => [1, 3, 5].reduce((sum, at) => sum + parseInt(color.slice(at, at + 2), 16), 0);
  for (const name of ["ink", "muted", "accent", ...Object.keys(HUE_OF), "rnn"]) assert.ok(luminance(colors(name)[0]) < luminance(colors(name)[1]), name);
});
