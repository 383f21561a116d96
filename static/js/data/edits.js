// The list of edits: what is held where, what becomes of it when the text changes, and which entries it changes.

import { cellOf } from "./boot.js";
import { operationOf } from "./short_form.js";

/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {NonNullable<import("./api_types.d.ts").TraceBody["edits"]>[number]} DataForm */
/** @typedef {Omit<DataForm, "units" | "steps" | "sequences"> & {units?: number[], steps?: number[], sequences?: number[]}} Edit in the form of the API; its steps are those of the text, from 0 */
/** @typedef {{edit: Edit, on: boolean, lost?: string[]}} ListedEdit `lost`: the words that it was about, where one of them has gone */
/** @typedef {Pick<Edit, "letter" | "layer" | "direction" | "units" | "steps">} EditPlace */
/** @typedef {{t: number, row: number, rows: number}} Run rows of a heatmap in one column, from the top */

/**
 * Where a gate of a layer is held: at one step in sight, in one unit or in all. The layer is named where there are several.
 * @param {Pick<import("./decoded_trace.js").DecodedTrace, "layers" | "start">} trace
 * @param {import("./layers.js").LayerPlace} layer
 * @param {string} letter
 * @param {number} t
 * @param {number | null} unit null for all
 * @returns {EditPlace}
 */
export function placeOf({ layers, start }, { layer, direction }, letter, t, unit) {
  return {
    letter,
    ...(layers.length > 1 && { layer, direction }),
    ...(unit !== null && { units: [unit] }),
    steps: [start + t],
  };
}

/**
 * The value at which a place is held; null if it is not, or by an edit that is off.
 * @param {ListedEdit[]} listed
 * @param {EditPlace} place
 */
export function heldAt(listed, place) {
  const value = listed.findLast((each) => each.on && isHoldAt(each, place))?.edit.hold;
  return typeof value === "number" ? value : null;
}

/**
 * The list in which a place is held at a value: by the edit that did so before, if there is one.
 * @param {ListedEdit[]} listed
 * @param {EditPlace} place
 * @param {number} value
 * @returns {ListedEdit[]}
 */
export function withHold(listed, place, value) {
  const at = listed.findLastIndex((each) => isHoldAt(each, place));
  const held = { edit: { ...place, hold: value }, on: true };
  return at < 0 ? [...listed, held] : listed.with(at, held);
}

/**
 * The list in which a place is not held.
 * @param {ListedEdit[]} listed
 * @param {EditPlace} place
 */
export function withoutHold(listed, place) {
  return listed.filter((each) => !(each.on && isHoldAt(each, place)));
}

/**
 * The list with one of its edits switched on or off. Switched on, it is about the words that stand at its steps now.
 * @param {ListedEdit[]} listed
 * @param {number} at
 * @param {boolean} on
 */
export function switched(listed, at, on) {
  const { edit, lost } = listed[at];
  return listed.with(at, { edit, on, ...(lost && !on && { lost }) });
}

/**
 * Move edits with their words from one text to another: those in the common beginning stay, those in the common end follow
 * it. An edit of which a word is in neither is switched off, and keeps the name of that word. What does not move is the same
 * object as before.
 * @param {ListedEdit[]} listed
 * @param {string[]} before tokens
 * @param {string[]} after
 * @returns {{edits: ListedEdit[], lost: number[]}} `lost`: the places in the list of those that were switched off
 */
export function moved(listed, before, after) {
  const shorter = Math.min(before.length, after.length);
  let [head, tail] = [0, 0];
  while (head < shorter && before[head] === after[head]) head += 1;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  /** @param {number} step */
  const place = (step) => {
    if (step < head) return step;
    return step >= before.length - tail && step < before.length ? step + after.length - before.length : null;
  };
  const edits = listed.map((each) => {
    const { edit, lost } = each;
    if (!edit.steps || lost) return each;
    const steps = edit.steps.map(place);
    if (String(steps) === String(edit.steps)) return each;
    const kept = steps.filter((step) => step !== null);
    if (kept.length === steps.length) return { ...each, edit: { ...edit, steps: kept } };
    return { edit, on: false, lost: edit.steps.filter((_, at) => steps[at] === null).map((step) => before[step] ?? "") };
  });
  return { edits, lost: [...edits.keys()].filter((at) => listed[at].on && !edits[at].on) };
}

/**
 * The list with all of its edits off.
 * @param {ListedEdit[]} listed
 */
export function allOff(listed) {
  return listed.map((each) => ({ ...each, on: false }));
}

/**
 * Whether a cell has what an edit changes.
 * @param {Edit} edit
 * @param {Model} model
 */
export function fits({ letter }, { activations }) {
  return letter === undefined || activations.some((each) => each.letter === letter);
}

/**
 * The letters of a cell that an edit changes; none where it changes the input.
 * @param {Edit} edit
 * @param {Model} model
 * @returns {string[]}
 */
export function lettersOf(edit, model) {
  if (edit.letter) return [edit.letter];
  if (edit.freeze) return model.activations.filter(({ kind }) => kind === "state").map(({ letter }) => letter);
  return edit.couple ? [cellOf(model).couples ?? []].flat() : [];
}

/**
 * The entries of a heatmap that edits change, column by column, neighbouring rows as one.
 * @param {import("./decoded_trace.js").DecodedTrace} trace with its edits
 * @param {import("./decoded_trace.js").DecodedLayer} layer
 * @param {string} letter
 * @param {number[]} order the unit of each row
 * @returns {Run[]}
 */
export function editedRuns({ edits, model, start, tokens }, { layer, direction }, letter, order) {
  const here = edits.filter(
    (edit) => (edit.layer ?? layer) === layer && (edit.direction ?? direction) === direction && lettersOf(edit, model).includes(letter),
  );
  return tokens.flatMap((_, t) => {
    const now = here.filter(({ steps }) => !steps || steps.includes(start + t));
    if (now.some(({ units }) => !units)) return [{ t, row: 0, rows: order.length }];
    const units = new Set(now.flatMap((edit) => edit.units ?? []));
    return units.size ? runsOf(order.map((unit) => units.has(unit))).map((run) => ({ t, ...run })) : [];
  });
}

/**
 * @param {boolean[]} rows
 * @returns {Omit<Run, "t">[]}
 */
function runsOf(rows) {
  const firsts = [...rows.keys()].filter((row) => rows[row] && !rows[row - 1]);
  return firsts.map((row) => {
    const end = rows.indexOf(false, row);
    return { row, rows: (end < 0 ? rows.length : end) - row };
  });
}

/**
 * Whether an edit holds a place; not where it is about a word that has gone.
 * @param {ListedEdit} listed
 * @param {EditPlace} place
 */
function isHoldAt({ edit, lost }, place) {
  if (lost || edit.sequences || operationOf(edit)[0] !== "hold") return false;
  return /** @type {const} */ (["letter", "layer", "direction", "units", "steps"]).every((name) => String(edit[name]) === String(place[name]));
}
