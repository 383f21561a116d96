// Text: from the code points that the API counts to the UTF-16 units that the browser counts, and to what can be seen.

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
 * Whether a text holds no token: for a tokenizer of words, nothing but white space.
 * @param {string} text
 * @param {string} tokenizer
 */
export function isBlank(text, tokenizer) {
  return tokenizer === "character" ? text === "" : /^\p{White_Space}*$/u.test(text);
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
 * A token as it can be seen: blanks as ␣, line breaks as ↵, tabs as ⇥, other control characters as their pictures.
 * @param {string} token
 */
export function visible(token) {
  return token
    .replace(/\n/g, "↵")
    .replace(/\t/g, "⇥")
    .replace(/[\u0000-\u001f]/g, (control) => String.fromCodePoint(0x2400 + control.charCodeAt(0)))
    .replace(/\s/g, "␣");
}

/**
 * A token cut to `length` characters.
 * @param {string} token
 * @param {number} length
 */
export function shortened(token, length) {
  const characters = [...visible(token)];
  return characters.length <= length ? characters.join("") : `${characters.slice(0, length - 1).join("")}…`;
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
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
