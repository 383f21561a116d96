"""Small archives laid out like those that the sentiment models learn from; no network is needed."""

import dataclasses
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from gatescope.training.sources import constructions, rated_texts
from gatescope.training.tasks import sentiment

Row = tuple[float, str]  # rating and text

POSITIVE = ("good", "great", "nice", "fine", "sweet", "lovely", "brilliant", "superb", "happy", "funny", "clever")
NEGATIVE = ("bad", "awful", "sad", "boring", "dull", "ugly", "horrible", "stupid", "weak", "lame", "terrible")
LEXICON = {
    **dict.fromkeys(POSITIVE, 2.1),
    **dict.fromkeys(NEGATIVE, -2.3),
    **dict.fromkeys(("love", "like", "enjoy"), 2.5),
    **dict.fromkeys(("hate", "dislike", "regret"), -2.5),
    "okay": 0.9,
    ":)": 2.0,
}
EMOJI = ("😊\tlovely face", "😞\tsad face", "😐\tface", "❤️\tred heart", "🔥\tawful fire", "😡\tugly face")
RATED_EMOJI = """Emoji,Unicode codepoint,Occurrences,Position,Negative,Neutral,Positive,Unicode name,Unicode block
❤,0x2764,200,0.7,10,40,150,HEAVY BLACK HEART,Dingbats
🔥,0x1f525,49,0.7,0,0,49,FIRE,Symbols
█,0x2588,900,0.7,800,50,50,FULL BLOCK,Block Elements
"""
DOCSTRINGS = (
    "Return the number of nodes in the graph.\n\nThe graph is not changed.",
    "Yield the edges,\n    one after the other.",
)
NAMES = {
    "movie": "movieReviewSnippets",
    "amazon": "amazonReviewSnippets",
    "nyt": "nytEditorialSnippets",
    "tweets": "tweets",
}

# Like the package's own: it reads the lexicon next to it, but only adds up the ratings and knows no rules.
SCORER = b"""
from pathlib import Path

class SentimentIntensityAnalyzer:
    def __init__(self):
        lines = Path(__file__).with_name("vader_lexicon.txt").read_text().splitlines()
        self.lexicon = {line.split("\\t")[0]: float(line.split("\\t")[1]) for line in lines}

    def polarity_scores(self, text):
        return {"compound": sum(self.lexicon.get(word, 0) for word in text.split()) / 4}
"""


def tar(members: Mapping[str, bytes]) -> bytes:
    """Return a .tar.gz of these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def vader_archive(corpora: Mapping[str, Sequence[Row]], lexicon: Mapping[str, float] = LEXICON) -> bytes:
    """Return an archive laid out like the source archive of vaderSentiment."""
    rated = {
        f"hutto_ICWSM_2014/{name}_GroundTruth.txt": "".join(
            f"{number}\t{rating}\t{text}\r\n" for number, (rating, text) in enumerate(corpora.get(source, ()), 1)
        ).encode("utf-8-sig" if source == "amazon" else "utf-8")
        for source, name in NAMES.items()
    }
    words = "".join(f"{word}\t{rating}\t0.5\t[1, 2]\n" for word, rating in lexicon.items()).encode()
    return tar(
        {
            "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz": tar(rated),
            "vaderSentiment-3.3.2/vaderSentiment/vader_lexicon.txt": words,
            "vaderSentiment-3.3.2/vaderSentiment/emoji_utf8_lexicon.txt": "\n".join(EMOJI).encode(),
            "vaderSentiment-3.3.2/vaderSentiment/vaderSentiment.py": SCORER,
        }
    )


def uci_archive(entries: Mapping[str, Sequence[tuple[str, int | None]]]) -> bytes:
    """Return an archive laid out like the npm package sentiment."""
    return tar(
        {
            "package/build/Emoji_Sentiment_Data_v1.0.csv": RATED_EMOJI.encode(),
        }
        | {
            f"package/test/fixtures/{name}.json": json.dumps(
                [{"text": text, "class": class_} for text, class_ in entries.get(name, ())]
            ).encode()
            for name in ("imdb", "amazon", "yelp")
        }
    )


def docstring_archive(docstrings: Sequence[str] = DOCSTRINGS) -> bytes:
    """Return an archive laid out like the source archive of networkx, with a function for each docstring."""
    source = "".join(f'def f{at}():\n    """{each}"""\n' for at, each in enumerate(docstrings))
    return tar(
        {
            "networkx-3.4.2/networkx/graph.py": source.encode(),
            "networkx-3.4.2/networkx/tests/test_graph.py": b'"""A test."""',
            "networkx-3.4.2/README.rst": b"Nothing",
        }
    )


def sentences(subject: str) -> list[Row]:
    """Return a few hundred rated sentences about a subject: enough for each split to get some of either side."""
    rows = []
    for number in range(4):
        for word, rating in LEXICON.items():
            rows.append((rating, f"{subject} {number} was so {word}"))
            rows.append((rating, f"i will {word} {subject} {number}"))
            rows.append((-rating, f"{subject} {number} was not {word}"))
    return rows


def sha256(data: bytes) -> str:
    """Return the checksum in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def install_sentiment(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put small archives into ``cache`` and make the sentiment task expect them, few phrases and one epoch."""
    corpora = {source: sentences(f"the {source}") for source in ("movie", "amazon", "nyt", "tweets")}
    classes = [(text, int(rating > 0)) for rating, text in sentences("the phone")]
    cache.mkdir(parents=True, exist_ok=True)
    packages = []
    archives = {
        "VADER": vader_archive(corpora),
        "UCI": uci_archive({"imdb": classes}),
        "NETWORKX": docstring_archive(),
    }
    for name, data in archives.items():
        package = dataclasses.replace(getattr(rated_texts, name), sha256=sha256(data))
        (cache / package.file).write_bytes(data)
        monkeypatch.setattr(rated_texts, name, package)
        packages.append(package)
    monkeypatch.setattr(rated_texts, "PACKAGES", tuple(packages))
    monkeypatch.setattr(rated_texts, "PAIRS", 20)
    monkeypatch.setattr(rated_texts, "NEUTRAL", 30)
    monkeypatch.setattr(rated_texts, "NEVER_SO", 20)
    monkeypatch.setattr(constructions, "FIXED", {"{thing} could be worse": 0.8, "nothing to complain about": 1.2})
    monkeypatch.setattr(sentiment, "RECIPE", dataclasses.replace(sentiment.RECIPE, epochs=1))
    return cache
