"""Arrays of a bundle as the disk has them: mapped read-only, so that processes share their pages.

NumPy reads them as its own (`numpy.asarray` copies nothing), but isn't needed to open them: a service starts sooner
without it. The format is NumPy's `.npy` (`numpy.lib.format`), of which only plain floats in C order are taken.
"""

import ast
import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating]

_MAGIC = b"\x93NUMPY"
_FORMATS = {"<f2": "e", "<f4": "f", "<f8": "d"}
_LONGEST_HEADER = 1024


class Array(Protocol):
    """What both a mapped array and one of NumPy's are."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""

    def __array__(self) -> "Floats": ...


@dataclass(frozen=True, eq=False)
class MappedArray:
    """An array of floats in C order: `data` are its bytes, `dtype` is `<f2`, `<f4` or `<f8`."""

    data: memoryview
    dtype: str
    shape: tuple[int, ...]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> "Floats":
        """The same bytes as a read-only array of NumPy's."""
        import numpy as np

        array: Floats = np.frombuffer(self.data, dtype=self.dtype).reshape(self.shape)
        return array.astype(dtype, copy=bool(copy)) if dtype is not None or copy else array

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def units(self) -> memoryview:
        """The numbers in one row for C; those of half precision as 16-bit integers."""
        units: memoryview = self.data.cast("H") if self.dtype == "<f2" else self.data.cast(_FORMATS[self.dtype])  # type: ignore[call-overload]
        return units


def mapped_array(path: Path) -> MappedArray:
    """The array in a `.npy` file. Raises `OSError` or `ValueError` if there is none."""
    with path.open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    start, header = _header(mapped)
    dtype, shape = header["descr"], header["shape"]
    plain = isinstance(shape, tuple) and all(isinstance(length, int) and length >= 0 for length in shape)
    if dtype not in _FORMATS or header["fortran_order"] or not plain or not shape:
        raise ValueError("no plain array of floats")
    data = mapped[start:]
    if data.nbytes != math.prod(shape) * struct.calcsize(_FORMATS[dtype]):
        raise ValueError("the array has another size than its header says")
    return MappedArray(data, dtype, shape)


def all_finite(array: Array) -> bool:
    """Whether no number of an array is infinite or not a number."""
    if isinstance(array, MappedArray):
        try:
            from app.tagger.kernel.engine import all_finite as finite
        except ImportError:  # it was built without a compiler
            pass
        else:
            return bool(finite(array.data, struct.calcsize(_FORMATS[array.dtype])))
    import numpy as np

    return bool(np.isfinite(np.asarray(array)).all())


def _header(mapped: memoryview) -> tuple[int, dict[str, Any]]:
    """Where the numbers start, and what the file says of them."""
    if bytes(mapped[:6]) != _MAGIC or len(mapped) < 12:
        raise ValueError("not in NumPy's format")
    wide = mapped[6] > 1
    (length,) = struct.unpack_from("<I" if wide else "<H", mapped, 8)
    start = 12 if wide else 10
    if length > _LONGEST_HEADER:
        raise ValueError("a header of that length is none")
    try:
        header = ast.literal_eval(bytes(mapped[start : start + length]).decode("latin-1").strip())
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("a header that can't be read") from None
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise ValueError("a header with other entries")
    return start + length, header
