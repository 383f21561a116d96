// Starts the page: requests traces for the state of the page, and shows the answers.

import { scaleBar } from "./charts/scale_bar.js";
import { scalesOf } from "./charts/scales.js";
import { Problem } from "./data/api.js";
import { boot } from "./data/boot.js";
import { inWords } from "./data/edit_words.js";
import { allOff, heldAt, placeOf, switched, withHold, withoutHold } from "./data/edits.js";
import { ModelLibrary, wordsOf } from "./data/model_library.js";
import { changedWeights, namedUnits, weightsOf } from "./data/named_units.js";
import { byId } from "./kit/dom.js";
import { watchTheme } from "./kit/theme.js";
import { addressOf, initialState, lookOf, missingFrom, needsLayer, readAddress, remember } from "./state.js";
import { EditList } from "./views/edit_list.js";
import { FirstScreen } from "./views/first_screen/first_screen.js";
import { Keyboard } from "./views/keyboard.js";
import { Memory } from "./views/memory.js";
import { ModelPicker } from "./views/model_picker.js";
import { Picture } from "./views/picture.js";
import { Player } from "./views/player.js";
import { Presenter } from "./views/presenter.js";
import { PictureControls } from "./views/picture_controls.js";
import { ShareSheet } from "./views/share_sheet.js";
import { Story } from "./views/story.js";
import { TextBoxes } from "./views/text_boxes.js";
import { Tooltip } from "./views/tooltip.js";
import { isFirstVisit, typeOut } from "./views/typed_example.js";
import { UnitFinder } from "./views/unit_finder.js";

/** @typedef {import("./state.js").State} State */

const DEBOUNCE = 100; // ms between the last keystroke and the request
const PATIENCE = 300; // ms without an answer until the page says that it waits
const SETTLE = 200; // ms between the last change of the edits and the address: browsers bound how often it may change
const RETRY = 3000; // ms until a server that did not answer is asked again

/** The traces of what the page opens with. @type {(import("./data/api_types.d.ts").TraceAnswer | null)[]} */
const firstTraces = JSON.parse(byId("first-traces").textContent ?? "");
const library = new ModelLibrary(boot);
const { stated, invalid } = readAddress(location);
const { model, text, compare: compared, other } = boot;
/** Whether the address is of a chapter that the server did not see: after the #, or by its number in the tour. */
const isUnpainted = stated.chapter !== undefined && !new URLSearchParams(location.search).has("chapter") && stated.model !== model;
/** What is asked for. The server decides what of the query it can show. @type {State} */
const state = { ...initialState(), ...stated, model, compare: compared, other, text: stated.text ?? text };
/** What is in sight: the latest answer, and the state that it belongs to. @type {{state: State, traces: (import("./data/decoded_trace.js").DecodedTrace | null)[]}} */
let shown = { state: { ...state }, traces: [] };
/** The text whose steps the edits name, and its words where they are known. @type {{text: string, words: string[] | null}} */
let reference = { text: state.text, words: null };
/** What the ids of weights in the address are about, as `unitsInAddress` gives it. */
let addressUnits = "";
/** The last text of each task. @type {Map<string, string>} */
const texts = new Map();

const message = byId("message");
const again = byId("again");
const tooltip = new Tooltip(byId("tooltip"));
const textBoxes = new TextBoxes(updateText);
const firstScreen = new FirstScreen(byId("first-screen"), tooltip, {
  onChoose: (t, lane) => picture.chooseIn(lane, t),
  onUnit: (unit) => picture.pin({ k: picture.current.k, unit }),
  onHold: holdAll,
  onReset: () => changeEdits([]),
  onLink: tryOut,
});
const picture = new Picture(byId("picture"), tooltip, {
  onPin: keepPin,
  onChoose: keepStep,
  onFind: (lane, token) =>
    textBoxes.select(shown.state.compare === "text" && lane === 1 ? "other" : "text", shown.traces[lane]?.text, token),
  onBrush: searchPhrase,
  unitAt: (k) => firstScreen.unitAt(k),
  heldAt: (place) => heldAt(state.edits, place),
  onHold: hold,
});
const editList = new EditList({
  onSwitch: (at, on) => changeEdits(switched(state.edits, at, on)),
  onRemove: (at) => changeEdits(state.edits.toSpliced(at, 1)),
  onReset: () => changeEdits([]),
});
const modelPicker = new ModelPicker(library, {
  onModel: (model) => ask({ model, layer: null, find: null }),
  onTask: chooseTask,
  onCompare: chooseComparison,
  onExample: (text) => ask({ text }),
  onUnit: goToUnit,
});
const controls = new PictureControls({ onTurn: turnPages, onChange: changeView });
const finder = new UnitFinder({
  onMatches: (units) => picture.light(searched, units),
  onPick: ({ t, unit }) => picture.pickIn(searched, t, unit),
  onChange: (phrase) => {
    state.find = phrase && { ...phrase, from: phrase.from + shown.state.start, to: phrase.to + shown.state.start };
    keepAddress();
  },
});
const memory = new Memory(library, tooltip, {
  onChange: (change) => {
    Object.assign(state, change);
    keepAddress();
    showMemory();
  },
  onStep: (t) => picture.pickIn(0, t - shown.state.start, picture.current.unit),
  onUnit: (model, unit) => {
    if (model === state.model) picture.pin({ k: picture.current.k, unit });
    else ask({ model, unit, start: state.start, find: null });
    picture.element.scrollIntoView({ block: "nearest" });
  },
});

