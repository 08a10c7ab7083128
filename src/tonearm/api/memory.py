"""How much memory a server holds beyond what it uses."""

from __future__ import annotations

import ctypes
import sys

import pyarrow as pa

_M_ARENA_MAX = -8
"""glibc's number of the option (``malloc.h``)."""
_ARENAS = 2
IO_THREADS = 2
"""That read files for Arrow, in place of eight; a table has few files, which lie on the same disk."""


def hold_little() -> None:
    """Give back what tables and models took while they were read; for a whole process, before it has many threads.

    Arrow's own pool and glibc's arenas keep what was freed, each for the thread that freed it, and a server answers on
    forty threads: after songs and popularity that was an eighth of its memory.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_io_thread_count(IO_THREADS)
    if sys.platform == "linux":
        # Other C libraries than glibc have no arenas, and no such function.
        limit = getattr(ctypes.CDLL(None), "mallopt", None)
        if limit is not None:
            limit(_M_ARENA_MAX, _ARENAS)
