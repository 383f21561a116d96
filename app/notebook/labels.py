"""What the steps of a trace are called."""

from collections.abc import Sequence
from dataclasses import replace

from ..recurrent.option_error import OptionError
from ..recurrent.tokenizer import Token
from ..recurrent.trace import Trace


def with_labels(trace: Trace, labels: Sequence[object]) -> Trace:
    """Return ``trace`` with a label in the place of each token; an empty one is the number of its step.

    Raises OptionError if there are not T of them.
    """
    if len(labels) != len(trace):
        steps = f"{len(trace)} step{'s' if len(trace) > 1 else ''}"
        raise OptionError("labels", f"there are {len(labels)} for {steps}: give one for each")
    texts = [str(label) or str(t) for t, label in enumerate(labels, trace.start)]
    if trace.tokens:
        tokens = [token._replace(text=text, known=True) for token, text in zip(trace.tokens, texts, strict=True)]
    else:
        tokens = [Token(text, 2 * t, 2 * t + 1, 0, known=True) for t, text in enumerate(texts)]  # a space between two
    return replace(trace, tokens=tuple(tokens))
