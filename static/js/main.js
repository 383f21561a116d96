// Starts the page: makes its views, lets each act on the others, and shows what is asked for in all of them.

import { scaleBar } from "./charts/scale_bar.js";
import { scalesOf } from "./charts/scales.js";
import { fetchScreen } from "./data/api.js";
import { boot } from "./data/boot.js";
import { heldAt, switched } from "./data/edits.js";
import { layersOf } from "./data/layers.js";
import { nounOf } from "./data/written.js";
import { byId } from "./kit/dom.js";
import { watchTheme } from "./kit/theme.js";
import { keepAddress, sharedAddress } from "./page/address.js";
import { Editing } from "./page/editing.js";
import { keysOf } from "./page/keys.js";
import { onRetry, showMessage } from "./page/messages.js";
import { Navigation } from "./page/navigation.js";
import { openPage } from "./page/opening.js";
import { Requests } from "./page/requests.js";
import { library, session, state } from "./page/session.js";
import { addressOf, lookOf } from "./state.js";
import { EditList } from "./views/edit_list.js";
import { FirstScreen } from "./views/first_screen/first_screen.js";
import { Keyboard } from "./views/keyboard.js";
import { Memory } from "./views/memory.js";
import { ModelPicker } from "./views/model_picker.js";
import { NumberFile } from "./views/number_file.js";
import { Picture } from "./views/picture.js";
import { Player } from "./views/player.js";
import { Presenter } from "./views/presenter.js";
import { PictureControls } from "./views/picture_controls.js";
import { ShareSheet } from "./views/share_sheet.js";
import { Story } from "./views/story.js";
import { TextBoxes } from "./views/text_boxes.js";
import { Tooltip } from "./views/tooltip.js";
import { UnitFinder } from "./views/unit_finder.js";
import { YourModel } from "./views/your_model.js";

/** @typedef {import("./state.js").State} State */

const tooltip = new Tooltip(byId("tooltip"));
const textBoxes = new TextBoxes(updateText);
const firstScreen = new FirstScreen(byId("first-screen"), tooltip, fetchScreen, {
  onChoose: chooseWord,
  onUnit: (unit) => picture.pin({ k: picture.current.k, unit }),
  onHold: (letter, t, value) => editing.holdAll(letter, t, value),
  onReset: () => editing.change([]),
  onLink: (address) => navigation.tryOut(address),
  addressAt: (t) => addressOf({ ...state, step: t + session.shown.state.start }),
});
const picture = new Picture(byId("picture"), tooltip, {
  onPin: keepPin,
  onChoose: keepStep,
  onFind: (lane, token) =>
    textBoxes.select(session.shown.state.compare === "text" && lane === 1 ? "other" : "text", session.shown.traces[lane], token),
  onBrush: searchPhrase,
  unitAt: (k) => firstScreen.unitAt(k + turned()),
  heldAt: (place) => heldAt(state.edits, place),
  onHold: (place, value) => editing.hold(place, value),
});
const editList = new EditList({
  onSwitch: (at, on) => editing.change(switched(state.edits, at, on)),
  onRemove: (at) => editing.change(state.edits.toSpliced(at, 1)),
  onReset: () => editing.change([]),
});
const modelPicker = new ModelPicker(library, {
  onModel: (model) => navigation.ask({ model, layer: null, find: null }),
  onTask: (task) => navigation.chooseTask(task),
  onCompare: (compare) => navigation.chooseComparison(compare),
  onExample: (text) => navigation.ask({ text }),
  onUnit: goToUnit,
});
const controls = new PictureControls({
  onTurn: (pages) => navigation.turnPages(pages),
  onTurnRows: (windows) => navigation.turnRows(windows),
  onChange: changeView,
});
const finder = new UnitFinder({
  wholeOf: (trace, letter) => library.whole(trace, letter),
  onMatches: (units) => picture.light(searched, units),
  onPick: ({ t, unit }) => picture.pickIn(searched, t, unit),
  onChange: (phrase) => {
    state.find = phrase && { ...phrase, from: phrase.from + session.page, to: phrase.to + session.page };
    keepAddress();
    requests.turnPage();
  },
});
/** @type {import("./views/fewer_steps.js").FewerSteps} */
const fewerSteps = {
  addressOf: (text, steps) => addressOf({ ...state, text, start: 0, find: null, unit: null, step: state.step !== null && state.step < steps ? state.step : null }),
  onLink: (address) => navigation.tryOut(address),
};
const memory = new Memory(library, tooltip, {
  fewerSteps,
  onChange: (change) => {
    Object.assign(state, change);
    keepAddress();
    showMemory();
  },
  onStep: (t) => picture.pickIn(0, t - session.page, picture.current.unit),
  onUnit: (model, unit) => {
    if (model === state.model) picture.pin({ k: picture.current.k, unit });
    else navigation.ask({ model, unit, start: state.start, find: null });
    picture.element.scrollIntoView({ block: "nearest" });
  },
});

