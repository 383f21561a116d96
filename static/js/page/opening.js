// What the page does first: it shows the traces that came with it, or asks for others, and says what its address got wrong.

import { boot } from "../data/boot.js";
import { readsNumbers } from "../data/written.js";
import { byId } from "../kit/dom.js";
import { initialState, missingFrom } from "../state.js";
import { isFirstVisit, typeOut } from "../views/typed_example.js";
import { openWeights, weightsRemark } from "./address.js";
import { addToMessage, shownMessage } from "./messages.js";
import { invalid, library, session, state, stated } from "./session.js";

/** What the heatmaps turn to. @type {("step" | "find")[]} */
const LEADING = ["step", "find"];

/** The traces of what the page opens with. @type {(import("../data/api_types.d.ts").TraceAnswer | null)[]} */
const firstTraces = JSON.parse(byId("first-traces").textContent ?? "");
/** Whether the address is of a chapter that the server did not see: after the #, or by its number in the tour. */
const isUnpainted = stated.chapter !== undefined && !new URLSearchParams(location.search).has("chapter") && stated.model !== boot.model;

/**
 * Show what the page opens with. Resolves when it is drawn.
 * @param {import("../views/picture.js").Picture} picture
 * @param {import("../views/text_boxes.js").TextBoxes} textBoxes
 * @param {import("./requests.js").Requests} requests
 * @param {import("./navigation.js").Navigation} navigation
 * @param {() => Promise<void>} show
 */
export async function openPage(picture, textBoxes, requests, navigation, show) {
  // The traces that came with the page serve, unless the fragment or the text box's own line ends ask for others.
  state.text = textBoxes.boxes.text.value;
  session.reference = { text: state.text, words: null };
  openWeights(stated, false);
  const steps = state.text === boot.text ? firstTraces[0]?.steps : undefined;
  if (!isUnpainted) dropMissing(steps ?? Infinity); // what the model or the text does not have
  // The first paint knew no width, and no text after the #.
  const drawnFirst = requests.draw(state);
  if (isUnpainted) await navigation.goTo(location);
  else if (state.text !== boot.text || state.start > 0 || state.edits.length > 0) await requests.update();
  else if (!library.isPart(firstTraces, state)) {
    const notice = shownMessage();
    requests.isAddressHeld = true; // nothing has been chosen yet
    await requests.update();
    requests.isAddressHeld = false;
    if (!shownMessage()) addToMessage(notice);
  } else {
    const [firstTrace] = firstTraces;
    const firstModel = library.model(state.model);
    picture.setStale(firstTrace === null);
    /** @param {number} steps shown, at most */
    const open = (steps) => {
      session.shown = { state: { ...state }, traces: library.decode(firstTraces, state, steps) };
      return show();
    };
    await drawnFirst;
    if (firstTrace && !readsNumbers(firstModel) && isFirstVisit()) {
      typeOut(firstTrace.steps, (count) => {
        textBoxes.show({ ...state, text: [...state.text].slice(0, firstTrace.tokens[count - 1].end).join("") });
        open(count);
      });
    } else await open(Infinity);
  }
  if (dropMissing(session.shown.traces[0]?.steps ?? Infinity)) await (library.pageStart(state) === session.page ? show() : requests.update());
  addToMessage(invalid.length > 0 ? `The address says ${invalid.join(", ")}, which means nothing here.` : "", weightsRemark());
}

/**
 * Take out of the state what model and text do not have, such as a step after the end. Returns whether there was any.
 * @param {number} steps of the text
 */
function dropMissing(steps) {
  const taken = LEADING.filter((name) => stated[name] !== undefined && state[name] === null); // they led beyond the end of the text
  const missing = [...missingFrom(library.model(state.model), steps, state), ...taken];
  for (const name of missing) {
    const [inHash, inQuery] = [location.hash.slice(1), location.search].map((each) => new URLSearchParams(each).get(name));
    const field = `${name}=${inHash ?? inQuery}`;
    if (!invalid.includes(field) && (inHash !== null || !shownMessage().includes(field))) invalid.push(field); // the server has named what it saw
    Object.assign(state, { [name]: initialState()[name] });
  }
  return missing.length > 0;
}
