"""Fills a directory with small files, each ROWS ids, together 0 to FILES x ROWS: make_ids.py DIRECTORY FILES ROWS"""

import os
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

directory, files, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
two_days_ago = time.time() - 2 * 86400
for number in range(files):
    path = os.path.join(directory, f"part-{number:05}.parquet")
    pq.write_table(pa.table({"id": pa.array(range(number * rows, number * rows + rows), pa.int64())}), path)
    os.utime(path, (two_days_ago, two_days_ago))
