"""A Keras model that others trained: ASMscan-BiLSTM 1.0.0 (GPL-3.0), which finds amyloid signalling motifs."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest
from gatescope.importers import Request
from gatescope.importers.saving import Wishes, import_model
from gatescope.store.model import Model
from wheels import unpack

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras on NumPy 2
LETTERS = "_lasevgkidtrpnqfyhmcwxuzbo"  # by the ids of its tokenizer; 0 fills a window up
WINDOW = 40
MOTIFS = (  # in its README
    "MEGRASGSARIYQAGGDQYIEESDGYRADG",
    "VSLRAGAHDGGRIYQAVGDQYIYEDGGRAGASLREDGYQRIYAGASIYEA",
    "HASGHGRVFQSAGDQHITEHAGHDG",
)
UBIQUITIN = "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG"  # has no motif


class Fold(NamedTuple):
    """One of its six models: the two networks that are imported from it, and the whole as Keras computes it."""

    lower: Model
    upper: Model
    whole: Any

    def probability(self, window: str) -> float:
        """What ours give: letters to h in both directions, that to h of the last step, and that to the head."""
        below = self.lower.trace(window)
        h = np.concatenate([below.layer(0, each)["h"] for each in ("forward", "backward")], axis=1)
        return float(self.upper.trace(values=h).outputs[-1, 0])


def built(path: Path) -> Any:
    """The whole model of Keras' own layers, as its config says. (Keras 3 does not read that config of Keras 2.)"""
    keras: Any = import_module("keras")  # once the importer has chosen its backend
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((WINDOW,)),
            layers.Embedding(len(LETTERS), 8, name="embedding"),
            layers.Bidirectional(layers.LSTM(8, return_sequences=True), name="bi-lstm"),
            layers.LSTM(4, name="lstm"),
            layers.Dense(1, activation="sigmoid", name="classif"),
        ]
    )
    with h5py.File(path) as file:
        for layer in model.layers:
            group = file["model_weights"][layer.name]
            layer.set_weights([group[name][()] for name in group.attrs["weight_names"]])
    return model


def windows(protein: str) -> list[str]:
    text = protein.lower()
    return [text[at : at + WINDOW].ljust(WINDOW, "_") for at in range(max(1, len(text) - WINDOW + 1))]


@pytest.fixture(scope="module")
def folds(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> list[Fold]:
    folder = tmp_path_factory.mktemp("asmscan")
    vocabulary = folder / "vocabulary.json"
    vocabulary.write_text(json.dumps(list(LETTERS)))
    found = []
    package = unpack(pytestconfig, "asmscan-bilstm==1.0.0", folder / "package")
    for path in sorted(package.glob("asmscan/bilstm/resources/model/cvms/*.h5")):
        models = []
        for module, wishes in (("bi-lstm", Wishes("below-" + path.stem, vocabulary=vocabulary)), ("lstm", Wishes())):
            model, report = import_model(Request(path, module), folder / "models", "0.1.0", wishes)
            assert (report.format, report.module) == ("Keras", module)
            assert report.engine_error is not None
            assert report.error < 1e-6
            models.append(model)
        found.append(Fold(models[0], models[1], built(path)))
    assert len(found) == 6
    return found


@pytest.mark.soak("fetches a package")
def test_its_probabilities_are_those_of_keras(folds: list[Fold]) -> None:
    """Two networks, one upon the other, with the embedding below and the head above: the whole model."""
    proteins = [window for each in MOTIFS for window in windows(each)]
    ids = np.array([[LETTERS.index(letter) for letter in window] for window in proteins])
    for fold in folds:
        theirs = fold.whole.predict(ids, verbose=0)[:, 0]
        assert np.abs([fold.probability(each) for each in proteins] - theirs).max() < 1e-5


def score(folds: list[Fold], protein: str) -> float:
    """Its answer for a protein: the largest of all windows, of the mean of the six."""
    return max(float(np.mean([fold.probability(window) for fold in folds])) for window in windows(protein))


@pytest.mark.soak("fetches a package")
def test_it_finds_motifs_and_not_the_same_letters_in_another_order(folds: list[Fold]) -> None:
    for motif in MOTIFS:
        shuffled = ["".join(np.random.default_rng(seed).permutation(list(motif))) for seed in range(5)]
        others = [score(folds, each) for each in (*shuffled, UBIQUITIN)]
        assert score(folds, motif) > max(others)
        assert score(folds, motif) > 5 * np.mean(others)