/** The request under way; a newer one aborts it. */
let request = new AbortController();
let timer = 0;
let addressTimer = 0;
let frame = 0;
/** Whether a change of the edits is being asked for and drawn, and whether there has been another since. */
const editing = { isBusy: false, hasChanged: false };
/** Resolves when memory is drawn. */
let memoryShown = Promise.resolve();
/** The lane that is searched. */
let searched = 0;

/**
 * Change what is asked for, and ask.
 * @param {Partial<State>} change
 */
function ask(change) {
  Object.assign(state, { start: 0 }, change);
  textBoxes.show(state);
  return update();
}

/**
 * Change how it is looked at.
 * @param {Partial<State>} change
 */
function changeView(change) {
  Object.assign(state, change);
  keepAddress();
  drawAgain();
  return show();
}

/**
 * Draw the first screen of a state; of a text that is too long there is none. Resolves when it is drawn.
 * @param {State} asked
 */
function draw(asked) {
  const [isShort, ...others] = library.lanes(asked).map(({ model, text }, lane) => (lane ? library.isReadable(model, text) : library.isShort(text)));
  if (isShort) return firstScreen.show(lookOf(others.includes(false) ? { ...asked, compare: "" } : asked));
  firstScreen.dim();
  return Promise.resolve();
}

/** Draw the first screen of the latest answer, as the state says. */
function drawAgain() {
  const { model, text, compare, other, start } = shown.state;
  return draw({ ...state, model, text, compare, other, start, edits: editsMade() });
}

/** The edits of the latest answer without those that were refused. */
function editsMade() {
  const { state: asked, traces } = shown;
  const answers = traces.flatMap((trace) => trace?.editing ?? []);
  if (answers.length === 0) return asked.edits;
  return asked.edits.filter((_, at) => answers.some(({ problem, remarks }) => problem === "" && !remarks.has(at)));
}

/** Ask for what the state says, and show the answer unless the state has changed since. */
async function update() {
  clearTimeout(timer);
  request.abort();
  memory.stop(); // a browser makes few requests at a time: the trace goes first
  request = new AbortController();
  const { signal } = request;
  const asked = { ...state };
  const waiting = setTimeout(() => signal.aborted || picture.element.setAttribute("aria-busy", "true"), PATIENCE);
  modelPicker.show(state);
  // Edits that follow their words move once the words are known: only then is it known what the first screen shows.
  if (asked.edits.length === 0 || asked.text === reference.text) draw(asked);
  try {
    const { traces, edits, lost } = await library.askFollowing(asked, reference, signal);
    if (signal.aborted) return;
    // Edits that have changed since are asked for next, and moved then.
    const areLatest = state.edits === asked.edits;
    if (!areLatest && asked.text !== reference.text) return;
    if (areLatest) state.edits = edits;
    asked.edits = edits;
    reference = { text: asked.text, words: wordsOf(traces[0]) };
    shown = { state: asked, traces };
    await drawAgain(); // the heatmaps stand under its columns
    if (signal.aborted) return;
    const names = lost.map((at) => inWords(edits[at], library.model(asked.model), null));
    showMessage(names.length ? `Switched off: ${names.join("; ")}.` : "", false);
    picture.setStale(traces[0] === null);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Problem && error.fields.includes("start") && state.start > 0) {
      state.start = 0;
      return update();
    }
    const isProblem = error instanceof Problem;
    const isTemporary = !isProblem || error.isTemporary;
    showMessage(isProblem ? error.message : "The server does not answer. Your text is kept.", isTemporary);
    picture.setStale(true);
    if (isTemporary) timer = setTimeout(update, RETRY);
    return;
  } finally {
    clearTimeout(waiting);
    if (!signal.aborted) {
      picture.element.removeAttribute("aria-busy");
      if (!editing.isBusy) keepAddress();
    }
  }
  await show();
}

