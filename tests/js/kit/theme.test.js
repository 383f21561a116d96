import assert from "node:assert/strict";
import test, { afterEach } from "node:test";

const { colorOf, theme, watchTheme } = await import("../../../static/js/kit/theme.js");
const { dataset } = document.documentElement;

afterEach(() => (dataset.theme = "light"));

test("the visitor's choice comes before the system's", () => {
  dataset.theme = "dark";
  assert.equal(theme(), "dark");
  delete dataset.theme;
  assert.equal(theme(), "light");
});

test("a colour is the one of the theme in force", () => {
  globalThis.getComputedStyle = () => ({ getPropertyValue: (name) => ({ "--muted": " light-dark(#62626c, #a0a0ab)" })[name] ?? "" });
  assert.equal(colorOf({}, "muted"), "#62626c");
  dataset.theme = "dark";
  assert.equal(colorOf({}, "muted"), "#a0a0ab");
  assert.equal(colorOf({}, "nope"), "");
});

test("a button switches the theme, also where nothing can be stored", () => {
  let click;
  let changes = 0;
  watchTheme({ addEventListener: (_, listener) => (click = listener) }, () => (changes += 1));
  globalThis.localStorage = { setItem: () => assert.fail("blocked") };
  click();
  assert.equal(theme(), "dark");
  click();
  assert.equal(theme(), "light");
  assert.equal(changes, 2);
});
