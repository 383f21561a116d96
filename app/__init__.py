"""Gatescope shows what gated recurrent networks do, word by word."""

from .recurrent.decomposition.report import Decomposition, decompose
from .recurrent.memory.report import Memory, memory
from .recurrent.trace import Trace
from .recurrent.trace_module import trace_module
from .store.loading import load_model

__version__ = "0.1.0"
__all__ = ["Decomposition", "Memory", "Trace", "decompose", "load_model", "memory", "trace_module"]
