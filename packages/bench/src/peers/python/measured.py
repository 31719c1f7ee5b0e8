"""What a peer tells of itself: its rows, its time, the CPU of all its processes, and the memory of the largest."""

import json
import resource
import sys
import time


def cpu_seconds(who):
    """User and system. Children count once they were waited for."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def peak_kibibytes():
    """Of this process alone: on Linux ru_maxrss also remembers the process that started it."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return maximum // 1024 if sys.platform == "darwin" else maximum


def measure(work, end_pool=None, prepared_cpu_seconds=0.0):
    """Says ready, waits for the word to begin, has `work` do it, and prints one line of JSON.

    `work` returns its rows and the largest peak of its pool's processes. `end_pool` waits for them to end;
    `prepared_cpu_seconds` is what they had used before.
    """
    print("ready", flush=True)
    sys.stdin.readline()
    own_before = cpu_seconds(resource.RUSAGE_SELF)
    started_at = time.perf_counter()
    rows, peak = work()
    seconds = time.perf_counter() - started_at
    if end_pool is not None:
        end_pool()
    own = cpu_seconds(resource.RUSAGE_SELF) - own_before
    children = cpu_seconds(resource.RUSAGE_CHILDREN) - prepared_cpu_seconds
    told = {
        "rows": rows,
        "skipped": 0,
        "seconds": seconds,
        "cpuSeconds": own + children,
        "peakKibibytes": max(peak, peak_kibibytes()),
    }
    print(json.dumps(told), flush=True)