/**
 * Hold a gate where it stands, or let go of it with null.
 * @param {import("./data/edits.js").EditPlace} place
 * @param {number | null} value
 */
function hold(place, value) {
  if (shown.state.text !== reference.text) return; // the address has gone on to another text
  if (!picture.pinned) picture.pin(picture.current); // what stands out may be elsewhere then
  changeEdits(value === null ? withoutHold(state.edits, place) : withHold(state.edits, place, value));
}

/**
 * Hold all units of a gate of the layer that the first screen shows, at one step or at all of them.
 * @param {string} letter
 * @param {number | null} t from the first step that is shown; null: at all steps
 * @param {number} value
 */
function holdAll(letter, t, value) {
  const [trace] = shown.traces;
  if (!trace || shown.state.text !== reference.text) return;
  if (t !== null && state.step === null) picture.choose(t); // what the finding speaks of may be elsewhere then
  const layer = trace.layers[trace.placeOfLayer(state.layer)];
  const { steps, ...everywhere } = placeOf(trace, layer, letter, t ?? 0, null);
  changeEdits(withHold(state.edits, t === null ? everywhere : { ...everywhere, steps }, value));
}

/**
 * Change the edits, and ask: at once, and again for what has changed until the answer was drawn. A slider that moves is so
 * followed as fast as answers are drawn.
 * @param {State["edits"]} edits
 */
async function changeEdits(edits) {
  state.edits = edits;
  showEdits();
  editing.hasChanged = true;
  if (editing.isBusy) return;
  editing.isBusy = true;
  try {
    while (editing.hasChanged) {
      editing.hasChanged = false;
      await update();
    }
  } finally {
    editing.isBusy = false;
  }
  clearTimeout(addressTimer);
  addressTimer = setTimeout(keepAddress, SETTLE);
}

/** Show the list of edits, with what became of each. */
function showEdits() {
  const lanes = library.lanes(shown.state);
  editList.show(state.edits, library.model(state.model), shown.traces.map((trace, at) => ({ title: lanes[at].title, trace })));
}

/** The state as an address holds it: as long as it is not known where the words of edits are in its text, they are off. */
function addressed() {
  return state.text === reference.text ? state : { ...state, edits: allOff(state.edits) };
}

/** The models in which a unit of the state is shown, the chosen one first. */
function shownModels() {
  return [...new Set([library.model(state.model), ...library.lanes(state).map(({ model }) => model)])];
}

/** The weights whose units the state names, as a new address holds them. */
function presentWeights() {
  return namedUnits(state).length ? weightsOf(shownModels()) : "";
}

/** The units that the state names, and the models whose they are: what the ids of weights in its address are about. */
function unitsInAddress() {
  return JSON.stringify([namedUnits(state), shownModels().map(({ id }) => id)]);
}

/**
 * Take over the weights of an address that the state has been read from.
 * @param {Partial<State>} stated
 * @param {boolean} isOfThisPage whether the page itself has made it
 */
function openWeights({ model = state.model, sha = "" }, isOfThisPage) {
  state.sha = (model === state.model && sha) || (isOfThisPage ? presentWeights() : "");
  addressUnits = unitsInAddress();
}

/**
 * Write the state into the address. As long as that names the units that it was opened with, it keeps their weights too:
 * loaded again, the page then says the same of them.
 * @param {boolean} [isNewEntry]
 */
function keepAddress(isNewEntry) {
  const [trace] = shown.traces;
  if (trace && trace.layers.length > 1 && needsLayer(state)) state.layer = trace.placeOfLayer(null);
  if (unitsInAddress() !== addressUnits) openWeights({}, true);
  remember(addressed(), isNewEntry);
}

