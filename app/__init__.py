"""Gatescope shows what gated recurrent networks do, word by word."""

from .notebook.show import show
from .recurrent.comparison import Comparison, compare
from .recurrent.decomposition.measure import decompose
from .recurrent.decomposition.report import Decomposition
from .recurrent.editing import edit
from .recurrent.edits.ablate import ablate
from .recurrent.edits.add import add
from .recurrent.edits.couple import couple
from .recurrent.edits.edit import Edit, EditError
from .recurrent.edits.freeze import freeze
from .recurrent.edits.hold import hold
from .recurrent.edits.patch import patch
from .recurrent.edits.scale import scale
from .recurrent.edits.swap import swap
from .recurrent.labelled import scalars
from .recurrent.memory.measure import memory
from .recurrent.memory.report import Memory
from .recurrent.ranking.measure import rank
from .recurrent.ranking.report import Ranking
from .recurrent.trace import Trace
from .recurrent.trace_module import trace_module
from .recurrent.watch.watch import watch
from .store.loading import load_model

__version__ = "0.1.0"
__all__ = [
    "Comparison",
    "Decomposition",
    "Edit",
    "EditError",
    "Memory",
    "Ranking",
    "Trace",
    "ablate",
    "add",
    "compare",
    "couple",
    "decompose",
    "edit",
    "freeze",
    "hold",
    "load_model",
    "memory",
    "patch",
    "rank",
    "scalars",
    "scale",
    "show",
    "swap",
    "trace_module",
    "watch",
]
