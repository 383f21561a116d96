// What the keys do: while the page is presented, in the story, and in the picture.

/**
 * The table of keys; the first part that is open has them.
 * @param {{presenter: import("../views/presenter.js").Presenter, story: import("../views/story.js").Story, player: import("../views/player.js").Player, onFollow: () => void, onUndo: () => void, onHelp: () => void}} page
 * @returns {ConstructorParameters<typeof import("../views/keyboard.js").Keyboard>[0]}
 */
export function keysOf({ presenter, story, player, onFollow, onUndo, onHelp }) {
  return [
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
        { keys: ["f"], says: "follow what was written at the chosen word, and stop", act: onFollow },
        { keys: ["p"], says: "present", act: () => presenter.start() },
        { keys: ["Escape"], says: "undo one thing: playing, following, a pin, the edits, the chosen word", act: () => (player.stop(), onUndo()) },
        { keys: ["?"], says: "this sheet", act: onHelp },
      ],
    },
  ];
}
