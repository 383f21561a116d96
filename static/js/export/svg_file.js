// The pictures as one self-contained figure: SVG, and PNG made from it.

import { columnsOf, evenly } from "../charts/columns.js";
import { mixed } from "../charts/colors.js";
import { pathOf } from "../charts/hatching.js";
import { scalesOf } from "../charts/scales.js";
import { plotOf } from "../charts/sheet.js";
import { HEIGHT } from "../charts/summary_bars.js";
import { asXml, escaped } from "../kit/text.js";
import { colorOf } from "../kit/theme.js";

/** @typedef {import("../charts/sheet.js").Sheet} Sheet */
/** @typedef {{sheet: Sheet, plot: HTMLElement, bars: SVGSVGElement, labels: SVGSVGElement}} Drawing a panel as it is on the page */
/** @typedef {{title: string, says: string, after: string, token: string, columns: number, drawings: Drawing[]}} LaneContent `says`: the verdict, `after` which step; `columns`: panels side by side */
/** @typedef {import("../charts/hatching.js").Box} Box */
/** @typedef {{svg: string, height: number}} Block a piece of the figure, and the room it takes */

const DRAWN = 50_000; // most entries of a figure that are drawn as one shape each
const LEAST = 4; // pixels along each side of an entry in a bitmap, at least
const GAP = 24; // pixels around the lanes, and between panels
const SIDE = 18; // for the title of the axis of units
const NAME = 24; // for the name of a panel
const BELOW = 14; // from the words down to the title of their axis
const LINE = 1.45; // of a text's size
const RAMP = 72; // the width of a scale
const TITLE_LINES = 3;

/**
 * A figure of lanes side by side, with the scale of every colour in it.
 * @param {string} title
 * @param {LaneContent[]} lanes
 * @param {string} edited what was edited; empty for nothing
 */
