// Tables of numbers, for those who do not see the picture.

import { make } from "./dom.js";

/**
 * @param {string} caption for screen readers only
 * @param {string[]} columns the first heads the rows' names
 * @param {{name: Node | string, values: (Node | string)[]}[]} rows
 */
export function tableOf(caption, columns, rows) {
  const head = make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, column)));
  const body = rows.map(({ name, values }) =>
    make("tr", {}, make("th", { scope: "row" }, name), ...values.map((value) => make("td", {}, value))),
  );
  const title = make("caption", { class: "visually-hidden" }, caption);
  return make("table", {}, title, make("thead", {}, head), make("tbody", {}, ...body));
}
