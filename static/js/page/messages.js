// The line below the header that says what went wrong, and offers to try again.

import { byId } from "../kit/dom.js";

const message = byId("message");
const again = byId("again");

/** What the line says. */
export function shownMessage() {
  return message.textContent ?? "";
}

/** Whether trying again is offered. */
export function canRetry() {
  return !again.hidden;
}

/**
 * @param {string} text
 * @param {boolean} isTemporary whether trying again may help
 */
export function showMessage(text, isTemporary) {
  message.textContent = text;
  again.hidden = !isTemporary;
}

/**
 * Show sentences after those that are shown already.
 * @param {string[]} sentences of which some may be empty
 */
export function addToMessage(...sentences) {
  const added = sentences.filter(Boolean).join(" ");
  if (added) showMessage(`${shownMessage()} ${added}`.trim(), canRetry());
}

/** @param {() => void} act */
export function onRetry(act) {
  again.addEventListener("click", act);
  addEventListener("online", () => canRetry() && act());
}
