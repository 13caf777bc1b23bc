# SPDX-License-Identifier: Apache-2.0
"""The recovery bench on a small scale: 20,000 locks, a node of three is killed. The bench ends with 1 if a lock of a
survivor is lost or one of the dead node stays; here we look at what it prints. Times are shown, not judged."""

import json
import os
import subprocess
import sys

BENCH = os.path.join(os.environ["HOLDFAST_BIN"], "holdfast-bench")
LOCKS = 20_000


def main():
    run = subprocess.run([BENCH, "recovery", "--locks", str(LOCKS), "--json", "--no-check"],
                         capture_output=True, text=True, timeout=200, check=False)
    if run.returncode != 0:
        sys.exit(f"the bench ended with {run.returncode}: {run.stderr}")
    rows = {row["name"].strip(): row for row in json.loads(run.stdout)["rows"] if row["section"] == "recovery"}
    probes = {row["name"]: row for row in json.loads(run.stdout)["rows"] if row["section"].endswith("another processor")}
    first, last = rows["the first one is served"]["p50"], rows["the last one is served"]["p50"]
    assert 0 < first <= rows["stall of touched resources"]["p50"] <= last, rows
    assert last <= rows["both daemons have come to rest"]["p50"], rows
    assert rows["locks that were rebuilt, per second"]["p50"] > 0, rows
    ratio = probes["during the recovery"]["ratio"]
    assert ratio > 0, probes
    print(f"report: {LOCKS} locks, one node of three killed: the last stalled request waited {last / 1e6:.0f} ms; "
          f"p99 of untouched requests was {ratio:.2f} x that beside busy threads")


if __name__ == "__main__":
    main()
