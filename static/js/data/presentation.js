// The steps of a presentation: each is an address of the page, as short as it can be written.

/** @typedef {{model: string, text: string, edits: string, step: number | null}} Slide what one step shows; `edits` in their short form */

const MOST = 50;

/** @param {Slide[]} slides */
export function slidesToText(slides) {
  return slides.length ? JSON.stringify(slides.map(({ model, text, edits, step }) => [model, text, edits, step])) : "";
}

/**
 * The steps of their text; undefined if it cannot be read.
 * @param {string} text
 * @returns {Slide[] | undefined}
 */
export function slidesFromText(text) {
  try {
    const rows = text ? JSON.parse(text) : [];
    if (!Array.isArray(rows) || rows.length > MOST || !rows.every(isRow)) return undefined;
    return rows.map(([model, words, edits, step]) => ({ model, text: words, edits, step }));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** @param {unknown} row */
function isRow(row) {
  if (!Array.isArray(row) || row.length !== 4) return false;
  const [model, text, edits, step] = row;
  return [model, text, edits].every((each) => typeof each === "string") && (step === null || (Number.isInteger(step) && step >= 0));
}
