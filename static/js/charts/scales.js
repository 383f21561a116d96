// The scales of the pictures: what colours and bars run over, and how that is written. Whatever states a scale reads it
// from the very panels that were drawn by it.

import { power } from "../kit/numbers.js";
import { diverging, sequential } from "./colors.js";

/** @typedef {import("../data/api_types.d.ts").ActivationInfo} ActivationInfo */
/** @typedef {import("./panels.js").Sheet} Sheet */
/** @typedef {[number, number]} Range */
/** @typedef {{range: Range, colors: import("./colors.js").Scale, ends: [string, string], what: string, difference: boolean}} ColorScale `what`: what it is the scale of */

/**
 * The greatest absolute value; 0 where there is none.
 * @param {Iterable<number>} values not a number for a gap
 */
export function greatest(values) {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most && Number.isFinite(value)) most = Math.abs(value);
  return most;
}

/**
 * The end of a scale on which a value fits, in two digits, so that what is written is what is drawn; 1 where all is 0.
 * @param {number} most
 */
export function roundedUp(most) {
  if (most === 0) return 1;
  const digit = 10 ** (Math.floor(Math.log10(most)) - 1);
  return Number((Math.ceil(most / digit) * digit).toPrecision(2));
}

/**
 * Where the scale of each activation without a bound ends, which a comparison holds in common.
 * @param {(import("../data/decoded_trace.js").DecodedTrace | null)[]} traces
 * @param {(import("../data/decoded_trace.js").DecodedLayer | null)[]} layers
 * @returns {Record<string, number>}
 */
export function endsOf(traces, layers) {
  /** @type {Record<string, number>} */
  const most = {};
  for (const [at, trace] of traces.entries()) {
    for (const { letter, maximum } of trace?.model.activations ?? []) {
      const layer = layers[at];
      if (layer && maximum === null) most[letter] = Math.max(most[letter] ?? 0, greatest(layer.values(letter)));
    }
  }
  return Object.fromEntries(Object.entries(most).map(([letter, value]) => [letter, roundedUp(value)]));
}

/**
 * The range of the colours of each activation, by its letter: its own where it is bounded, else to `most`, from the
 * opposite or from 0.
 * @param {ActivationInfo[]} infos
 * @param {Record<string, number>} most
 * @returns {Record<string, Range>}
 */
export function rangesOf(infos, most) {
  return Object.fromEntries(infos.map(({ letter, minimum, maximum }) => [letter, [minimum ?? -most[letter], maximum ?? most[letter]]]));
}

/**
 * The ranges of differences: as far as two values can be apart on a scale. So a colour stands for the same difference
 * between any two texts, and a small difference is pale.
 * @param {Record<string, Range>} ranges
 * @returns {Record<string, Range>}
 */
export function differencesOf(ranges) {
  return Object.fromEntries(Object.entries(ranges).map(([letter, [low, high]]) => [letter, [low - high, high - low]]));
}

/**
 * The colours of a range: 0 is the neutral one.
 * @param {Range} range
 */
export function colorsOf([low]) {
  return low === 0 ? sequential() : diverging();
}

/**
 * An end of a scale, as it is.
 * @param {number} end of three digits at most
 */
export function written(end) {
  const value = Number(end.toPrecision(3));
  const size = Math.abs(value);
  const [mantissa, exponent] = value.toExponential().split("e");
  const text = size === 0 || (size >= 1e-3 && size < 1e5) ? String(value) : `${mantissa} · ${power(Number(exponent))}`;
  return text.replace(/^-/, "−");
}

/**
 * The scales of colour that panels were drawn by, each once.
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
    return { range, colors: scale, ends: [written(range[0]), written(range[1])], what: named.join(", "), difference };
  });
}

/** @param {Sheet} sheet */
function nounOf({ info: { kind, name } }) {
  return kind === "state" ? name : { gate: "gates", candidate: "candidate" }[kind];
}
