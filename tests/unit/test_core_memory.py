"""What is given back is kept for what follows."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Of 20 arrays of 4 MB, each touched and given back before the next: the pages asked for.
_SCRIPT = """
import resource
import numpy as np
from rtrade.core.memory import keep_freed

if {keeping}:
    keep_freed()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

np.ones(500_000)
before = faults()
for _ in range(20):
    # Two at a time, as a sum and what it is made of.
    one, other = np.ones(500_000), np.ones(500_000)
    del one, other
print(faults() - before)
"""


def faults(*, keeping: bool) -> int:
    script = _SCRIPT.format(keeping=keeping)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
def test_arrays_are_paid_for_once():
    assert faults(keeping=True) < faults(keeping=False) / 4
