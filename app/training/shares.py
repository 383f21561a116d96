"""How large the signed shares of a network get, and how far they agree with experiments, over held-out texts."""

from ..analysis.pushes import push_scale
from ..analysis.shares import share_agreement
from ..recurrent.network import Network
from ..recurrent.trace import trace
from ..store.fields import ShareAgreement
from .task import Task, reader_of


def agreement(network: Network, task: Task) -> ShareAgreement | None:
    """Return the agreement over the texts that named units are reported on, for the verdict of ``task`` if it has one.

    None for a cell without a path of memory, for several outputs with a probability each of which none is the verdict,
    and for texts with no token to ask about. Raises as ``share_agreement`` does.
    """
    outputs, verdict = task.about["outputs"], task.about.get("verdict")
    output = None if verdict is None else outputs.index(verdict)
    is_unclear = network.config.head == "sigmoid" and len(outputs) > 1 and output is None
    if network.config.cell_definition.memory is None or is_unclear:
        return None
    return share_agreement(network, reader_of(task), task.held_out("report"), output, ends_anywhere=ends_anywhere(task))


def largest_pushes(network: Network, task: Task) -> float | None:
    """Return ``push_scale`` over the texts that statistics are of, for the verdict of ``task``.

    None for a cell without a path of memory, and where there is no single verdict: several classes, or several outputs
    of which none is the verdict. Raises ValueError if no text is held out.
    """
    outputs, verdict = task.about["outputs"], task.about.get("verdict")
    is_single = network.config.head == "sigmoid" and (len(outputs) == 1 or verdict is not None)
    if network.config.cell_definition.memory is None or not is_single:
        return None
    output = 0 if verdict is None else outputs.index(verdict)
    read = reader_of(task)
    return push_scale((trace(network, read(text)) for text in task.held_out("report")), output)


def ends_anywhere(task: Task) -> bool:
    """Return whether the networks of ``task`` say something after every token: they predict the next."""
    predicts_next = task.about.get("predicts_next")
    if predicts_next is None:  # as for a model that does not say
        return task.tokenizer is not None and tuple(task.about["outputs"]) == tuple(task.tokenizer.vocabulary)
    return bool(predicts_next)
