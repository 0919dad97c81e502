"""What the benchmark ran on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

_LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "fasttext-numpy2-wheel",
    "onnxruntime",
    "skl2onnx",
    "tokenizers",
    "vowpalwabbit",
    "fastapi",
    "uvicorn",
)


def machine() -> str:
    """The machine in one line: processor, cores, memory, system, Python, and the BLAS kernels in use."""
    blas = {pool["architecture"] for pool in threadpool_info() if pool.get("architecture")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, OpenBLAS kernels {', '.join(sorted(blas)) or 'unknown'}, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


def libraries() -> str:
    """The versions that were measured."""
    return ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return platform.processor() or "unknown processor"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
