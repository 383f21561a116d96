import assert from "node:assert/strict";
import test from "node:test";

import { tableOf } from "../../../static/js/kit/table.js";

test("a table has a caption, a head for each column and one for each row", () => {
  const table = tableOf("norms", ["word", "LSTM"], [{ name: "not", values: ["1"] }, { name: "good", values: ["2"] }]);
  const [caption, head, body] = table.children;
  assert.equal(caption.textContent, "norms");
  assert.deepEqual(head.children[0].children.map((each) => [each.attributes.scope, each.textContent]), [["col", "word"], ["col", "LSTM"]]);
  assert.deepEqual(body.children.map((row) => row.children.map((each) => [each.tag, each.textContent])), [
    [["th", "not"], ["td", "1"]],
    [["th", "good"], ["td", "2"]],
  ]);
});
