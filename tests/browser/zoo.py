"""Small random models of every kind that the page has to show."""

from pathlib import Path
from typing import Any

from gatescope.recurrent.cells import CELL_NAMES
from gatescope.recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Tokenizer, WordTokenizer
from gatescope.store.fields import NamedUnit
from gatescope.store.saving import save_model
from model_folders import saved_numbers
from networks import random_network

WORDS = WordTokenizer([UNKNOWN, *["the", "movie", "was", "not", "good", "bad", "but"]])
MANY = WordTokenizer([*WORDS.vocabulary, *(f"word{number}" for number in range(1_200))])
CORRECTING = WordTokenizer(WORDS.vocabulary, corrects_spelling=True)
LETTERS = CharacterTokenizer([UNKNOWN, "\t", "\n", " ", *"abc"])
COUNTED = CharacterTokenizer([UNKNOWN, *"ab"])
VERDICT, LABELS, COUNTS = ["positive"], ["good", "bad", "neither"], ["a", "b", "end"]
TEXT, LINES = "the movie was not good", "a b\n\tab"

NAMED = NamedUnit(
    feature="line position", layer=0, direction="forward", activation="c", unit=3, sign=-1, measure="r", score=0.91,
    interval=(0.8, 0.95), untrained=[0.1], close=3, close_from=0.819, texts=5, steps=40,
)  # fmt: skip

# name → task, tokenizer, outputs, example, and what the network is
ZOO: dict[str, tuple[str, Tokenizer, list[str], str, dict[str, Any]]] = {
    "lstm": ("verdicts", WORDS, VERDICT, TEXT, {"cell": "lstm"}),
    "gru": ("verdicts", WORDS, VERDICT, TEXT, {"cell": "gru"}),
    "rnn": ("verdicts", WORDS, VERDICT, TEXT, {"cell": "rnn"}),
    "letters-lstm": ("letters", LETTERS, list(LETTERS.vocabulary), LINES, {"cell": "lstm", "head": "softmax"}),
    "letters-relu": (
        "letters", LETTERS, list(LETTERS.vocabulary), LINES,
        {"cell": "rnn", "nonlinearity": "relu", "head": "softmax"},
    ),
    "words": ("words", WORDS, list(WORDS.vocabulary), TEXT, {"cell": "gru", "head": "softmax"}),
    "many": ("many", MANY, list(MANY.vocabulary), TEXT, {"cell": "gru", "head": "softmax"}),
    "counts": ("counts", COUNTED, COUNTS, "aabb", {"cell": "lstm"}),
    "reordered": ("reordered", COUNTED, ["b", "a"], "aabxb", {"cell": "gru", "head": "softmax"}),
    "classes": ("classes", COUNTED, ["low", "middle", "high"], "aabb", {"cell": "gru", "head": "softmax"}),
    "labels": ("labels", WORDS, LABELS, TEXT, {"cell": "gru", "head": "softmax"}),
    "deep": ("deep", WORDS, VERDICT, TEXT, {"cell": "lstm", "layers": 2, "bidirectional": True}),
    "early-reset": ("deep", WORDS, VERDICT, TEXT, {"cell": "gru", "reset_after": False}),
    "peepholes": ("deep", WORDS, VERDICT, TEXT, {"cell": "lstm", "peepholes": True}),
    "scanned": ("scanned", WORDS, VERDICT, TEXT, {"cell": "mingru"}),
    **{f"each-{cell}": ("each", WORDS, VERDICT, TEXT, {"cell": cell}) for cell in CELL_NAMES},
    "spelling": ("spelling", CORRECTING, VERDICT, TEXT, {"cell": "gru"}),
}  # fmt: skip
NUMBERS = "time,temperature,rain,wind\n06:00,9,0.5,-1\n07:00,12,0,-2"  # that bare reads
UNITS = 7
PREDICTING = {"letters-lstm", "letters-relu", "words", "many", "counts", "reordered"}  # the next token


def zoo_models(folder: Path) -> Path:
    """Fill ``folder`` with the models of ``ZOO``, and ``bare``, which reads numbers and has no head."""
    saved_numbers(folder / "bare", examples=[NUMBERS])
    for seed, (name, (task, tokenizer, outputs, example, config)) in enumerate(ZOO.items()):
        sizes = {"vocabulary_size": len(tokenizer.vocabulary), "outputs": len(outputs), "hidden_size": UNITS}
        network = random_network(seed, scale=3, **sizes, **config)
        if name == "many":  # else all outputs are about as probable
            network.require_head().weight.data *= 8
        about = {
            "title": name.upper(),
            "task": task,
            "description": "Says nothing: its weights are random.",
            "outputs": outputs,
            "predicts_next": name in PREDICTING,
            "opposite": "negative" if outputs == VERDICT else "",
            "examples": [example, "good bad"],
            "units": [NAMED] if name == "letters-lstm" else [],
            "licence": "MIT",
        }
        save_model(folder / name, network, tokenizer, about)
    return folder