export function asSvg(title, lanes, edited) {
  const { color: ink, backgroundColor: paper } = getComputedStyle(document.body);
  const muted = colorOf(document.body, "muted");
  const sheets = lanes.flatMap(({ drawings }) => drawings.map(({ sheet }) => sheet));
  const count = sheets.reduce((sum, { heatmap }) => sum + heatmap.values.length, 0);
  const isBitmap = count > DRAWN;
  const blocks = lanes.map((lane) => panels(lane, isBitmap ? bitmap : shapes, muted));
  const lefts = blocks.map((_, at) => GAP + blocks.slice(0, at).reduce((sum, { width }) => sum + width + GAP, 0));
  const width = lefts[lefts.length - 1] + blocks[blocks.length - 1].width + GAP;
  const room = width - 2 * GAP;

  let y = GAP;
  /** @param {Block} block */
  const below = ({ svg, height }) => {
    y += height;
    return `<g transform="translate(${GAP} ${round(y - height)})">${svg}</g>`;
  };
  const heading = below(paragraph(title, { size: 17, ink }, room, TITLE_LINES));
  const scales = below(legend(scalesOf(sheets), room, muted));
  const heads = lanes.map((lane, at) => {
    const style = { ink, weight: 600 };
    const lines = [
      paragraph(lane.title, { ...style, size: 15 }, blocks[at].width, TITLE_LINES),
      paragraph(lane.says, { ...style, size: 16 }, blocks[at].width, 1),
      paragraph(lane.after, { size: 12, ink: muted }, blocks[at].width, 2),
    ];
    let height = 0;
    const svg = lines.map((line) => `<g transform="translate(${lefts[at]} ${round(y + (height += line.height) - line.height)})">${line.svg}</g>`);
    return { svg: svg.join(""), height };
  });
  y += Math.max(...heads.map(({ height }) => height)) + 6;
  const pictures = blocks.map(({ svg }, at) => `<g transform="translate(${lefts[at]} ${round(y)})">${svg}</g>`);
  y += Math.max(...blocks.map(({ height }) => height));
  const caption = below(paragraph(captionOf(sheets, isBitmap ? count : 0, edited), { size: 12, ink: muted }, room));
  const height = Math.ceil(y + GAP / 2);
  const content = [heading, scales, ...heads.map(({ svg }) => svg), ...pictures, caption].join("");
  return asXml(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="${paper}"/>${content}</svg>`,
  );
}

/**
 * The caption of a figure.
 * @param {Sheet[]} sheets
 * @param {number} entries in a bitmap
 * @param {string} edited
 */
function captionOf(sheets, entries, edited) {
  const difference = sheets.some((sheet) => sheet.difference);
  const sentences = [
    edited,
    "Bars: the mean over the units of a gate, the norm of anything else.",
    difference && "Of the difference (second less first) they are the norm; a gap is a word of one text only.",
    entries && `The ${entries.toLocaleString("en")} squares are embedded as PNG, each a block of whole pixels: more than ${DRAWN.toLocaleString("en")} are not drawn one by one.`,
  ];
  return sentences.filter(Boolean).join(" ");
}

/**
 * The panels of a lane, each with its name, bars, heatmap and axes.
 * @param {LaneContent} lane
 * @param {(heatmap: import("../charts/heatmap_figure.js").Heatmap, box: Box) => string} drawHeatmap
 * @param {string} muted
 */
function panels({ drawings, columns, token }, drawHeatmap, muted) {
  const [{ sheet: first }] = drawings;
  // Words that stand upright may hang lower than the room that was kept for them.
  const depth = Math.max(...drawings.map(({ sheet, labels }) => Math.max(sheet.size.height, labels.getBBox().y + labels.getBBox().height)));
  const width = SIDE + first.size.width;
  const height = NAME + HEIGHT + depth + BELOW + GAP;
  const svg = drawings.map(({ sheet, plot, bars, labels }, at) => {
    const { info, size, heatmap, hatching } = sheet;
    const box = plotOf(size, heatmap);
    const [across, down] = [box.left + box.width / 2, box.top + box.height / 2];
    const axes = [
      svgText(across, depth + BELOW - 3, token, { size: 11, ink: muted, anchor: "middle" }),
      `<g transform="translate(${2 - SIDE} ${round(down)}) rotate(-90)">${svgText(0, 9, "unit", { size: 11, ink: muted, anchor: "middle" })}</g>`,
    ];
    const name = svgText(0, NAME - 8, `${info.name} ${info.letter}`, { size: 15, ink: colorOf(plot, "ink"), weight: 600 });
    const position = `translate(${(at % columns) * (width + GAP)} ${round(Math.floor(at / columns) * height)})`;
    return `<g class="panel" transform="${position}">${name}<g transform="translate(${SIDE} ${NAME})">${styledCopy(bars)}</g><g transform="translate(${SIDE} ${NAME + HEIGHT})"><g class="heatmap">${drawHeatmap(heatmap, box)}</g>${hatchingOf(hatching)}${styledCopy(labels)}${axes.join("")}</g></g>`;
  });
  const count = Math.min(columns, drawings.length);
  return { svg: svg.join(""), width: count * (width + GAP) - GAP, height: Math.ceil(drawings.length / columns) * height };
}

/**
 * Hatching as the page draws it.
 * @param {import("../charts/hatching.js").Line[]} lines
 */
function hatchingOf(lines) {
  if (lines.length === 0) return "";
  const { color: ink, backgroundColor: paper } = getComputedStyle(document.body);
  const d = pathOf(lines);
  return `<g class="hatching"><path d="${d}" stroke="${paper}" stroke-width="2.5"/><path d="${d}" stroke="${ink}"/></g>`;
}

/**
 * A heatmap with a rectangle for each entry that is a number.
 * @param {import("../charts/heatmap_figure.js").Heatmap} heatmap
 * @param {Box} box
 */
function shapes({ values, order, scale, range: [low, high], edges }, box) {
  const units = order.length;
  const x = places(box.left, box.width, columnsOf(edges ?? null, values.length / units));
  const y = places(box.top, box.height, evenly(units));
  const rectangles = Array.from(values, (_, index) => {
    const [t, at] = [Math.floor(index / units), index % units];
    const value = values[index];
    if (Number.isNaN(value)) return "";
    const color = mixed(scale, (value - low) / (high - low)).map((channel) => channel.toString(16).padStart(2, "0"));
    return `<rect x="${x[t]}" y="${y[at]}" width="${round(x[t + 1] - x[t])}" height="${round(y[at + 1] - y[at])}" fill="#${color.join("")}"/>`;
  });
  // Blended edges would show the paper between entries that touch.
  return `<g shape-rendering="crispEdges">${rectangles.join("")}</g>`;
}

/**
 * A heatmap as a bitmap, with enough whole pixels for each entry that a viewer which blends pixels blurs only its edges.
 * @param {import("../charts/heatmap_figure.js").Heatmap} heatmap
 * @param {Box} box
 */
function bitmap({ values, order, scale, range: [low, high], edges }, box) {
  const [units, steps] = [order.length, values.length / order.length];
  const pixels = new ImageData(steps, units);
  for (let t = 0; t < steps; t += 1) {
    for (let at = 0; at < units; at += 1) {
      const value = values[t * units + at];
      if (!Number.isNaN(value)) pixels.data.set([...mixed(scale, (value - low) / (high - low)), 255], 4 * (at * steps + t));
    }
  }
  const small = canvasOf(steps, units);
  small.pen.putImageData(pixels, 0, 0);
  /** @param {number} entries @param {number} room */
  const enlarged = (entries, room) => entries * Math.max(LEAST, Math.ceil((2 * room) / entries));
  const { canvas, pen } = canvasOf(enlarged(steps, box.width), enlarged(units, box.height));
  pen.imageSmoothingEnabled = false;
  const columns = columnsOf(edges ?? null, steps).map((edge) => Math.round(edge * canvas.width));
  for (let t = 0; t < steps; t += 1) pen.drawImage(small.canvas, t, 0, 1, units, columns[t], 0, columns[t + 1] - columns[t], canvas.height);
  const { left, top, width, height } = box;
  return `<image x="${left}" y="${top}" width="${width}" height="${height}" preserveAspectRatio="none" image-rendering="pixelated" xlink:href="${canvas.toDataURL("image/png")}"/>`;
}

/**
 * Scales of colour, in as many rows as they need: each with its ends and what it is of.
 * @param {import("../charts/scales.js").ColorScale[]} scales
 * @param {number} room
 * @param {string} ink
 * @returns {Block}
 */
function legend(scales, room, ink) {
  const size = 12;
  let [x, y] = [0, 1.3 * size];
  const drawings = scales.map(({ colors, ends: [low, high], what, difference }, at) => {
    const says = difference ? `difference: ${what}` : what;
    const widths = [low, high, says].map((each) => widthOf(each, size));
    const width = widths[0] + RAMP + widths[1] + widths[2] + 20;
    if (x > 0 && x + width > room) [x, y] = [0, y + LINE * size];
    const ramp = x + widths[0] + 5;
    const end = ramp + RAMP + 5;
    const stops = colors.map(([offset, color]) => `<stop offset="${offset}" stop-color="${color}"/>`).join("");
    const svg = `<g class="scale"><linearGradient id="scale${at}">${stops}</linearGradient>${svgText(x, y, low, { size, ink })}<rect x="${round(ramp)}" y="${round(y - 9)}" width="${RAMP}" height="9" fill="url(#scale${at})"/>${svgText(end, y, high, { size, ink })}${svgText(end + widths[1] + 10, y, says, { size, ink })}</g>`;
    x += width + GAP;
    return svg;
  });
  return { svg: drawings.join(""), height: y + size };
}

/** @typedef {{size: number, ink: string, weight?: number, anchor?: string}} TextStyle */

/**
 * A text in lines that fit; the last one that may stand ends in … where there is more.
 * @param {string} content
 * @param {TextStyle} style
 * @param {number} room
 * @param {number} [most] lines
 * @returns {Block}
 */
export function paragraph(content, style, room, most = Infinity) {
  const { size, weight } = style;
  /** @type {string[]} */
  const lines = [];
  for (let rest = asXml(content).replace(/[ \t\r\n]+/g, " ").trim(); rest !== ""; ) {
    const isLast = lines.length === most - 1;
    const [line, more] = split(rest, room - (isLast ? size : 0), size, weight);
    lines.push(isLast && more !== "" ? `${line}…` : line);
    rest = isLast ? "" : more;
  }
  return {
    svg: lines.map((line, at) => svgText(0, size * (1 + at * LINE), line, style)).join(""),
    height: lines.length * size * LINE,
  };
}

/**
 * The part of a text that fits, up to a space if there is one, and the rest.
 * @param {string} content
 * @param {number} room
 * @param {number} size
 * @param {number} [weight]
 * @returns {[string, string]}
 */
function split(content, room, size, weight) {
  const characters = [...content];
  let [fits, least, beyond] = [0, 1, characters.length + 1];
  for (fits = least; beyond - least > 1; fits = least) {
    const middle = (least + beyond) >> 1;
    if (widthOf(characters.slice(0, middle).join(""), size, weight) <= room) least = middle;
    else beyond = middle;
  }
  const space = fits < characters.length ? characters.lastIndexOf(" ", fits) : -1;
  const end = space > 0 ? space : fits;
  return [characters.slice(0, end).join(""), characters.slice(end).join("").trimStart()];
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {TextStyle} style
 */
function svgText(x, y, content, { size, ink, weight = 400, anchor = "start" }) {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" fill="${ink}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

const measure = canvasOf(1, 1).pen;

/**
 * The width of a text, with some room to spare for viewers with other fonts.
 * @param {string} content
 * @param {number} size
 * @param {number} [weight]
 */
function widthOf(content, size, weight = 400) {
  measure.font = `${weight} ${size}px system-ui, sans-serif`;
  return 1.05 * measure.measureText(content).width;
}

/**
 * The edges of a row of boxes in pixels.
 * @param {number} start
 * @param {number} size
 * @param {import("../charts/columns.js").Edges} edges
 */
function places(start, size, edges) {
  return edges.map((edge) => round(start + size * edge));
}

/** @param {number} value */
function round(value) {
  return Math.round(100 * value) / 100;
}

/**
 * @param {number} width
 * @param {number} height
 */
function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  return { canvas, pen: /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")) };
}

/**
 * An SVG as a PNG of twice its size. Throws an Error if the browser cannot paint it.
 * @param {string} svg
 * @returns {Promise<Blob>}
 */
export async function asPng(svg) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  URL.revokeObjectURL(image.src);
  const { canvas, pen } = canvasOf(2 * image.width, 2 * image.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser cannot paint a picture of this size"))), "image/png"),
  );
}

/**
 * The content of an SVG element, with the styles that the page gives it as attributes.
 * @param {SVGElement} svg
 */
function styledCopy(svg) {
  return Array.from(svg.children, (child) => {
    const { fill, opacity, fontSize, textAnchor } = getComputedStyle(child);
    const copy = /** @type {Element} */ (child.cloneNode(true));
    for (const [name, value] of Object.entries({ fill, opacity, "font-size": fontSize, "text-anchor": textAnchor })) copy.setAttribute(name, value);
    return new XMLSerializer().serializeToString(copy);
  }).join("");
}
