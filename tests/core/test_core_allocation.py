import platform
import subprocess
import sys

import pytest

from headstart.core import keep_freed_memory

STEPS = """
import resource, sys
import numpy as np
from headstart.core import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def step():
    blocks = [np.ones(size, dtype=np.uint8) for size in (20_000_000,) * 8]
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 20)
"""


def faults(kind):
    done = subprocess.run([sys.executable, "-c", STEPS, kind], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_blocks_that_a_step_frees_are_there_for_the_next_one():
    assert keep_freed_memory()
    assert faults("kept") < 0.05 * faults("returned")


def test_asking_twice_is_the_same():
    assert keep_freed_memory() == keep_freed_memory()
