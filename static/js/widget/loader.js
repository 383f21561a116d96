// What a notebook keeps with a widget: it asks the kernel for everything else, once for all widgets of a notebook.

/** @typedef {{id: string, [field: string]: unknown}} Message */
/** @typedef {{get: (name: string) => string, send: (message: Message) => void, on: (event: string, act: (message: Message, buffers: DataView[]) => void) => void, off: (event: string, act: (message: Message, buffers: DataView[]) => void) => void}} Model as anywidget has it */
/** @typedef {(question: Record<string, unknown>) => Promise<{answer: Message, buffers: DataView[]}>} Ask */

const place = Symbol.for("gatescope.loaded");
const page = /** @type {Record<symbol, Map<string, Promise<any>>>} */ (/** @type {unknown} */ (globalThis));
/** What has been loaded into this page, by the kernel that it came from. */
const loaded = (page[place] ??= new Map());

/**
 * @param {string} key
 * @param {() => Promise<any>} load
 */
function once(key, load) {
  const loading = loaded.get(key) ?? load();
  loaded.set(key, loading);
  return loading;
}

/**
 * What asks the kernel: a question resolves when its answer comes. Where none does it waits for ever, or rejects, if it can
 * be known that no kernel hears it.
 * @param {Model} model
 */
function asking(model) {
  /** @type {Map<string, (answered: {answer: Message, buffers: DataView[]}) => void>} */
  const waiting = new Map();
  const own = Math.random().toString(36).slice(2); // all views of a model hear all answers
  let count = 0;
  /** @type {(answer: Message, buffers: DataView[]) => void} */
  const hear = (answer, buffers) => {
    waiting.get(answer.id)?.({ answer, buffers });
    waiting.delete(answer.id);
  };
  model.on("msg:custom", hear);
  /** @type {Ask} */
  const ask = (question) =>
    new Promise((resolve) => {
      const id = `${own}-${(count += 1)}`;
      waiting.set(id, resolve);
      model.send({ ...question, id }); // throws where the kernel was restarted, which rejects
    });
  return { ask, stop: () => model.off("msg:custom", hear) };
}

export default {
  /** @param {{model: Model, el: HTMLElement}} view */
  async render({ model, el }) {
    const { ask, stop } = asking(model);
    /** @param {string} name @returns {Promise<DataView>} */
    const asset = (name) => once(`${model.get("process")}/${name}`, async () => (await ask({ kind: "asset", name })).buffers[0]);
    const program = await once(`${model.get("process")}/module`, async () => {
      const url = URL.createObjectURL(new Blob([/** @type {DataView<ArrayBuffer>} */ (await asset("program"))], { type: "text/javascript" }));
      return import(url).finally(() => URL.revokeObjectURL(url));
    });
    /** @param {string} key @param {() => Promise<any>} load */
    const shared = (key, load) => once(`${model.get("process")}/${key}`, load);
    const unmount = await program.mount(el, { ask, asset, shared, key: model.get("key") });
    return () => {
      stop();
      unmount();
    };
  },
};
