// What comes with the page: its models, and the facts that the server defines.

/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("./api_types.d.ts").Facts} Facts */
/** @typedef {Facts["comparisons"][number] | ""} Compare what is shown next to the text; empty for nothing */
/** @typedef {Facts & {model: string, text: string, compare: Compare, other: string, models: Model[], chapters: string[], tour: Record<string, number>}} Boot `chapters`: the address of the picture of each; `tour`: by the chapters of older addresses, those that now tell the same */

/** In a notebook, which has no such element, the widget fills it before any module that reads it. @type {Boot} */
export const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}");

/**
 * What the server says of the cell of a model.
 * @param {{variant: string}} model
 */
export function cellOf({ variant }) {
  return boot.cells[variant];
}
