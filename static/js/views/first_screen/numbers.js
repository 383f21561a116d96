// The numbers that come with a picture, from which the page tells what is pointed at or chosen without asking the server.

/**
 * @typedef {object} Row of gates
 * @property {string} verb
 * @property {string} letter
 * @property {boolean} complement whether it shows 1 − the letter
 * @property {string} name
 * @property {number[]} means at each step
 * @property {number | null} usual
 * @property {number[]} held steps at which an edit holds it
 */

/**
 * What the panel of the cell says at one step; `arithmetic` and `shares` are HTML.
 * @typedef {{unit: number, named: string, which: string, reads: string, figures: Record<string, string>, arithmetic: string, shares: string}} PanelStep
 */

/**
 * Row t of what there is for each pair of steps has the t + 1 words up to it, or, of a layer that reads from the end, the
 * T − t words from it on; then the other columns.
 * @typedef {object} Numbers
 * @property {string} [label] of one of several networks
 * @property {string[]} words
 * @property {string} noun
 * @property {string[]} readouts
 * @property {number[]} edges of the columns, as shares of the width
 * @property {Row[]} rows
 * @property {("here" | "everywhere" | null)[]} where a gate is held by the last edit that sets one at each step
 * @property {{values: number[], logits: number[], positive: string, negative: string}} [verdict]
 * @property {"forward" | "backward"} [direction]
 * @property {string[]} [others] columns after those of the words
 * @property {(number | null)[][]} [amounts]
 * @property {(number | null)[][]} [pushes]
 * @property {(number | null)[][]} [forgetting]
 * @property {(number | null)[][]} [letting_out]
 * @property {PanelStep[]} [panel]
 */

/**
 * The numbers of each network in a picture.
 * @param {Element} element
 * @returns {Numbers[]}
 */
export function numbersOf(element) {
  return [...element.querySelectorAll("script.numbers")].flatMap((each) => JSON.parse(each.textContent ?? "[]"));
}

/**
 * A number at step t of the column k, which counts words first; null where there is none.
 * @param {Numbers} numbers
 * @param {"amounts" | "pushes" | "forgetting" | "letting_out"} name
 * @param {number} t
 * @param {number} k
 */
export function pairAt(numbers, name, t, k) {
  const { words, direction } = numbers;
  const rows = numbers[name];
  if (!rows || t < 0 || t >= rows.length) return null;
  const steps = words.length;
  const isBackward = direction === "backward";
  const count = isBackward ? steps - t : t + 1; // words in the row
  if (k >= steps) return rows[t][count + k - steps] ?? null;
  const at = isBackward ? k - t : k;
  return at < 0 || at >= count ? null : (rows[t][at] ?? null);
}
