// The short form of edits, `i@3=0`: written and read as in `app/recurrent/edits/short_form.py`. An edit that is switched off
// has a ! before it, which only the page's address knows.

/** @typedef {import("./edits.js").Edit} Edit */
/** @typedef {import("./edits.js").ListedEdit} ListedEdit */

const PLACE = ["letter", "layer", "direction", "units", "steps", "sequences"];
const INDICES = "[\\d,-]+";
const EDIT = new RegExp(
  `^(?:(?<layer>\\d{1,9})\\.)?(?:(?<direction>forward|backward)\\.)?(?<letter>[A-Za-z])?(?:\\[(?<units>${INDICES})\\])?(?:@(?<steps>${INDICES}))?(?:~(?<sequences>${INDICES}))?(?::(?<operation>[a-z_]+))?(?:=(?<value>.*))?$`,
  "s",
);
const PIECE = /(?:"(?:[^"\\]|\\.)*"|[^;"])+/gs; // up to a semicolon that stands in no string
const MOST_INDICES = 100_000; // that one field may name

/**
 * The name of the operation of an edit, and its value.
 * @param {Edit} edit
 * @returns {[string, unknown]}
 */
export function operationOf(edit) {
  return /** @type {[string, unknown]} */ (Object.entries(edit).find(([name]) => !PLACE.includes(name)));
}

/** @param {ListedEdit[]} listed */
export function shortForm(listed) {
  return listed.map(({ edit, on }) => (on ? "" : "!") + short(edit)).join(";");
}

/**
 * The edits of their short form; undefined if it cannot be read. The server checks them further.
 * @param {string} text
 * @returns {ListedEdit[] | undefined}
 */
export function fromShortForm(text) {
  const pieces = text.match(PIECE) ?? [];
  if (pieces.join(";") !== text) return undefined;
  const listed = pieces.map((piece) => {
    const on = !piece.startsWith("!");
    return { edit: read(on ? piece : piece.slice(1)), on };
  });
  return listed.every(({ edit }) => edit) ? /** @type {ListedEdit[]} */ (listed) : undefined;
}

/**
 * Indices in their order, runs of three or more as first-last.
 * @param {number[]} indices
 */
export function ranges(indices) {
  /** @type {number[][]} */
  const runs = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run?.at(-1) === index - 1) run.push(index);
    else runs.push([index]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(","))).join(",");
}

/** @param {Edit} edit */
function short(edit) {
  const { layer, direction, letter = "", units, steps, sequences } = edit;
  const [name, value] = operationOf(edit);
  const place = [
    layer === undefined ? "" : `${layer}.`,
    direction === undefined ? "" : `${direction}.`,
    letter,
    units ? `[${ranges(units)}]` : "",
    steps ? `@${ranges(steps)}` : "",
    sequences ? `~${ranges(sequences)}` : "",
  ];
  return `${place.join("")}${name === "hold" ? "" : `:${name}`}${value === true ? "" : `=${JSON.stringify(value)}`}`;
}

/**
 * One edit; undefined if it cannot be read.
 * @param {string} text
 * @returns {Edit | undefined}
 */
function read(text) {
  const groups = text && EDIT.exec(text)?.groups;
  if (!groups) return undefined;
  const { letter, layer, direction, units, steps, sequences, operation, value } = groups;
  if ((operation ?? value) === undefined || PLACE.includes(operation) || value?.trim() !== value) return undefined;
  try {
    const fields = {
      letter,
      layer: layer && Number(layer),
      direction,
      units: units && indicesOf(units),
      steps: steps && indicesOf(steps),
      sequences: sequences && indicesOf(sequences),
      [operation ?? "hold"]: value === undefined || JSON.parse(value, finite),
    };
    return Object.fromEntries(Object.entries(fields).filter(([, each]) => each !== undefined));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The indices of a list like 1,3-7. Throws a SyntaxError for anything else.
 * @param {string} text
 */
function indicesOf(text) {
  const runs = text.split(",").map((run) => /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(run) ?? fail(`${run} is not an index`));
  const ends = runs.map(([, first, last = first]) => [Number(first), Number(last)]);
  const count = ends.reduce((sum, [first, last]) => sum + (last < first ? Infinity : last - first + 1), 0);
  if (count > MOST_INDICES) fail("these are too many");
  const indices = ends.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
  return new Set(indices).size === count ? indices : fail("one is listed twice");
}

/**
 * A value of JSON as it is. Throws a SyntaxError for a number that is too large for one, which JSON.parse takes for infinite.
 * @param {string} _
 * @param {unknown} value
 */
function finite(_, value) {
  return value === Infinity || value === -Infinity ? fail("this is not finite") : value;
}

/**
 * @param {string} what
 * @returns {never}
 */
function fail(what) {
  throw new SyntaxError(what);
}
