// What runs in a saved file, from the page or from Python: it chooses steps, as the page does, without what needs a server.

for (const section of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".first-screen"))) {
  const scripts = [...section.querySelectorAll("script.numbers")];
  /** @type {{label?: string, readouts: string[], panel?: Record<string, any>[]}[]} one for each trace: `Numbers` of the page */
  const numbers = scripts.flatMap((each) => JSON.parse(each.textContent ?? "null") ?? []);
  if (!numbers.length) continue;
  section.querySelector(".readout")?.setAttribute("aria-live", "polite");

  /** @param {number} t */
  const choose = (t) => {
    section.dataset.chosen = String(t);
    for (const each of section.querySelectorAll(".chosen")) each.classList.remove("chosen");
    for (const each of section.querySelectorAll(`:is(.column, .read, tbody, .tinted span)[data-t="${t}"]`)) each.classList.add("chosen");
    const readout = section.querySelector(".readout");
    if (readout) readout.textContent = numbers.map(({ label, readouts }) => (label ? `${label}. ` : "") + readouts[t]).join(" ");
    showCell(t);
  };

  /** @param {number} t */
  const showCell = (t) => {
    const cell = /** @type {HTMLElement | null} */ (section.querySelector(".cell"));
    const step = numbers[0].panel?.[t];
    if (!cell) return;
    cell.hidden = !step && Number(cell.dataset.t) !== t; // a long text has the cell of one step only
    if (!step) return;
    for (const each of cell.querySelectorAll(".named")) each.outerHTML = step.named;
    for (const [part, text] of [
      [".which span", step.which],
      [".reads", step.reads],
    ]) {
      const element = cell.querySelector(part);
      if (element) element.textContent = text;
    }
    for (const each of /** @type {NodeListOf<SVGElement>} */ (cell.querySelectorAll(".circuit [data-of]"))) each.textContent = step.figures[each.dataset.of ?? ""] ?? "";
    const [arithmetic, shares] = [".arithmetic", ".shares"].map((part) => cell.querySelector(part));
    if (arithmetic) arithmetic.outerHTML = step.arithmetic;
    if (shares) shares.innerHTML = step.shares;
  };

  section.addEventListener("click", (event) => {
    const clicked = /** @type {Element} */ (event.target);
    if (clicked.closest("a")) event.preventDefault();
    const step = /** @type {HTMLElement | null} */ (clicked.closest("[data-t]:not(.cell)"));
    if (step) choose(Number(step.dataset.t));
  });
  addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
    if (ctrlKey || metaKey || altKey) return;
    const t = Number(section.dataset.chosen) + ({ ArrowLeft: -1, ArrowRight: 1 }[key] ?? NaN);
    if (t >= 0 && t < numbers[0].readouts.length) choose(t);
  });
}
