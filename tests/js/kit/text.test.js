import assert from "node:assert/strict";
import test from "node:test";

import { asXml, codePoints, escaped, toldApart, utf16Offsets } from "../../../static/js/kit/text.js";

test("offsets count code points on one side and UTF-16 units on the other", () => {
  const offset = utf16Offsets("a👍b");
  assert.deepEqual([0, 1, 2, 3].map(offset), [0, 1, 3, 4]);
  assert.equal("a👍b".slice(offset(1), offset(2)), "👍");
});

test("code points are counted, not units", () => {
  assert.equal(codePoints("a👍b"), 3);
  assert.equal(codePoints(""), 0);
});

test("titles that begin alike are told apart by what follows", () => {
  const [one, other] = ["trained for long on Monday", "trained for long on Mondays and Tuesdays"];
  assert.deepEqual(toldApart([one, other, "a plain RNN"], 10), ["…Monday", "…Mondays and Tuesdays", "a plain RNN"]);
  assert.deepEqual(toldApart([one, other], 100), [one, other]);
  assert.deepEqual(toldApart([one, one], 10), [one, one]);
  assert.deepEqual(toldApart(["aaaaaaaab", "aaaaaaaac"], 4), ["…b", "…c"]);
});

test("markup in a text is escaped", () => {
  assert.equal(escaped("<b> & ]]>"), "&lt;b&gt; &amp; ]]&gt;");
});

test("characters that XML does not allow are replaced", () => {
  assert.equal(asXml("a\u0001\tb\n\ufffe\ud800"), "a\u2401\tb\n\ufffd\ufffd");
});
