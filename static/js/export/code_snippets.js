// The call behind a picture as a line of curl and as a Python program.

import { modelPath } from "../data/api.js";
import { inputOf } from "../data/written.js";

/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */

const TRUE = /(?<=(?<!\\)"):true(?=[,}])/g; // in JSON and not in a string of it, where no bare quotation mark stands

/**
 * The body of the call: what is read, the steps in sight where those are not all, the edits, and, of many outputs, how many.
 * @param {DecodedTrace} trace
 */
function body({ model, text, start, stop, steps, edits }) {
  return JSON.stringify({ ...inputOf(model, text), ...(stop - start < steps && { start, stop }), ...(edits.length > 0 && { edits }), ...(model.top && { top: model.top }) });
}

/**
 * @param {string} origin of the server
 * @param {DecodedTrace} trace
 */
function addressOf(origin, { model }) {
  return `${origin}${modelPath(model.id)}/traces`;
}

/**
 * @param {string} origin
 * @param {DecodedTrace} trace
 */
export function asCurl(origin, trace) {
  return `curl -s ${quoted(addressOf(origin, trace))} -H 'Content-Type: application/json' -d ${quoted(body(trace))}`;
}

/**
 * A program that needs only the standard library and prints the activations of one unit.
 * @param {string} origin
 * @param {DecodedTrace} trace
 * @param {import("../data/decoded_trace.js").DecodedLayer} layer
 * @param {number} unit
 */
export function asPython(origin, trace, layer, unit) {
  const index = trace.layers.findIndex((each) => each.layer === layer.layer && each.direction === layer.direction);
  return `import json
from urllib.request import Request, urlopen

body = ${body(trace).replace(TRUE, ":True")}
request = Request("${addressOf(origin, trace)}", json.dumps(body).encode(), {"Content-Type": "application/json"})
with urlopen(request) as answer:
    trace = json.load(answer)
for t, token in enumerate(trace["tokens"]):
    unit = {letter: rows[t][${unit}] for letter, rows in trace["layers"][${index}]["activations"].items()}
    print(repr(token["text"]), unit)`;
}

/**
 * Any text as one word of a shell.
 * @param {string} text
 */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
