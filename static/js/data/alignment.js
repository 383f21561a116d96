// Two token sequences side by side: which token of one is opposite which of the other.

/** @typedef {[number | null, number | null]} Pair a step of each sequence; null where it has none */

/**
 * The alignment with the least insertions, deletions and replacements (Wagner & Fischer 1974).
 * @param {string[]} first
 * @param {string[]} second
 * @returns {Pair[]}
 */
export function align(first, second) {
  const width = second.length + 1;
  const cost = new Uint16Array((first.length + 1) * width);
  for (let a = 0; a <= first.length; a += 1) {
    for (let b = 0; b <= second.length; b += 1) {
      const replaced = a && b ? cost[(a - 1) * width + b - 1] + Number(first[a - 1] !== second[b - 1]) : Infinity;
      const dropped = a ? cost[(a - 1) * width + b] + 1 : Infinity;
      const added = b ? cost[a * width + b - 1] + 1 : Infinity;
      cost[a * width + b] = a || b ? Math.min(replaced, dropped, added) : 0;
    }
  }
  /** @type {Pair[]} */
  const pairs = [];
  for (let [a, b] = [first.length, second.length]; a || b; ) {
    const here = cost[a * width + b];
    if (a && b && here === cost[(a - 1) * width + b - 1] + Number(first[a - 1] !== second[b - 1])) pairs.push([(a -= 1), (b -= 1)]);
    else if (a && here === cost[(a - 1) * width + b] + 1) pairs.push([(a -= 1), null]);
    else pairs.push([null, (b -= 1)]);
  }
  return pairs.reverse();
}

/** The second of two layers minus the first, pair by pair; NaN where either has no step. */
export class Difference {
  /**
   * @param {import("./decoded_trace.js").DecodedLayer} first
   * @param {import("./decoded_trace.js").DecodedLayer} second
   * @param {Pair[]} pairs
   */
  constructor(first, second, pairs) {
    this.first = first;
    this.second = second;
    this.pairs = pairs;
    this.units = first.units;
    this.rows = first.rows;
  }

  /** @param {string} letter */
  values(letter) {
    const { first, second, pairs, rows } = this;
    const differences = new Float32Array(pairs.length * rows.length).fill(NaN);
    for (const [k, [a, b]] of pairs.entries()) {
      if (a === null || b === null) continue;
      for (const [at, unit] of rows.entries()) differences[k * rows.length + at] = second.at(letter, b, unit) - first.at(letter, a, unit);
    }
    return differences;
  }

  /**
   * The norm of the difference in the units in sight, pair by pair.
   * @param {string} letter
   */
  summary(letter) {
    const values = this.values(letter);
    const { length } = this.rows;
    return Float32Array.from(this.pairs, (_, k) => Math.hypot(...values.subarray(k * length, (k + 1) * length)));
  }
}

/**
 * The label of a pair: the word where both are the same, else both.
 * @param {string | undefined} first
 * @param {string | undefined} second
 */
export function pairLabel(first, second) {
  if (first === second) return first ?? "";
  return `${first ?? ""}→${second ?? ""}`;
}