/** Show the latest answer in every view, as the state says. */
async function show() {
  const { state: asked, traces } = shown;
  const lanes = library.lanes(asked);
  const contents = traces.map((trace, at) => ({ title: lanes[at].title, trace }));
  const k = state.step === null ? null : state.step - asked.start;
  const isPinned = state.unit !== null && (k === null || (k >= 0 && k < library.pageSize(asked)));
  try {
    const painted = picture.show(contents, {
      layer: state.layer,
      order: state.order,
      pinned: isPinned ? { k, unit: state.unit ?? 0 } : null,
      chosen: k === null ? firstScreen.column : k < 0 ? null : k, // what the finding speaks of, where nothing is chosen
      edges: contents.length === 1 ? firstScreen.edges : null,
      difference: asked.compare === "text",
    });
    byId("scales").replaceChildren(...scalesOf(picture.sheets.filter(({ difference }) => !difference)).map(scaleBar));
    controls.show(traces[0], state);
    showEdits();
    story.refresh();
    await painted;
    showMatches();
    showMemory();
  } catch (error) {
    showMessage(`The pictures cannot be drawn: ${error instanceof Error ? error.message : error}. Load the page again.`, false);
  }
}

/** Show the memory of the text in sight, if that view is open. */
function showMemory() {
  const layer = shown.traces[0]?.placeOfLayer(state.layer) ?? 0;
  memoryShown = memory.show({ ...state, layer, model: shown.state.model }, shown.traces[0]?.original ?? shown.traces[0] ?? null, state.step === null ? null : picture.step);
}

/** Show the units that were searched for, if the phrase is in sight. */
function showMatches() {
  const { start } = shown.state;
  searched = Math.min(searched, shown.traces.length - 1);
  const { trace, layer } = picture.lanes[searched];
  const inSight = state.find && state.find.from >= start ? { ...state.find, from: state.find.from - start, to: state.find.to - start } : null;
  if (trace && layer) finder.show(trace, /** @type {import("./data/decoded_trace.js").DecodedLayer} */ (layer), inSight, library.lanes(shown.state)[searched].title);
}

/**
 * Search for the units that are on throughout a phrase of a lane.
 * @param {number} lane
 * @param {{from: number, to: number}} span
 */
function searchPhrase(lane, span) {
  if (lane !== searched) {
    searched = lane;
    showMatches();
  }
  finder.set(span);
}

/**
 * @param {string} text
 * @param {boolean} canRetry
 */
function showMessage(text, canRetry) {
  message.textContent = text;
  again.hidden = !canRetry;
}

/**
 * Show sentences after those that are shown already.
 * @param {string[]} sentences of which some may be empty
 */
function addToMessage(...sentences) {
  const added = sentences.filter(Boolean).join(" ");
  if (added) showMessage(`${message.textContent} ${added}`.trim(), !again.hidden);
}

/** What to say where the state is from an address that was made with other weights. */
function weightsRemark() {
  return changedWeights(state.sha, shownModels(), namedUnits(state));
}

/**
 * Write what is pinned into the state; without a pin, the word stays chosen.
 * @param {import("./views/picture.js").Pin | null} pin
 */
function keepPin(pin) {
  if (!pin) {
    state.unit = null;
    return keepStep(picture.chosen);
  }
  picture.chosen = pin.k;
  keepPlace(pin.k + shown.state.start, pin.unit);
}

/** @param {number | null} k the column that was chosen */
function keepStep(k) {
  keepPlace(k === null ? null : k + shown.state.start, state.unit);
}

/**
 * @param {number | null} step
 * @param {number | null} unit
 */
function keepPlace(step, unit) {
  const moved = step !== state.step;
  Object.assign(state, { step, unit });
  keepAddress();
  const column = picture.pinned?.k ?? picture.chosen;
  if (column !== null) firstScreen.choose(column, picture.steps);
  drawAgain().then(() => picture.refresh()); // the panel may show another unit
  if (state.order === "value" && moved) show();
  else if (moved) showMemory();
}

/**
 * @param {import("./views/text_boxes.js").Box} box
 * @param {string} text
 */
function updateText(box, text) {
  Object.assign(state, { [box]: text, start: 0 });
  clearTimeout(timer);
  timer = setTimeout(update, DEBOUNCE);
}

