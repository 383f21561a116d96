// The numbers of a panel as a table: a row for each unit, a column for each word.

import { make } from "./dom.js";
import { figure, visible } from "./text.js";

/**
 * @param {string} name of the activation
 * @param {Float32Array} values step by step
 * @param {number[]} order the unit of each row
 * @param {string[]} words
 */
export function tableOf(name, values, order, words) {
  const head = make("tr", {}, make("th", { scope: "col" }, "unit"), ...words.map((word) => make("th", { scope: "col" }, visible(word))));
  const rows = order.map((unit) => {
    const cells = words.map((_, t) => {
      const value = values[t * order.length + unit];
      return make("td", {}, Number.isNaN(value) ? "" : figure(value, 3));
    });
    return make("tr", {}, make("th", { scope: "row" }, String(unit)), ...cells);
  });
  const caption = make("caption", { class: "visually-hidden" }, `${name}: units by words`);
  return make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...rows));
}
