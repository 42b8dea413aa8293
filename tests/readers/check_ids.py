"""Fails unless the rows of a directory have exactly the ids from 0 to below END: check_ids.py DIRECTORY END"""

import collections
import os
import sys

import pyarrow.parquet as pq

directory, end = sys.argv[1], int(sys.argv[2])
ids = collections.Counter()
for name in os.listdir(directory):
    if not name.startswith("."):
        ids.update(pq.read_table(os.path.join(directory, name), columns=["id"], partitioning=None).column("id").to_pylist())
doubled = sorted(number for number, count in ids.items() if count > 1)
lost = sorted(set(range(end)) - ids.keys())
if doubled or lost or len(ids) != end:
    sys.exit(f"doubled {doubled[:20]}, lost {lost[:20]}, {len(ids)} ids instead of {end}")
