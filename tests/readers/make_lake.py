"""Writes a lake whose tables hold everything that a rewrite could get wrong: make_lake.py LAKE.

Every file is two days old, so that no table counts as hot. Files are written by PyArrow, DuckDB and Polars; the ones
of the parquet crate are added by the test itself.
"""

import datetime
import decimal
import os
import random
import sys
import time
import uuid

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

LAKE = sys.argv[1]
TWO_DAYS_AGO = time.time() - 2 * 86400
RANDOM = random.Random(11)


def path_of(table, name, partition=""):
    directory = os.path.join(LAKE, "kinds.db", table, partition)
    os.makedirs(directory, exist_ok=True)
    return os.path.join(directory, name)


def write(table, number, data, partition="", **options):
    pq.write_table(data, path_of(table, f"part-{number:05}.parquet", partition), **options)


def plain(first, rows, nulls=True):
    """Rows with an id that no other file has, a text with few values, a number with holes."""
    ids = range(first, first + rows)
    texts = [f"kind {i % 7}" if not nulls or i % 11 else None for i in ids]
    numbers = [i * 3 - 1000 if not nulls or i % 5 else None for i in ids]
    return pa.table({
        "id": pa.array(ids, pa.int64()),
        "text": pa.array(texts, pa.string()),
        "number": pa.array(numbers, pa.int32()),
        "amount": pa.array([i / 8 for i in ids], pa.float64()),
        "flag": pa.array([i % 3 == 0 for i in ids], pa.bool_()),
    })


def nested(first, rows):
    ids = range(first, first + rows)
    return {
        "id": pa.array(ids, pa.int64()),
        "tags": pa.array([None if i % 9 == 0 else [None if j == 2 else f"t{j}" for j in range(i % 4)] for i in ids],
                         pa.list_(pa.string())),
        "matrix": pa.array([[[j, None], [], None][: i % 4] for j, i in enumerate(ids)],
                           pa.list_(pa.list_(pa.int32()))),
        "props": pa.array([[(f"k{j}", i + j) for j in range(i % 3)] for i in ids], pa.map_(pa.string(), pa.int64())),
        "place": pa.array([None if i % 6 == 0 else {"city": f"c{i % 5}", "at": {"x": i, "y": None}} for i in ids],
                          pa.struct([("city", pa.string()),
                                     ("at", pa.struct([("x", pa.int32()), ("y", pa.float32())]))])),
    }


def decimals(first, rows):
    def column(precision, scale):
        unit = decimal.Decimal(1).scaleb(-scale)
        limit = 10 ** precision - 1
        values = [None if i % 7 == 0 else (RANDOM.randint(-limit, limit) * unit) for i in range(rows)]
        with decimal.localcontext(decimal.Context(prec=50)):
            return pa.array([None if value is None else +value for value in values], pa.decimal128(precision, scale))

    with decimal.localcontext(decimal.Context(prec=50)):
        columns = {f"d{precision}": column(precision, scale)
                   for precision, scale in [(1, 0), (5, 2), (9, 3), (10, 0), (18, 6), (19, 4), (28, 10), (38, 18)]}
    return {"id": pa.array(range(first, first + rows), pa.int64()), **columns}


def moments(first, rows):
    start = datetime.datetime(1969, 12, 31, 23, 59, 58)
    values = [None if i % 8 == 0 else start + datetime.timedelta(hours=i * 7, microseconds=i) for i in range(rows)]
    return {
        "id": pa.array(range(first, first + rows), pa.int64()),
        "at": pa.array(values, pa.timestamp("ns")),
        "seen": pa.array([[value] for value in values], pa.list_(pa.timestamp("ns"))),
    }


def assorted(first, rows):
    ids = range(first, first + rows)
    day = datetime.date(2026, 1, 1)
    return pa.table({
        "id": pa.array(ids, pa.int64()),
        "tiny": pa.array([i % 120 - 60 for i in ids], pa.int8()),
        "unsigned": pa.array([2 ** 64 - 1 - i for i in ids], pa.uint64()),
        "day": pa.array([day + datetime.timedelta(days=i % 900) for i in ids], pa.date32()),
        "clock": pa.array([datetime.time(i % 24, i % 60, i % 60, i) for i in ids], pa.time64("us")),
        "zoned": pa.array([datetime.datetime(2026, 1, 1) + datetime.timedelta(minutes=i) for i in ids],
                          pa.timestamp("ms", tz="UTC")),
        "fixed": pa.array([uuid.UUID(int=i).bytes for i in ids], pa.binary(16)),
        "bytes": pa.array([bytes([i % 256]) * (i % 40) for i in ids], pa.binary()),
        "real": pa.array([float("nan") if i % 4 == 0 else -0.0 if i % 4 == 1 else i for i in ids], pa.float32()),
        "nothing": pa.array([None for _ in ids], pa.int32()),
    })


