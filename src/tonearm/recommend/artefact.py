"""The folder that a recommender is kept in: arrays in safetensors, the rest in JSON, with the hash of each file.

Arrays are mapped into memory, so that processes share them and only what is used is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tonearm.errors import ModelDamaged

if TYPE_CHECKING:
    import numpy.typing as npt

    Arrays = Mapping[str, npt.NDArray[Any]]

ABOUT, ARRAYS = "about.json", "arrays.safetensors"
_LENGTH_BYTES = 8
_TYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U8": "u1", "BOOL": "?"}


def save(folder: Path, arrays: Arrays, about: Mapping[str, Any]) -> None:
    """Write ``arrays`` and ``about`` into ``folder``."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(values) for name, values in arrays.items()}, folder / ARRAYS)
    written = {**about, "arrays_sha256": _hash(folder / ARRAYS)}
    (folder / ABOUT).write_text(json.dumps(written, ensure_ascii=False, indent=1), encoding="utf-8")


def load(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    """The arrays, mapped into memory for reading, and what was written about them.

    Raises ModelDamaged where a file is missing, cut short or another one than was saved.
    """
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if _hash(folder / ARRAYS) != about.pop("arrays_sha256"):
            raise ModelDamaged(f"{folder / ARRAYS} is not the file that was saved; train the recommender again")
        return _mapped(folder / ARRAYS), about
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelDamaged(f"{folder} does not hold a whole recommender; train it again") from error


def _mapped(path: Path) -> Arrays:
    """Every array of a safetensors file, by its header: a JSON object after its length in eight bytes.

    safetensors' own reader for NumPy copies what it reads. Format: https://github.com/huggingface/safetensors
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    whole = np.memmap(path, np.uint8, "r")
    first = _LENGTH_BYTES + length
    return {
        name: whole[first + one["data_offsets"][0] : first + one["data_offsets"][1]]
        .view(_TYPES[one["dtype"]])
        .reshape(one["shape"])
        for name, one in header.items()
    }


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
