// The scales of the pictures: the ranges of colours and bars, and how their ends are written. A legend is made from the
// panels as they were drawn, so that it cannot state another scale.

import { power } from "../kit/numbers.js";
import { sequential, signed } from "./colors.js";

/** @typedef {import("../data/api_types.d.ts").ActivationInfo} ActivationInfo */
/** @typedef {import("./sheet.js").Sheet} Sheet */
/** @typedef {[number, number]} Range */
/** @typedef {{range: Range, colors: import("./colors.js").Scale, ends: [string, string], what: string, difference: boolean}} ColorScale `what`: what it is the scale of */

/**
 * The greatest absolute value; 0 where there is none.
 * @param {Iterable<number>} values NaN for a gap
 */
export function greatest(values) {
  let result = 0;
  for (const value of values) if (Math.abs(value) > result && Number.isFinite(value)) result = Math.abs(value);
  return result;
}

/**
 * The end of a scale on which a value fits, rounded up to two digits, so that the label is exact; 1 for 0.
 * @param {number} value
 */
export function roundedUp(value) {
  if (value === 0) return 1;
  const digit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / digit) * digit).toPrecision(2));
}

/**
 * Where the scale of each unbounded activation ends: the same in all lanes of a comparison.
 * @param {(import("../data/decoded_trace.js").DecodedTrace | null)[]} traces
 * @param {(import("../data/decoded_trace.js").DecodedLayer | null)[]} layers
 * @returns {Record<string, number>}
 */
export function endsOf(traces, layers) {
  /** @type {Record<string, number>} */
  const ends = {};
  for (const [at, trace] of traces.entries()) {
    for (const { letter, maximum } of trace?.model.activations ?? []) {
      const layer = layers[at];
      if (layer && maximum === null) ends[letter] = Math.max(ends[letter] ?? 0, greatest(layer.summary(letter, "greatest")));
    }
  }
  return Object.fromEntries(Object.entries(ends).map(([letter, value]) => [letter, roundedUp(value)]));
}

/**
 * The range of the colours of each activation, by its letter. Where it has no bound, `ends` gives one, the same on either
 * side of 0.
 * @param {ActivationInfo[]} infos
 * @param {Record<string, number>} ends
 * @returns {Record<string, Range>}
 */
export function rangesOf(infos, ends) {
  return Object.fromEntries(infos.map(({ letter, minimum, maximum }) => [letter, [minimum ?? -ends[letter], maximum ?? ends[letter]]]));
}

/**
 * The ranges of differences: as far apart as two values on a scale can be. A colour so stands for the same difference
 * between any two texts, and a small difference is pale.
 * @param {Record<string, Range>} ranges
 * @returns {Record<string, Range>}
 */
export function differencesOf(ranges) {
  return Object.fromEntries(Object.entries(ranges).map(([letter, [low, high]]) => [letter, [low - high, high - low]]));
}

/**
 * The colours of a range: 0 always has the neutral one.
 * @param {Range} range
 */
export function colorsOf([low]) {
  return low === 0 ? sequential() : signed();
}

/**
 * The end of a scale as it is written.
 * @param {number} end of three digits at most
 */
export function endLabel(end) {
  const value = Number(end.toPrecision(3));
  const size = Math.abs(value);
  const [mantissa, exponent] = value.toExponential().split("e");
  const label = size === 0 || (size >= 1e-3 && size < 1e5) ? String(value) : `${mantissa} · ${power(Number(exponent))}`;
  return label.replace(/^-/, "−");
}

/**
 * The scales of colour that panels were drawn with, each once.
 * @param {Sheet[]} sheets
 * @returns {ColorScale[]}
 */
export function scalesOf(sheets) {
  const groups = [...Map.groupBy(sheets, ({ difference, heatmap: { range } }) => [difference, ...range].join()).values()];
  return groups.map((group) => {
    const [{ difference, heatmap }] = group;
    const { range, scale } = heatmap;
    const others = sheets.filter((sheet) => sheet.difference === difference && !group.includes(sheet)).map(nounOf);
    const named = [...Map.groupBy(group, nounOf)].map(([noun, same]) => {
      const lanes = new Set(same.map(({ lane }) => lane));
      return others.includes(noun) ? `${noun} (${[...lanes].join(", ")})` : noun;
    });
    return { range, colors: scale, ends: [endLabel(range[0]), endLabel(range[1])], what: named.join(", "), difference };
  });
}

/** @param {Sheet} sheet */
function nounOf({ info: { kind, name } }) {
  return kind === "state" ? name : { gate: "gates", candidate: "candidate" }[kind];
}
