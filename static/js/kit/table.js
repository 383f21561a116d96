// Tables: the numbers of a picture in place of it.

import { make } from "./dom.js";

/**
 * @param {string} caption which is heard, not seen
 * @param {string[]} columns the first heads the rows' names
 * @param {{name: Node | string, cells: (Node | string)[]}[]} rows
 */
export function tableOf(caption, columns, rows) {
  const head = make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, column)));
  const body = rows.map(({ name, cells }) =>
    make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((cell) => make("td", {}, cell))),
  );
  const title = make("caption", { class: "visually-hidden" }, caption);
  return make("table", {}, title, make("thead", {}, head), make("tbody", {}, ...body));
}
