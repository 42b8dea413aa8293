"""Writes a table with one file of 120 MiB in one row group and three small ones: make_large.py LAKE"""

import os
import sys
import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

directory = os.path.join(sys.argv[1], "kinds.db", "large")
os.makedirs(directory)
for number, rows in enumerate([10, 5_000_000, 20, 30]):
    ids = pa.array(range(number * 10_000_000, number * 10_000_000 + rows), pa.int64())
    columns = {"id": ids, "x": pc.random(rows, initializer=number), "y": pc.random(rows, initializer=number + 10)}
    path = os.path.join(directory, f"part-{number}.parquet")
    pq.write_table(pa.table(columns), path, row_group_size=rows, use_dictionary=False, compression="none")
    two_days_ago = time.time() - 2 * 86400
    os.utime(path, (two_days_ago, two_days_ago))
