"""A Ray cluster of this machine: prints how to reach it, and lasts until its input ends."""

from __future__ import annotations

import json
import os
import sys

from lab.run.cluster.ray_cluster import started_here

if __name__ == "__main__":
    with started_here(cores=8, gpus=0) as address:
        access = {name: value for name, value in os.environ.items() if name.startswith("RAY_AUTH_")}
        print(json.dumps({"address": address, "environment": access}), flush=True)
        sys.stdin.read()
