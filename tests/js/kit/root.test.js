import assert from "node:assert/strict";
import test from "node:test";

const MODULE = "../../../static/js/kit/root.js";
const { dataset } = document.documentElement;

test("paths begin with what the page says, which is usually nothing", async () => {
  assert.equal((await import(MODULE)).root, "");
  dataset.root = "/tools/gates";
  const { root } = await import(`${MODULE}?below`); // another address: a module of its own
  delete dataset.root;
  assert.equal(root, "/tools/gates");
});
