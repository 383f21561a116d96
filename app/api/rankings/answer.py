"""A ``Ranking`` as the content of a ``RankingAnswer``."""

from typing import Any

from ...recurrent.ranking.report import Ranking
from ...store.model import Model
from ..wire.edits import edits_content


def ranking_content(ranking: Ranking, model: Model) -> dict[str, Any]:
    """Return the content of the answer, ready for ``dumps``."""
    names = [*ranking.output.names, None]
    probabilities = ranking.effects if ranking.probabilities is None else ranking.probabilities  # a model's are known
    return {
        "model": model.id,
        "kind": ranking.kind,
        "layer": ranking.layer,
        "direction": ranking.direction,
        "cell": ranking.cell,
        "hidden_size": model.config.network.hidden_size,
        "steps": len(ranking.tokens),
        "tokens": [token.to_dict() for token in ranking.tokens],
        "logit": {
            "output": names[0],
            "against": names[1],
            "value": ranking.logit,
            "probability": ranking.probability,
        },
        "operations": [edit.to_dict() for edit in ranking.whole],
        "parts": [
            {**part._asdict(), "effect": effect, "probability": probability}
            for part, effect, probability in zip(
                ranking.parts, ranking.effects.tolist(), probabilities.tolist(), strict=True
            )
        ],
        "groups": [group._asdict() for group in ranking.groups],
        **edits_content(ranking.given, ranking.notes),
    }
