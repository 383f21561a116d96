// Text: from the code points that the API counts to the UTF-16 units that the browser counts, and to what can be seen.

import { byId } from "./dom.js";

/** What `app/web/invisible.py` says of characters that cannot be seen. @type {{pattern: string, blank: string, names: Record<string, string>}} */
const { pattern, blank, names } = JSON.parse(byId("boot").textContent ?? "").invisible;
const INVISIBLE = new RegExp(pattern, "gu");
const BLANK = new RegExp(blank, "u");

/** @type {Record<string, string>} */
const SUPERSCRIPTS = Object.fromEntries([..."-0123456789"].map((sign, at) => [sign, [..."⁻⁰¹²³⁴⁵⁶⁷⁸⁹"][at]]));

/**
 * A function from an offset in code points of `text` to one in UTF-16 units.
 * @param {string} text
 * @returns {(codePoint: number) => number}
 */
export function utf16Offsets(text) {
  /** @type {number[]} */
  const offsets = [];
  let at = 0;
  for (const character of text) {
    offsets.push(at);
    at += character.length;
  }
  offsets.push(at);
  return (codePoint) => offsets[codePoint];
}

/**
 * Whether a text holds no token: for a tokenizer of words, nothing that can be seen.
 * @param {string} text
 * @param {string} tokenizer
 */
export function isBlank(text, tokenizer) {
  return tokenizer === "character" ? text === "" : BLANK.test(text);
}

/**
 * The number of code points of a text.
 * @param {string} text
 */
export function codePoints(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * A token as it can be seen, as `shown` in `app/web/invisible.py` gives it: ␣ for a blank, ‹NBSP› for one that looks like it.
 * @param {string} token
 */
export function visible(token) {
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

/**
 * A number in so many decimals, with a real minus sign.
 * @param {number} value
 * @param {number} decimals
 */
export function figure(value, decimals) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const text = value.toFixed(decimals);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/**
 * A number by its decadic logarithm: in two digits or so, and as a power of ten where it is very small or large.
 * @param {number} log10
 */
export function magnitude(log10) {
  if (log10 > -3 && log10 < 4) return Number((10 ** log10).toPrecision(2)).toLocaleString("en", { maximumFractionDigits: 4 });
  const [mantissa, carried] = (10 ** (log10 - Math.floor(log10))).toExponential(1).split("e+");
  return `${mantissa} · ${power(Math.floor(log10) + Number(carried))}`;
}

/**
 * A whole power of ten.
 * @param {number} exponent
 */
export function power(exponent) {
  return `10${String(exponent).replace(/[-\d]/g, (sign) => SUPERSCRIPTS[sign])}`;
}

/**
 * Text as it stands in markup.
 * @param {string} text
 */
export function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"); // XML knows no "]]>" in a text
}

/**
 * A document of characters that XML 1.0 can hold: control characters stand as their pictures, others as U+FFFD.
 * @param {string} document
 */
export function asXml(document) {
  return document
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (control) => String.fromCodePoint(0x2400 + control.charCodeAt(0)))
    .replace(/[\ufffe\uffff]/g, "\ufffd");
}
