import assert from "node:assert/strict";
import test from "node:test";

import { drawLabels } from "../../../static/js/charts/axis_labels.js";
import { Element } from "../page.js";

const layout = {
  width: 240,
  height: 130,
  margin: { l: 30, r: 10, t: 10, b: 20 },
  xaxis: { range: [-0.5, 3.5], tickvals: [0, 3], ticktext: ["a", "d"], tickangle: 0 },
  yaxis: { range: [9.5, -0.5], tickvals: [0], ticktext: ["7"] },
};

function labels(changes = {}) {
  const element = new Element("svg");
  drawLabels(element, { ...layout, ...changes });
  return element.children.map(({ attributes, textContent }) => ({ ...attributes, text: textContent }));
}

test("a label stands in the middle of its column, below the plot", () => {
  const [a, d] = labels();
  assert.deepEqual([a.text, a.x, a.y], ["a", "55.00", "123"]);
  assert.deepEqual([d.text, d.x], ["d", "205.00"]);
});

test("a row's stands before the plot, the first at the top", () => {
  const row = labels().at(-1);
  assert.deepEqual([row.text, row.x, row.y, row["text-anchor"]], ["7", "25", "18.80", "end"]);
});

test("upright labels are turned", () => {
  const [a] = labels({ xaxis: { ...layout.xaxis, tickangle: -90 } });
  assert.equal(a.transform, "translate(58.80 115) rotate(-90)");
});
