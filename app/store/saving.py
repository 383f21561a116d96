"""Write a model to its folder, completely or not at all."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save

from ..recurrent.network import Network
from ..recurrent.tokenizer import Tokenizer
from .fields import ModelConfig, Statistics
from .files import CARD, CONFIG, SATURATION, STATISTICS, VOCABULARY, WEIGHTS, parse
from .loading import load_model, with_meaning
from .model import Model


def save_model(
    folder: Path,
    network: Network,
    tokenizer: Tokenizer,
    about: Mapping[str, Any],
    statistics: Statistics | None = None,
    card: str = "",
    saturation: str = "",
) -> Model:
    """Write a model to ``folder``, load it back and return it; an old one is replaced only once all is written.

    Args:
        folder: The folder of the model; it need not exist.
        network: The network, whose configuration and weights are saved.
        tokenizer: The tokenizer of its texts.
        about: The fields of ``ModelConfig`` that neither network nor tokenizer gives.
        statistics: The statistics of its activations over held-out text.
        card: The model card, in Markdown.
        saturation: The figure of its gates, as SVG.

    Raises BrokenModelError if what was written cannot be loaded, and OSError if it cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    new, old = workspace / "new", workspace / "old"
    try:
        new.mkdir()
        weights = save({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, {"format": "pt"})
        config = ModelConfig(
            **about,
            network=network.config,
            tokenizer=tokenizer.kind,
            corrects_spelling=tokenizer.corrects_spelling,
            weights_sha256=hashlib.sha256(weights).hexdigest(),
        )
        config = with_meaning(config, tokenizer.vocabulary)
        (new / WEIGHTS).write_bytes(weights)
        (new / CONFIG).write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
        vocabulary = json.dumps(tokenizer.vocabulary, ensure_ascii=False, indent=0)
        (new / VOCABULARY).write_text(vocabulary + "\n", encoding="utf-8")
        if statistics is not None:
            (new / STATISTICS).write_text(statistics.model_dump_json() + "\n", encoding="utf-8")
        (new / CARD).write_text(card, encoding="utf-8")
        if saturation:
            (new / SATURATION).write_text(saturation, encoding="utf-8")
        load_model(new)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    return load_model(folder)


def write_config(folder: Path, fields: Mapping[str, Any]) -> None:
    """Replace ``fields`` of the config.json of the model in ``folder``, atomically.

    Raises BrokenModelError if there is no valid config.json, and OSError if it cannot be written.
    """
    config = parse(folder, CONFIG, ModelConfig).model_copy(update=dict(fields))
    _replace(folder / CONFIG, config.model_dump_json(indent=1))


def write_statistics(folder: Path, fields: Mapping[str, Any]) -> None:
    """Do what ``write_config`` does, to statistics.json."""
    statistics = parse(folder, STATISTICS, Statistics).model_copy(update=dict(fields))
    _replace(folder / STATISTICS, statistics.model_dump_json())


def _replace(path: Path, text: str) -> None:
    """Replace a file by one with ``text``, atomically."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
