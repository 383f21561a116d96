// How much of a text's memory can be asked for in time, and in words what cannot and why.

import { limitInWords } from "./limits.js";
import { inWords } from "./memory_requests.js";
import { nounOf } from "./written.js";

/** @typedef {import("./api_types.d.ts").LimitsAnswer} LimitsAnswer */
/** @typedef {import("./limits.js").MemoryFit} MemoryFit */
/** @typedef {{parts: string[], steps: number, narrows: boolean, late: Record<string, number>, apart: string[], allowed: number}} TimedFit the parts and steps that can be expected in time; whether time allows fewer steps than hold; the parts left out as they take too long, with the seconds that they are estimated at; the parts in the order to ask for one by one, or none if all come soon; and the seconds that the server allows */

const LEAST = 2; // steps of a picture
const SOON = 3; // seconds: what is estimated at no more is asked for at once

/**
 * What of `fit` can be expected to be computed in time, by the server's estimates: as many steps as the part that is needed,
 * and the other parts that can be expected of so many.
 * @param {MemoryFit} fit
 * @param {Pick<LimitsAnswer, "memory_parts" | "max_seconds">} answer
 * @param {string} needed
 * @param {number} most steps wanted
 * @returns {TimedFit}
 */
export function inTime(fit, { memory_parts: alone, max_seconds: allowed }, needed, most) {
  /** @param {string} part */
  const of = (part) => alone[/** @type {keyof typeof alone} */ (part)];
  const wanted = Math.min(fit.steps, most);
  const narrows = wanted > 0 && of(needed).in_time < wanted;
  const steps = narrows ? of(needed).in_time : wanted;
  const isNothing = steps < Math.min(LEAST, wanted);
  const late = isNothing ? [needed] : fit.parts.filter((part) => of(part).in_time < steps);
  const parts = isNothing ? [] : fit.parts.filter((part) => !late.includes(part));
  const seconds = parts.reduce((sum, part) => sum + of(part).seconds, 0);
  return {
    parts,
    steps: isNothing ? 0 : steps,
    narrows,
    late: Object.fromEntries(late.map((part) => [part, of(part).seconds])),
    apart: seconds > SOON ? parts.toSorted((one, other) => of(one).seconds - of(other).seconds) : [],
    allowed,
  };
}

/**
 * Which limit says how much can be shown, and how much it is, and what is not asked for; empty where all is.
 * @param {MemoryFit & {timed: TimedFit, needed: string}} fit
 * @param {{left: string[], late: Record<string, number>}} without the parts that are not asked for of any model
 * @param {Pick<import("./decoded_trace.js").DecodedTrace, "steps" | "model">} trace
 * @param {number} most steps of a picture
 */
export function fitInWords({ steps, limit, timed, needed }, { left, late }, trace, most) {
  const noun = nounOf(trace.model);
  const wanted = Math.min(most, trace.steps);
  const sentences = [];
  if (limit && (steps < wanted || left.length)) {
    const why = limitInWords(limit, `The memory of all ${trace.steps} ${noun}s of a model of this size would`);
    if (steps === 0) return `${why}: not even two ${noun}s fit. Choose another derivative, a shorter text or a smaller model, or start the server with a higher ${limit.setting}.`;
    const shown = timed.narrows || steps >= wanted ? `${why}.` : `${why}: ${steps} ${noun}s fit, ${THE_LAST}.`;
    sentences.push(left.length ? `${shown} Without ${inWords(left)}, which would not fit.` : shown);
  }
  const allowed = `the ${duration(timed.allowed)} that this server computes for an answer (GATESCOPE_MAX_SECONDS)`;
  if (timed.steps === 0) {
    sentences.push(`Even of two ${noun}s, ${inWords([needed])} may take longer than ${allowed}. Choose another derivative, a shorter text or a smaller model, or start the server with a higher GATESCOPE_MAX_SECONDS.`);
    return sentences.join(" ");
  }
  if (timed.narrows) sentences.push(`More than ${timed.steps} ${noun}s of ${inWords([needed])} may take longer than ${allowed}; shown are ${timed.steps}, ${THE_LAST}.`);
  const names = Object.entries(late).map(([part, seconds]) => `${inWords([part])} (${duration(seconds)})`);
  if (names.length) sentences.push(`Not asked for, as ${names.length === 1 ? "it" : "each"} may take longer than ${allowed}: ${names.join(", ")}.`);
  if (timed.narrows || names.length) sentences.push("These are estimates, by the work and the speed of this machine when nothing else runs; it may take twice as long.");
  return sentences.join(" ");
}

const THE_LAST = "the last of them the chosen one, or else the last in sight";

/**
 * A time as one says it.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 90) return `${seconds < 10 ? Number(seconds.toPrecision(1)) : Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
