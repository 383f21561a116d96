// The first screen in files: as one SVG, and inside an HTML file, where words can still be chosen.

import { root } from "../kit/root.js";
import { asXml, escaped } from "../kit/text.js";
import { colorOf } from "../kit/theme.js";
import { paragraph } from "./svg_file.js";

const GAP = 24; // pixels around the picture
/** What the page's stylesheet says of a shape and a text, and what a viewer takes where nothing says it. @type {Record<string, string>} */
const STYLES = {
  fill: "rgb(0, 0, 0)",
  "fill-opacity": "1",
  stroke: "none",
  "stroke-width": "1px",
  "stroke-dasharray": "none",
  "stroke-linecap": "butt",
  "stroke-linejoin": "miter",
  "stop-color": "rgb(0, 0, 0)",
  "stop-opacity": "1",
  opacity: "1",
  "font-size": "16px",
  "font-weight": "400",
  "text-anchor": "start",
  "paint-order": "normal",
  "vector-effect": "none",
  "text-decoration-line": "none",
};

/**
 * The pictures in sight as one SVG, with what the finding says. Throws an Error where the page is too narrow for the wide
 * form: its lines are no single drawing.
 * @param {Element} element that holds them
 * @param {string} title
 */
export function screenSvg(element, title) {
  const pictures = /** @type {HTMLElement[]} */ ([...element.querySelectorAll(".picture")]).filter((each) => each.checkVisibility());
  if (pictures.length === 0) throw new Error("the first screen is drawn in one piece only in a window of 700 pixels or more");
  const { color: ink, backgroundColor: paper } = getComputedStyle(document.body);
  const room = Math.max(...pictures.map((each) => each.getBoundingClientRect().width));
  let y = GAP;
  const pieces = pictures.map((picture) => {
    const finding = picture.closest(".first-screen")?.querySelector(".finding, .whose");
    const told = paragraph(spoken(finding), { size: 19, ink }, room);
    const { left, top, height } = picture.getBoundingClientRect();
    const drawn = [...picture.querySelectorAll("svg.gutter, svg.chart, svg.sum")].map((part) => {
      const box = part.getBoundingClientRect();
      return `<svg x="${box.left - left}" y="${box.top - top}" width="${box.width}" height="${box.height}" overflow="visible">${styled(part)}</svg>`;
    });
    const begin = y;
    y += told.height + 10 + height + GAP;
    return `<g transform="translate(${GAP} ${begin})">${told.svg}<g transform="translate(0 ${told.height + 10})">${drawn.join("")}</g></g>`;
  });
  const width = Math.ceil(room + 2 * GAP);
  return asXml(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${Math.ceil(y)}" viewBox="0 0 ${width} ${Math.ceil(y)}" font-family="system-ui, DejaVu Sans, sans-serif"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="${paper}"/>${pieces.join("")}<text x="${GAP}" y="${Math.ceil(y) - 8}" font-size="12" fill="${colorOf(document.body, "muted")}">${escaped(title)}</text></svg>`,
  );
}

/**
 * The first screen for an HTML file: its styles, its markup, and the program that answers to pointer and keys.
 * @param {Element} element that holds it
 * @returns {Promise<{style: string, html: string, program: string}>}
 */
export async function screenHtml(element) {
  const copy = /** @type {Element} */ (element.cloneNode(true));
  for (const each of copy.querySelectorAll(".experiment, fieldset, .turn, .opener, .close, .followed-note")) each.remove();
  for (const each of copy.querySelectorAll(".handled")) each.classList.remove("handled", "with-sheet");
  const files = ["css/figures.css", "js/export/saved_screen.js"].map(async (path) => (await fetch(`${root}/static/${path}`)).text());
  const [style, program] = await Promise.all(files);
  return { style, html: copy.innerHTML, program };
}

/**
 * The words of a finding, without the numbers of its marks.
 * @param {Element | null | undefined} finding
 */
function spoken(finding) {
  const copy = /** @type {Element | undefined} */ (finding?.cloneNode(true));
  for (const mark of copy?.querySelectorAll(".mark") ?? []) mark.remove();
  return copy?.textContent ?? "";
}

/**
 * What an SVG element holds, with the styles that the page gives it as attributes: viewers of SVG know no variables.
 * @param {Element} svg
 */
function styled(svg) {
  const copy = /** @type {Element} */ (svg.cloneNode(true));
  const [from, to] = [svg, copy].map((each) => [...each.querySelectorAll("*")]);
  for (const [at, element] of from.entries()) {
    const style = getComputedStyle(element);
    for (const [name, initial] of Object.entries(STYLES)) {
      const value = style.getPropertyValue(name);
      const attribute = name === "text-decoration-line" ? "text-decoration" : name;
      if (value && (value !== initial || to[at].hasAttribute(attribute)) && !value.startsWith("url(")) to[at].setAttribute(attribute, value);
    }
  }
  for (const each of copy.querySelectorAll("[class]")) each.removeAttribute("class");
  return [...copy.childNodes].map((each) => new XMLSerializer().serializeToString(each)).join("");
}
