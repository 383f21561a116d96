import assert from "node:assert/strict";
import test from "node:test";

import { asXml, codePoints, escaped, utf16Offsets } from "../../../static/js/kit/text.js";

test("offsets count code points on one side and UTF-16 units on the other", () => {
  const offset = utf16Offsets("a👍b");
  assert.deepEqual([0, 1, 2, 3].map(offset), [0, 1, 3, 4]);
  assert.equal("a👍b".slice(offset(1), offset(2)), "👍");
});

test("code points are counted, not units", () => {
  assert.equal(codePoints("a👍b"), 3);
  assert.equal(codePoints(""), 0);
});

test("markup in a text is escaped", () => {
  assert.equal(escaped("<b> & ]]>"), "&lt;b&gt; &amp; ]]&gt;");
});

test("characters that XML does not allow are replaced", () => {
  assert.equal(asXml("a\u0001\tb\n\ufffe\ud800"), "a\u2401\tb\n\ufffd\ufffd");
});
