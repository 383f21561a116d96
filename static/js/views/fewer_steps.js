// A link to as much of a text as fits a limit: another text, so that the browser's way back leads to the whole one.

import { nounOf, textUpTo } from "../data/written.js";
import { make } from "../kit/dom.js";

/** @typedef {{addressOf: (text: string, steps: number) => string, onLink: (address: URL) => void}} FewerSteps `addressOf`: of the page with another text */

/**
 * A link to the first steps of the text of a trace; null where all fit, none do, or they are not known.
 * @param {import("../data/decoded_trace.js").DecodedTrace} trace
 * @param {number} steps that fit
 * @param {FewerSteps} handlers
 */
export function linkToFewer(trace, steps, { addressOf, onLink }) {
  const text = steps < trace.steps ? textUpTo(trace, steps) : null;
  if (text === null) return null;
  const noun = nounOf(trace.model);
  const address = new URL(addressOf(text, steps), location.href);
  const link = make("a", { href: address.href, class: "fewer" }, `Read only the first ${steps === 1 ? noun : `${steps.toLocaleString("en")} ${noun}s`}`);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onLink(address);
  });
  return link;
}
