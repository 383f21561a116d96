// Which words or numbers stand along the axes: as many as do not run into each other.

import { shortened, visible } from "../data/visible_text.js";
import { areEven, evenly, placeOf } from "./columns.js";

const LABEL = { characters: 12, width: 6, height: 15, level: 56, single: 9 }; // of a word; pixels but for characters

/**
 * @param {string[]} words
 * @param {number} width of the plot, in pixels
 * @param {import("./columns.js").Edges} [edges] of columns that are not equal
 * @returns {import("./heatmap_figure.js").WordAxis}
 */
export function wordAxis(words, width, edges = evenly(words.length)) {
  const each = Math.min(...words.map((_, t) => placeOf(edges, t, width).width));
  const single = words.every((word) => [...word].length === 1);
  const level = single || each >= LABEL.level || words.every((word, t) => visible(word).length * LABEL.width + 2 <= placeOf(edges, t, width).width);
  const every = single ? Math.ceil(LABEL.single / each) : level ? 1 : Math.ceil(LABEL.height / each);
  /** @param {number} t */
  const characters = (t) => (level ? Math.max(1, Math.floor((placeOf(edges, t, width).width - 2) / LABEL.width)) : LABEL.characters);
  const shown = labelled(words, single, every);
  const labels = shown.map((t) => shortened(words[t], characters(t)));
  const at = areEven(edges) ? shown : shown.map((t) => ((edges[t] + edges[t + 1]) / 2) * words.length - 0.5);
  const longest = Math.max(0, ...labels.map((label) => label.length)) * LABEL.width;
  return { at, labels, angle: level ? 0 : -90, room: Math.ceil(level ? LABEL.height + 6 : longest + 10) };
}

/**
 * The words before the rows of a picture.
 * @param {string[]} words
 * @param {number} height of the plot, in pixels
 * @returns {import("./heatmap_figure.js").RowAxis}
 */
export function rowAxis(words, height) {
  const every = Math.max(1, Math.ceil((LABEL.height * words.length) / height));
  const at = labelled(words, words.every((word) => [...word].length === 1), every);
  const labels = at.map((t) => shortened(words[t], LABEL.characters));
  return { at, labels, room: Math.max(34, Math.max(...labels.map((label) => label.length)) * LABEL.width + 8) };
}

/**
 * Numbers from 0 on below a picture, at round steps.
 * @param {number} count
 * @returns {import("./heatmap_figure.js").WordAxis}
 */
export function countAxis(count) {
  const step = [1, 2, 5, 10, 20, 50, 100].find((each) => count / each <= 10) ?? count;
  const at = Array.from({ length: Math.ceil(count / step) }, (_, tick) => tick * step);
  return { at, labels: at.map(String), room: LABEL.height + 6 };
}

/**
 * The positions that are labelled, at least `every` apart. Where not every character is, they are those that begin a word:
 * every second letter would read as another text.
 * @param {string[]} words
 * @param {boolean} single whether they are characters
 * @param {number} every least distance
 */
function labelled(words, single, every) {
  const places = words.map((_, t) => t);
  if (!single || every === 1) return places.filter((t) => t % every === 0);
  let last = -every;
  return places.filter((t) => {
    const begins = /\w/.test(words[t]) && !/\w/.test(words[t - 1] ?? "");
    if (!begins || t - last < every) return false;
    last = t;
    return true;
  });
}
