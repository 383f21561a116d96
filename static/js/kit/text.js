// Text: code points and UTF-16 units, and text in markup.

/**
 * A function from an offset in code points, as the API counts them, to one in UTF-16 units, as the browser does.
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
 * The number of code points of a text.
 * @param {string} text
 */
export function codePoints(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * Titles; those whose first `length` characters are the same have … for the words that they begin with in common.
 * @param {string[]} titles
 * @param {number} length
 */
export function toldApart(titles, length) {
  return titles.map((title) => {
    const alike = titles.filter((each) => each.slice(0, length) === title.slice(0, length) && each !== title);
    if (alike.length === 0) return title;
    let same = length;
    while (alike.every((each) => each[same] === title[same])) same += 1;
    return `…${title.slice(title.lastIndexOf(" ", same - 1) + 1 || same)}`;
  });
}

/**
 * Text as it stands in markup.
 * @param {string} text
 */
export function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"); // XML knows no "]]>" in a text
}

/**
 * A document in characters that XML 1.0 allows: control characters become their pictures, others U+FFFD.
 * @param {string} document
 */
export function asXml(document) {
  return document
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (control) => String.fromCodePoint(0x2400 + control.charCodeAt(0)))
    .replace(/[\ufffe\uffff]/g, "\ufffd");
}
