// A note on a text most of whose words a model does not know.

const LETTER = /\p{L}/u;

/**
 * What to say of a text if the model knows no more than half of its words; "" if it knows more, or reads characters.
 * A word that is read as another counts as known.
 * @param {Pick<import("./api_types.d.ts").Model, "tokenizer" | "language">} model
 * @param {Pick<import("./api_types.d.ts").TokenInfo, "text" | "known" | "read_as">[]} tokens
 */
export function unknownNotice(model, tokens) {
  if (model.tokenizer !== "word") return "";
  const words = tokens.filter(({ text }) => LETTER.test(text));
  const unread = words.filter(({ known, read_as: readAs }) => !known && !readAs);
  if (unread.length * 2 <= words.length) return "";
  const advice = model.language ? `This model reads ${model.language}.` : "It reads each of them as the same unknown word.";
  return `Most of these words are not in the model's vocabulary. ${advice}`;
}
