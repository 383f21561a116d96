// Which units are on throughout a phrase and off just before and after it (after LSTMVis, Strobelt et al. 2018).

/** @typedef {import("./decoded_trace.js").DecodedLayer} DecodedLayer */
/** @typedef {{from: number, to: number, by: string, above: number}} Phrase steps in sight, the last one included; activation; threshold */
/** @typedef {{unit: number, sign: number}} Match `sign`: −1 where the unit is on below the negative threshold */

/**
 * The units that are on throughout a phrase and off just before and after it, where there is such a step.
 * @param {DecodedLayer} layer
 * @param {Phrase} phrase
 * @returns {Match[]}
 */
export function unitsOnIn(layer, { from, to, by, above }) {
  const matches = [];
  for (let unit = 0; unit < layer.units; unit += 1) {
    for (const sign of [1, -1]) {
      /** @param {number} t */
      const on = (t) => sign * layer.at(by, t, unit) >= above;
      let throughout = (from === 0 || !on(from - 1)) && (to === layer.steps - 1 || !on(to + 1));
      for (let t = from; t <= to && throughout; t += 1) throughout = on(t);
      if (throughout) matches.push({ unit, sign });
    }
  }
  return matches;
}

/**
 * Where else all of these units are on together: the longest runs of steps, each with its first and its last.
 * @param {DecodedLayer} layer
 * @param {Phrase} phrase
 * @param {Match[]} matches
 * @returns {{from: number, to: number}[]}
 */
export function elsewhere(layer, { from, to, by, above }, matches) {
  const runs = [];
  let begin = -1;
  for (let t = 0; t <= layer.steps && matches.length > 0; t += 1) {
    const on = t < layer.steps && matches.every(({ unit, sign }) => sign * layer.at(by, t, unit) >= above);
    if (on && begin < 0) begin = t;
    if (!on && begin >= 0) {
      if (t <= from || begin > to) runs.push({ from: begin, to: t - 1 });
      begin = -1;
    }
  }
  return runs;
}