/** @param {string} task */
function chooseTask(task) {
  const { task: lastTask, cell } = library.model(state.model);
  texts.set(lastTask, state.text);
  const models = library.task(task);
  const model = models.find((each) => each.cell === cell) ?? models[0];
  const compare = state.compare === "text" ? "" : state.compare;
  const { memory, alpha, weights, chapter } = state;
  ask({ ...initialState(), memory, alpha, weights, chapter, model: model.id, text: texts.get(task) ?? model.examples[0] ?? "", compare });
}

/** @param {State["compare"]} compare */
function chooseComparison(compare) {
  const another = library.model(state.model).examples.find((example) => example !== state.text);
  ask({ compare, other: state.other || another || "" });
}

/** @param {import("./data/api_types.d.ts").NamedUnit} unit */
function goToUnit({ layer, direction, unit }) {
  const [first] = shown.traces;
  const index = first?.layers.findIndex((each) => each.layer === layer && each.direction === direction) ?? 0;
  changeView({ layer: Math.max(0, index), unit, step: null });
}

/**
 * Bring the page into the state of an address.
 * @param {URL | Location} address of a chapter of the story, or from the browser's history
 */
async function goTo(address) {
  const { stated } = readAddress(address);
  const model = library.model(stated.model ?? boot.model);
  Object.assign(state, initialState(), { model: model.id, text: model.examples[0] ?? "" }, stated);
  reference = { text: state.text, words: null };
  openWeights(stated, address instanceof URL);
  if (address instanceof URL) keepAddress(true);
  story.show(state.chapter);
  textBoxes.show(state);
  await update();
  addToMessage(weightsRemark());
}

/**
 * Open a link of the first screen, which has edits or another text; the browser's way back undoes it.
 * @param {URL} address
 */
function tryOut(address) {
  const { text = state.text, edits = [], step = null } = readAddress(address).stated;
  if (text !== state.text) {
    reference = { text, words: null };
    Object.assign(state, { text, unit: null, start: 0 });
    textBoxes.show(state);
  }
  Object.assign(state, { edits, step });
  keepAddress(true);
  return update();
}

/**
 * Present the first screen, or stop.
 * @param {1 | null} present
 */
function present(present) {
  state.present = present;
  keepAddress();
  presenter.show(state.slides);
  drawAgain();
  if (present === null) show(); // the heatmaps were hidden
}

/** @param {import("./data/presentation.js").Slide} slide */
function showSlide({ model, text, edits, step }) {
  const { edits: listed = [] } = readAddress({ search: `?${new URLSearchParams({ edits })}`, hash: "" }).stated;
  Object.assign(state, { compare: "", layer: null, unit: null, start: 0, model: library.model(model).id, text, step, edits: listed });
  reference = { text, words: null };
  textBoxes.show(state);
  keepAddress(true);
  presenter.show(state.slides);
  return update();
}

/** Undo one thing: what is followed, else what is pinned, else the edits, else the word that was chosen. */
function undo() {
  if (firstScreen.unfollow()) return;
  if (picture.pinned) return picture.pin(null);
  if (state.edits.length > 0) return changeEdits([]);
  keepPlace(null, null);
}

/** @param {number} pages */
function turnPages(pages) {
  const [trace] = shown.traces;
  if (!trace) return;
  const { start, stop, steps } = trace;
  ask({ start: pages > 0 ? Math.min(stop, steps - 1) : Math.max(0, start - library.pageSize(state)) });
}

