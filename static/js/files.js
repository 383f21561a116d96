// The numbers in sight as files: CSV for tables, NPZ for NumPy.

/** @typedef {import("./reading.js").Reading} Reading */

/**
 * A row for each number.
 * @param {Reading[]} readings
 */
export function asCsv(readings) {
  const rows = ["model,text,step,token,layer,direction,activation,unit,value"];
  for (const { model, text, start, tokens, layers } of readings) {
    for (const layer of layers) {
      for (const letter of Object.keys(layer.arrays)) {
        const values = layer.values(letter);
        for (const [t, token] of tokens.entries()) {
          const row = [model.id, text, start + t, token.text, layer.layer, layer.direction, letter].map(field).join(",");
          for (let unit = 0; unit < layer.units; unit += 1) rows.push(`${row},${unit},${values[t * layer.units + unit]}`);
        }
      }
    }
  }
  return `${rows.join("\r\n")}\r\n`;
}

/**
 * A field of CSV (RFC 4180).
 * @param {string | number} value
 */
function field(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * An array for each activation, of the shape (T, H), named layer.direction.letter; the tokens; and what the head says.
 * Of several readings, the names begin with their numbers.
 * @param {Reading[]} readings
 */
export function asNpz(readings) {
  const files = readings.flatMap((reading, at) => {
    const { tokens, layers, names } = reading;
    const before = readings.length > 1 ? `${at}.` : "";
    const said = new Float32Array(tokens.length * names.length);
    for (const t of tokens.keys()) said.set(reading.said(t), t * names.length);
    const arrays = layers.flatMap((layer) =>
      Object.keys(layer.arrays).map((letter) => ({
        name: `${before}${layer.layer}.${layer.direction}.${letter}`,
        content: npy("<f4", [tokens.length, layer.units], layer.values(letter)),
      })),
    );
    const words = { name: `${before}tokens`, content: texts(tokens.map((token) => token.text)) };
    return [words, ...arrays, { name: `${before}outputs`, content: npy("<f4", [tokens.length, names.length], said) }];
  });
  return zip(files.map(({ name, content }) => ({ name: `${name}.npy`, content })));
}

/**
 * The format of one array (NEP 1).
 * @param {string} dtype
 * @param {number[]} shape
 * @param {Float32Array | Uint32Array} values
 */
function npy(dtype, shape, values) {
  const about = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const header = `${about.padEnd(Math.ceil((about.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + values.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + header.length);
  return bytes;
}

/** @param {string[]} words an array of Unicode, as wide as the longest */
function texts(words) {
  const points = words.map((word) => Array.from(word, (character) => character.codePointAt(0) ?? 0));
  const width = Math.max(1, ...points.map((each) => each.length));
  const values = new Uint32Array(words.length * width);
  for (const [at, each] of points.entries()) values.set(each, at * width);
  return npy(`<U${width}`, [words.length], values);
}

/**
 * A ZIP archive whose files are stored as they are.
 * @param {{name: string, content: Uint8Array}[]} files
 */
function zip(files) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const directory = [];
  let offset = 0;
  for (const { name, content } of files) {
    const path = new TextEncoder().encode(name);
    const size = content.length;
    // Version 2.0; UTF-8 names; stored; 1980-01-01, the first day that the format knows.
    const about = [[20, 2], [0x800, 2], [0, 2], [0, 2], [0x21, 2], [crc32(content), 4], [size, 4], [size, 4], [path.length, 2], [0, 2]];
    const local = [...bytes([[0x04034b50, 4], ...about]), ...path];
    directory.push(Uint8Array.from([...bytes([[0x02014b50, 4], [20, 2], ...about, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]]), ...path]));
    parts.push(Uint8Array.from(local), new Uint8Array(content));
    offset += local.length + size;
  }
  const length = directory.reduce((sum, each) => sum + each.length, 0);
  const end = bytes([[0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [length, 4], [offset, 4], [0, 2]]);
  return new Blob([...parts, ...directory, Uint8Array.from(end)], { type: "application/x-npz" });
}

/** @param {number[][]} numbers each with its size in bytes, the least significant first */
function bytes(numbers) {
  return numbers.flatMap(([value, size]) => Array.from({ length: size }, (_, at) => (value >>> (8 * at)) & 255));
}

/** @param {Uint8Array} content */
function crc32(content) {
  let crc = -1;
  for (const byte of content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
