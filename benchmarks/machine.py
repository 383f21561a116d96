"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding

MEASURED = ("torch", "numba", "numpy", "onnxruntime", "fastapi", "uvicorn", "orjson")  # packages whose speed shows


def machine() -> dict[str, str]:
    """The processor, its cores, the system, and the versions of Python and of what is measured."""
    return {
        "processor": f"{processor()} ({llvmlite.binding.get_host_cpu_name()})",
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{name: version(name) for name in MEASURED},
    }


def processor() -> str:
    """Its name, as Linux tells it; elsewhere as far as Python knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