/** The lane that is searched. */
let searched = 0;
let frame = 0;
const requests = new Requests(firstScreen, picture, {
  onAsk: () => {
    memory.stop(); // a browser makes few requests at a time: the trace goes first
    modelPicker.show(state);
    textBoxes.showInput(library.model(state.model));
  },
  onAnswer: show,
});
const editing = new Editing(picture, editList, requests);
const navigation = new Navigation(requests, textBoxes, () => story);

/**
 * Change the layer or the order: the units in sight are then those around the pinned one, or the first.
 * @param {Partial<State>} change
 */
function changeView(change) {
  Object.assign(state, { rows: null }, change);
  keepAddress();
  return requests.update();
}

/** Show the latest answer in every view, as the state says. */
async function show() {
  const { state: asked, traces } = session.shown;
  const lanes = library.lanes(asked);
  const contents = traces.map((trace, at) => ({ title: lanes[at].title, model: lanes[at].model, trace }));
  const k = state.step === null ? null : state.step - session.page;
  const column = k ?? (firstScreen.column ?? -1) - turned(); // what the finding speaks of, where nothing is chosen
  const isPinned = state.unit !== null && (k === null || (k >= 0 && k < library.pageSize(asked)));
  try {
    const painted = picture.show(contents, {
      pinned: isPinned ? { k, unit: state.unit ?? 0 } : null,
      chosen: column < 0 ? null : column,
      edges: contents.length === 1 ? firstScreen.edges : null,
      difference: asked.compare === "text",
    });
    byId("scales").replaceChildren(...scalesOf(picture.sheets.filter(({ difference }) => !difference)).map(scaleBar));
    controls.show(traces, state);
    editing.show();
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
  const { shown } = session;
  const [trace] = shown.traces;
  const layer = trace?.placeOfLayer(state.layer) ?? 0;
  memory.show({ ...state, layer, model: shown.state.model }, trace?.original ?? trace ?? null, state.step === null ? null : picture.step);
}

/** Show the units that were searched for, if the phrase is in sight. */
function showMatches() {
  const start = session.page;
  searched = Math.min(searched, session.shown.traces.length - 1);
  const { trace } = picture.lanes[searched];
  const inSight = state.find && state.find.from >= start ? { ...state.find, from: state.find.from - start, to: state.find.to - start } : null;
  if (trace) finder.show(trace, inSight, library.lanes(session.shown.state)[searched].title);
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
 * Write what is pinned into the state; without a pin, the word stays chosen.
 * @param {import("./views/picture.js").Pin | null} pin
 */
function keepPin(pin) {
  if (!pin) {
    state.unit = null;
    return keepStep(picture.chosen);
  }
  picture.chosen = pin.k;
  keepPlace(pin.k + session.page, pin.unit);
}

/** @param {number | null} k the column that was chosen */
function keepStep(k) {
  keepPlace(k === null ? null : k + session.page, state.unit);
}

/** How many columns of the first screen stand before the first of the heatmaps. */
function turned() {
  return session.page - session.shown.state.start;
}

/**
 * Choose a word of the first screen; the heatmaps turn to the page that holds it.
 * @param {number} t from the first step that is shown
 * @param {number} lane
 */
function chooseWord(t, lane) {
  const k = t - turned();
  const isOfTexts = session.shown.state.compare === "text";
  const trace = picture.lanes[isOfTexts ? lane : 0]?.trace;
  const width = trace?.tokens.length ?? 0;
  if (picture.stale || (k >= 0 && k < width)) return picture.chooseIn(lane, k);
  if (isOfTexts) return showMessage(`The heatmaps show ${width} ${trace ? nounOf(trace.model) : "word"}s of each text at a time: “later”, above them, leads to this one.`, false);
  state.step = t + session.shown.state.start;
  keepAddress();
  firstScreen.choose(t, picture.lanes.map(() => t));
  requests.update();
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
  if (column !== null) firstScreen.choose(column + turned(), picture.steps.map((t) => (t === null ? null : t + turned())));
  requests.drawAgain().then(() => picture.refresh()); // the panel may show another unit
  const isOutOfSight = unit !== null && picture.pinned !== null && !picture.holds(unit);
  if (isOutOfSight) state.rows = null; // the window that holds it is asked for
  if (isOutOfSight || (state.order === "value" && moved)) requests.update();
  else {
    if (moved) showMemory();
    requests.turnPage();
  }
}

/**
 * @param {import("./views/text_boxes.js").Box} box
 * @param {string} text
 */
function updateText(box, text) {
  Object.assign(state, { [box]: text, start: 0 });
  requests.updateSoon();
}

/** @param {import("./data/api_types.d.ts").NamedUnit} unit */
function goToUnit({ layer, direction, unit }) {
  const index = layersOf(library.model(state.model)).findIndex((each) => each.layer === layer && each.direction === direction);
  changeView({ layer: Math.max(0, index), unit, step: null });
}

/**
 * Present the first screen, or stop.
 * @param {1 | null} present
 */
function present(present) {
  state.present = present;
  keepAddress();
  presenter.show(state.slides);
  requests.drawAgain();
  if (present === null) show(); // the heatmaps were hidden
}

/** Undo one thing: what is followed, else what is pinned, else the edits, else the word that was chosen. */
function undo() {
  if (firstScreen.unfollow()) return;
  if (picture.pinned) return picture.pin(null);
  if (state.edits.length > 0) return editing.change([]);
  keepPlace(null, null);
}

/** @type {Story} */
const story = new Story({
  onTurn: (chapter) => navigation.goTo(new URL(boot.chapters[chapter - 1], location.href)),
  onClose: () => {
    state.chapter = null;
    keepAddress();
  },
  onHold: (letter, step, value) => editing.holdAll(letter, step, value),
  onModel: (model) => navigation.ask({ model, layer: null, find: null }),
  state: () => session.shown.state,
  numbers: () => firstScreen.numbers,
});
const player = new Player(picture, byId("play"), (windows) => navigation.turnRows(windows), (k) => {
  const t = k + turned();
  const { start, compare } = session.shown.state;
  if (compare !== "text" && t >= 0 && t + start < (session.shown.traces[0]?.steps ?? 0)) chooseWord(t, 0);
});
const presenter = new Presenter({
  onStart: () => present(1),
  onStop: () => present(null),
  onShow: (slide) => {
    navigation.showSlide(slide);
    presenter.show(state.slides);
  },
  onEdit: (slides) => {
    state.slides = slides;
    keepAddress();
  },
  current: () => ({ model: state.model, text: state.text, edits: lookOf(state).edits, step: state.step }),
});
const keyboard = new Keyboard(
  keysOf({ presenter, story, player, onFollow: () => firstScreen.follow(), onUndo: undo, onHelp: () => keyboard.help.showModal() }),
);
new NumberFile(() => library.model(state.model), { onText: (text) => navigation.ask({ text }), onProblem: (message) => showMessage(message, false) });
new ShareSheet(picture, firstScreen.element, sharedAddress, fewerSteps);
new YourModel(() => state.model);
byId("show-find").addEventListener("click", () => finder.set({ from: picture.current.k, to: picture.current.k }));
byId("composer").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("pointerdown", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu")) if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute("open");
  if (target instanceof Element && !target.closest(".frame, .token")) picture.point(null);
});
document.addEventListener("scroll", () => tooltip.hide(), { passive: true });
onRetry(() => requests.update());
watchTheme(byId("theme"), show);
presenter.show(state.slides);
if (state.present) presenter.start();
addEventListener("resize", () => {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => {
    textBoxes.fit();
    if (picture.outgrown()) show();
    if (firstScreen.outgrown()) requests.drawAgain();
    memory.fit();
  });
});
addEventListener("popstate", () => navigation.goTo(location));

textBoxes.show(state);
modelPicker.show(state);
textBoxes.showInput(library.model(state.model));
story.show(state.chapter);
await openPage(picture, textBoxes, requests, navigation, show);
picture.setBehind(false);
