"""Counts the rows of a directory without a pause until a file appears: count_rows.py READER DIRECTORY ROWS STOP

READER is duckdb, pyarrow or polars. Prints a JSON object at the end: how often the count was right, how often it failed
on the tripwire, how often because a file that was listed before has left. Any other answer ends it at once with an
error; a wrong count is what must never be.
"""

import json
import os
import sys

reader, directory, rows, stop = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
pattern = os.path.join(directory, "*.parquet")

if reader == "duckdb":
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 2")

    def count():
        return connection.execute(f"select count(*), count(id), count(distinct id) from read_parquet('{pattern}')").fetchone()
elif reader == "pyarrow":
    import pyarrow.dataset as dataset

    def count():
        found = dataset.dataset(directory, format="parquet")
        ids = found.to_table(columns=["id"]).column("id")
        return found.count_rows(), len(ids), len(ids.unique())
else:
    import polars

    def count():
        ids = polars.col("id")
        return polars.scan_parquet(pattern).select(polars.len(), ids.count(), ids.n_unique().alias("n")).collect().row(0)

# Polars does not name the file that it fails on, but says that it is no Parquet file: the tripwire is the only one.
TRIPWIRE = "must end with PAR1" if reader == "polars" else "!lakehand-exchange"

# PyArrow lists names first and asks for each file afterwards: when all of them left in between, no column is known.
EMPTY = "No match for FieldRef"

seen = {"right": 0, "tripwire": 0, "left": 0}
print("ready", flush=True)
while not os.path.exists(stop):
    try:
        counted = count()
    except Exception as error:
        text = str(error)
        if TRIPWIRE in text:
            seen["tripwire"] += 1
        elif "No such file" in text or "Cannot open file" in text or "not found" in text.lower() or EMPTY in text:
            seen["left"] += 1
        else:
            sys.exit(f"{reader}: neither a count nor the tripwire: {type(error).__name__}: {text}")
        continue
    if set(counted) != {rows}:
        sys.exit(f"{reader}: WRONG COUNT {counted} instead of {rows}")
    seen["right"] += 1
json.dump(seen, sys.stdout)