/** @type {Story} */
const story = new Story({
  onTurn: (chapter) => goTo(new URL(boot.chapters[chapter - 1], location.href)),
  onClose: () => {
    state.chapter = null;
    keepAddress();
  },
  onHold: (letter, step, value) => holdAll(letter, step, value),
  onModel: (model) => ask({ model, layer: null, find: null }),
  state: () => shown.state,
  numbers: () => firstScreen.numbers,
});
const player = new Player(picture, byId("play"));
const presenter = new Presenter({
  onStart: () => present(1),
  onStop: () => present(null),
  onShow: showSlide,
  onEdit: (slides) => {
    state.slides = slides;
    keepAddress();
  },
  current: () => ({ model: state.model, text: state.text, edits: lookOf(state).edits, step: state.step }),
});
const keyboard = new Keyboard([
  {
    title: "Presenting",
    isOpen: () => presenter.isOn,
    bindings: [
      { keys: ["ArrowRight", "PageDown", " "], says: "the next step", act: () => presenter.turn(1) },
      { keys: ["ArrowLeft", "PageUp"], says: "the step before", act: () => presenter.turn(-1) },
      { keys: ["b", "."], says: "blank the screen, and show it again", act: () => presenter.blank() },
      { keys: ["Escape", "p"], says: "leave", act: () => presenter.stop() },
    ],
  },
  {
    title: "In the story",
    isOpen: () => story.chapter !== null,
    bindings: [
      { keys: ["ArrowRight", "PageDown", " "], says: "the next chapter", act: () => story.turnBy(1) },
      { keys: ["ArrowLeft", "PageUp"], says: "the chapter before", act: () => story.turnBy(-1) },
      { keys: ["ArrowUp"], says: "choose the word before", act: () => player.step(-1) },
      { keys: ["ArrowDown"], says: "choose the next word", act: () => player.step(1) },
      { keys: ["Escape"], says: "close the story", act: () => story.close() },
    ],
  },
  {
    title: "The picture",
    isOpen: () => true,
    bindings: [
      { keys: ["ArrowLeft"], says: "choose the word before", act: () => player.step(-1) },
      { keys: ["ArrowRight"], says: "choose the next word", act: () => player.step(1) },
      { keys: ["ArrowUp"], says: "pin the unit above, while one is pinned", act: () => player.turnUnit(-1) },
      { keys: ["ArrowDown"], says: "pin the unit below, while one is pinned", act: () => player.turnUnit(1) },
      { keys: [" "], says: "play through the words, and stop", act: () => player.toggle() },
      { keys: ["f"], says: "follow what was written at the chosen word, and stop", act: () => firstScreen.follow() },
      { keys: ["p"], says: "present", act: () => presenter.start() },
      { keys: ["Escape"], says: "undo one thing: playing, following, a pin, the edits, the chosen word", act: () => (player.stop(), undo()) },
      { keys: ["?"], says: "this sheet", act: () => keyboard.help.showModal() },
    ],
  },
]);
new ShareSheet(picture, firstScreen.element, () => new URL(addressOf({ ...addressed(), sha: presentWeights() }), location.href).href);
byId("show-find").addEventListener("click", () => finder.set({ from: picture.current.k, to: picture.current.k }));
byId("composer").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("pointerdown", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu")) if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute("open");
  if (target instanceof Element && !target.closest(".frame, .token")) picture.point(null);
});
document.addEventListener("scroll", () => tooltip.hide(), { passive: true });
again.addEventListener("click", update);
addEventListener("online", () => again.hidden || update());
watchTheme(byId("theme"), show);
presenter.show(state.slides);
if (state.present) presenter.start();
addEventListener("resize", () => {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => {
    textBoxes.fit();
    if (picture.outgrown()) show();
    if (firstScreen.outgrown()) drawAgain();
    memory.fit();
  });
});
addEventListener("popstate", () => goTo(location));

textBoxes.show(state);
modelPicker.show(state);
story.show(state.chapter);
// The traces that came with the page serve, unless the fragment or the text box's own line ends ask for others.
state.text = textBoxes.boxes.text.value;
reference = { text: state.text, words: null };
openWeights(stated, false);
// The first paint knew no width, and no text after the #.
const drawnFirst = draw(state);
if (isUnpainted) await goTo(location);
else if (state.text === boot.text && state.start === 0 && state.edits.length === 0) {
  const [firstTrace] = firstTraces;
  picture.setStale(firstTrace === null);
  /** @param {number} steps shown, at most */
  const open = (steps) => {
    shown = { state: { ...state }, traces: library.decode(firstTraces, state, steps) };
    return show();
  };
  await drawnFirst;
  if (firstTrace && isFirstVisit()) {
    typeOut(firstTrace.steps, (count) => {
      textBoxes.show({ ...state, text: [...state.text].slice(0, firstTrace.tokens[count - 1].end).join("") });
      open(count);
    });
  } else await open(Infinity);
} else await update();
const missing = shown.traces[0] ? missingFrom(shown.traces[0], state) : [];
for (const name of missing) {
  const [inHash, inQuery] = [location.hash.slice(1), location.search].map((each) => new URLSearchParams(each).get(name));
  const field = `${name}=${inHash ?? inQuery}`;
  if (inHash !== null || !message.textContent?.includes(field)) invalid.push(field); // the server has named what it saw
  Object.assign(state, { [name]: initialState()[name] });
}
if (missing.length > 0) await show();
addToMessage(invalid.length > 0 ? `The address says ${invalid.join(", ")}, which means nothing here.` : "", weightsRemark());
