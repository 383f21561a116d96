// Texts and tokens as they can be seen, by the server's names of characters that cannot.

import { boot } from "./boot.js";

const { pattern, blank, names } = boot.invisible; // of `app/web/invisible.py`
const INVISIBLE = new RegExp(pattern, "gu");
const PHRASE = /\S \S/; // no token of a text
const BLANK = new RegExp(blank, "u");

/**
 * Whether a text holds no token: for a tokenizer of words, nothing that can be seen.
 * @param {string} text
 * @param {string | null} tokenizer null for numbers
 */
export function isBlank(text, tokenizer) {
  return tokenizer === "character" ? text === "" : BLANK.test(text);
}

/**
 * A token as it can be seen, as `label_of` in `app/figures/numbers.py` gives it: in a label of several words, spaces stay.
 * @param {string} token
 */
export function visible(token) {
  return PHRASE.test(token) ? token.split(" ").map(sign).join(" ") : sign(token);
}

/**
 * A token as it can be seen, as `shown` in `app/web/invisible.py` gives it: ␣ for a blank, ‹NBSP› for one that looks like it.
 * @param {string} token
 */
function sign(token) {
  return based(token.replace(INVISIBLE, (character, kept) => kept ?? names[character] ?? `‹U+${hexadecimal(character)}›`));
}

/**
 * A token cut to `length` characters, with ▯ in place of names where there is no room for them.
 * @param {string} token
 * @param {number} length
 */
export function shortened(token, length) {
  const whole = [...visible(token)];
  if (whole.length <= length) return whole.join("");
  if (PHRASE.test(token)) return `${whole.slice(0, length - 1).join("")}…`;
  const brief = [...token.replace(INVISIBLE, (character, kept) => kept ?? (names[character]?.length === 1 ? names[character] : "▯"))];
  return based(brief.length <= length ? brief.join("") : `${brief.slice(0, length - 1).join("")}…`);
}

/**
 * A text with a dotted circle below the accent that it begins with, which would otherwise have no width.
 * @param {string} text
 */
function based(text) {
  return /^\p{M}/u.test(text) ? `◌${text}` : text;
}

/** @param {string} character */
function hexadecimal(character) {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}