def by_pyarrow():
    for number in range(5):
        first = number * 1000
        write("int96", number, pa.table(moments(first, 300)), use_deprecated_int96_timestamps=True)
        write("decimals_fixed", number, pa.table(decimals(first, 200)))
        write("decimals_integer", number, pa.table(decimals(first, 200)), store_decimal_as_integer=True)
        write("nested", number, pa.table(nested(first, 300)))
        write("nested_legacy", number, pa.table(nested(first, 300)), use_compliant_nested_type=False)
        write("assorted", number, assorted(first, 300))
        for codec in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]:
            write(f"codec_{codec}", number, plain(first, 400), compression=codec)
            write(f"decimals_{codec}", number, pa.table(decimals(first, 90)), compression=codec,
                  write_page_checksum=True)
        for version in ["1.0", "2.0"]:
            write(f"pages_v{version[0]}", number, pa.table(nested(first, 500)), data_page_version=version,
                  data_page_size=512)
        write("encoding_plain", number, plain(first, 400), use_dictionary=False)
        write("encoding_dictionary", number, plain(first, 400), use_dictionary=True)
        write("encoding_delta", number, plain(first, 400), use_dictionary=False, column_encoding={
            "id": "DELTA_BINARY_PACKED", "number": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY",
            "amount": "BYTE_STREAM_SPLIT", "flag": "RLE"}, data_page_version="2.0")
        write("encoding_lengths", number, plain(first, 400), use_dictionary=False,
              column_encoding={"text": "DELTA_LENGTH_BYTE_ARRAY"})
        write("with_index", number, plain(first, 400), write_page_index=True, write_page_checksum=True)
        write("without_statistics", number, plain(first, 400), write_statistics=False)
        write("one_of_many_groups", number, plain(first, 900 if number == 2 else 20),
              row_group_size=5 if number == 2 else 1000)
        write("sorted", number, plain(first, 100), sorting_columns=[pq.SortingColumn(0)])
        write("empty_files", number, plain(first, 0 if number % 2 else 50))
        write("only_empty", number, plain(first, 0))
        write("zero_bytes", number, plain(first, 50))
        older = plain(first, 60)
        newer = older.append_column("channel", pa.array(["web"] * 60))
        write("evolved", number, older)
        write("evolved", number + 100, newer)
        for hour in ["hour=1", "hour=__HIVE_DEFAULT_PARTITION__"]:
            write("partitioned", number, plain(first, 40), partition=f"day=a%3Ab%2Fc d/{hour}")
    open(path_of("zero_bytes", "part-00003a.parquet"), "wb").close()
    for number in range(2000):
        write("tiny", number, plain(number * 10, 3), compression="snappy")


def by_duckdb():
    connection = duckdb.connect()
    query = """copy (select i as id, 'n' || (i % 13) as name, (i * 1.25)::decimal(9, 2) as small,
        (i * 7)::decimal(18, 4) as middle, (i * 9)::decimal(38, 6) as wide, i::hugeint as huge,
        [x for x in range(i % 4)] as list, {{'a': i, 'b': [i, null]}} as struct, map {{'k' || i: i * 2}} as map,
        timestamp '2026-01-01' + to_minutes(i) as at, date '2026-01-01' + (i % 300)::int as day,
        time '01:02:03' as clock, i % 2 = 0 as flag, ('\\xAA' || i)::blob as bytes,
        case when i % 5 = 0 then null else i / 3.0 end as maybe, interval (i) day as span,
        '00000000-0000-0000-0000-000000000000'::uuid as unique_id
        from range({first}, {first} + 250) as numbers(i)) to '{path}' (format parquet, {options})"""
    for number in range(5):
        for table, options in [("duckdb_v1", "codec snappy, row_group_size 100"),
                               ("duckdb_v2", "codec zstd, parquet_version v2")]:
            path = path_of(table, f"data_{number}.parquet")
            connection.execute(query.format(first=number * 1000, path=path, options=options))


def by_polars():
    for number in range(5):
        ids = list(range(number * 1000, number * 1000 + 200))
        frame = polars.DataFrame({
            "id": ids,
            "kind": polars.Series([f"k{i % 6}" for i in ids], dtype=polars.Categorical),
            "values": [list(range(i % 5)) if i % 7 else None for i in ids],
            "at": polars.Series([datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=i) for i in ids],
                                dtype=polars.Datetime("ns")),
            "record": [{"x": i, "y": None if i % 3 else str(i)} for i in ids],
            "money": polars.Series([decimal.Decimal(i) / 4 for i in ids], dtype=polars.Decimal(20, 2)),
        })
        frame.write_parquet(path_of("polars_zstd", f"{number}.parquet"), compression="zstd")
        frame.write_parquet(path_of("polars_groups", f"{number}.parquet"), compression="lz4", row_group_size=64)


def age():
    for directory, _, names in os.walk(LAKE):
        for name in names:
            os.utime(os.path.join(directory, name), (TWO_DAYS_AGO, TWO_DAYS_AGO))


by_pyarrow()
by_duckdb()
by_polars()
age()
