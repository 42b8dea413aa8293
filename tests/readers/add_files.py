"""Adds files to a directory until a file appears, as a job does: add_files.py DIRECTORY FIRST STOP

Each file has one row with an id of its own, from FIRST on, is written under a hidden name and then renamed. Prints the
id that would have come next.
"""

import os
import random
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

directory, number, stop = sys.argv[1], int(sys.argv[2]), sys.argv[3]
print("ready", flush=True)
while not os.path.exists(stop):
    hidden = os.path.join(directory, f".late-{number}")
    pq.write_table(pa.table({"id": pa.array([number], pa.int64())}), hidden)
    os.rename(hidden, os.path.join(directory, f"part-late-{number:07}.parquet"))
    number += 1
    time.sleep(random.uniform(0.1, 1.5))
print(number)
