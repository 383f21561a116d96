// The little of a browser that the page's pure modules need under Node: what came with the page, and elements that are
// made and read back. Loaded before each test.

import { readFileSync } from "node:fs";

export const facts = JSON.parse(readFileSync(process.env.GATESCOPE_FACTS, "utf-8"));

/** An element that holds attributes and children, and nothing else. */
export class Element {
  constructor(tag) {
    this.tag = tag;
    this.attributes = {};
    this.children = [];
    this.style = {};
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
  }

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  get textContent() {
    return this.children.map((child) => child.textContent ?? child).join("");
  }

  set textContent(text) {
    this.children = [text];
  }

  /** The elements in it, in order, of a class. */
  all(name) {
    const inside = this.children.filter((child) => child instanceof Element);
    return inside.flatMap((child) => [...((child.attributes.class ?? "").split(" ").includes(name) ? [child] : []), ...child.all(name)]);
  }
}

/** One that reads numbers; its second example is too long for an address. */
export const numeric = { id: "numbers", input: "numbers", examples: ["1\n", "1\n".repeat(3000)] };

const chapters = ["?model=m1&text=a&chapter=1", "?model=m2&text=b+c&step=1&chapter=2", "?model=m3&text=d&chapter=3"];

globalThis.document = {
  documentElement: { dataset: { theme: "light" } },
  getElementById: (id) => (id === "boot" ? { textContent: JSON.stringify({ ...facts, models: [numeric], chapters, tour: { 3: 3, 7: 2 } }) } : null),
  createElement: (tag) => new Element(tag),
  createElementNS: (_, tag) => new Element(tag),
};
globalThis.matchMedia = () => ({ matches: false, addEventListener() {} });

// Node has it from 21 on.
Map.groupBy ??= (items, keyOf) => {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
};
