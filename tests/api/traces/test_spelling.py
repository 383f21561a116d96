"""A misspelt word is answered with the word that it is read as, by a model that corrects spelling."""

from pathlib import Path
from typing import Any

from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.store.saving import save_model
from model_folders import ABOUT, VOCABULARY, network
from serving import client


def test_answers_say_which_word_is_read(tmp_path: Path) -> None:
    tokenizer = WordTokenizer(VOCABULARY, corrects_spelling=True)
    save_model(tmp_path / "models" / "lstm", network(outputs=1), tokenizer, {**ABOUT, "outputs": ["positive"]})
    api = client(tmp_path / "models")
    address = "/api/v1/models/lstm"

    def traced(text: str) -> Any:
        return api.get(f"{address}/trace", params={"text": text}).json()

    wrong, right = traced("the movue"), traced("the movie")
    assert wrong["tokens"] == [
        {"text": "the", "start": 0, "end": 3, "id": 1, "known": True},
        {"text": "movue", "start": 4, "end": 9, "id": 2, "known": False, "read_as": "movie"},
    ]
    assert wrong["layers"] == right["layers"]
    assert wrong["outputs"] == right["outputs"]
    for resource in ("decompositions", "memory", "rankings"):
        answer = api.post(f"{address}/{resource}", json={"text": "the movue"}).json()
        assert answer["tokens"] == wrong["tokens"]
