from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ARENAS_OF_SIXTEEN_THREADS = """
import ctypes, sys, threading
from tonearm.api.memory import hold_little

if sys.argv[2] == "little":
    hold_little()
kept, done = [], threading.Barrier(17)

def hold():
    kept.append(bytes(100_000))
    done.wait()
    done.wait()

threads = [threading.Thread(target=hold) for _ in range(16)]
for thread in threads:
    thread.start()
done.wait()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
done.wait()
"""


def arenas(file: Path, how: str) -> int:
    command = [sys.executable, "-c", ARENAS_OF_SIXTEEN_THREADS, str(file), how]
    subprocess.run(command, check=True, timeout=300)
    return file.read_text().count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_the_threads_of_a_server_share_two_arenas(tmp_path: Path) -> None:
    assert arenas(tmp_path / "little.xml", "little") <= 2 < arenas(tmp_path / "usual.xml", "usual")


def test_arrow_gives_back_what_it_frees() -> None:
    code = "from tonearm.api.memory import hold_little; hold_little(); import pyarrow as pa; "
    code += "print(pa.default_memory_pool().backend_name, pa.io_thread_count())"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300)
    assert found.stdout.split() == ["system", "2"]
