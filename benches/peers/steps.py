"""How every peer speaks with `cargo xtask bench`.

It prints one JSON object when it is ready and its answer is there. After that each line on
standard input is a number: it does the work so many times and prints the mean in seconds.
"""

import json
import sys
import time


def say(value):
    print(json.dumps(value), flush=True)


def run(ready, work):
    say(ready)
    for line in sys.stdin:
        times = int(line)
        started = time.perf_counter()
        for _ in range(times):
            work()
        say({"seconds": (time.perf_counter() - started) / times})


def resident_mb():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
    return None
