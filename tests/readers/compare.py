"""Compares a lake with a copy of what it was: compare.py BEFORE AFTER

For every directory: the files that came hold exactly the rows of the files that went, each source's rows together and
in their order, as PyArrow reads them and as DuckDB reads them; schema, codec and writer are the sources'. Prints one
JSON object, directory -> [files before, files after]; ends with an error at the first difference.
"""

import collections
import functools
import json
import os
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

# What DuckDB does not read at all, so that only PyArrow compares it.
NOT_DUCKDB = {"kinds.db/codec_lz4_hadoop"}
DUCKDB = duckdb.connect()


def data_files(lake):
    found = collections.defaultdict(set)
    for directory, directories, names in os.walk(lake):
        directories[:] = [name for name in directories if not name.startswith((".", "_"))]
        visible = {name for name in names if not name.startswith((".", "_"))}
        if visible:
            found[os.path.relpath(directory, lake)] |= visible
    return found


def content(path):
    with open(path, "rb") as file:
        return file.read()


def comparable(table):
    """Floats as the bits they are: a NaN equals itself, and 0.0 is not -0.0. Dictionaries as their values."""
    bits = {pa.float16(): pa.int16(), pa.float32(): pa.int32(), pa.float64(): pa.int64()}
    columns = []
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        columns.append(column.view(bits[column.type]) if column.type in bits else column)
    return pa.table(columns, names=[f"{i} {name}" for i, name in enumerate(table.column_names)])


def by_pyarrow(path):
    return comparable(pq.ParquetFile(path).read())


def by_duckdb(path):
    query = "select * from read_parquet(?, hive_partitioning = false)"
    return comparable(DUCKDB.sql(query, params=[path]).to_arrow_table())


@functools.lru_cache(maxsize=None)
def physical(path):
    """Everything of the schema, as both readers understand the footer."""
    columns = DUCKDB.execute("select * exclude (file_name) from parquet_schema(?)", [path]).fetchall()
    _, _, arrow = str(pq.ParquetFile(path).schema).partition("\n")  # the first line has an address in memory
    return arrow, repr(columns)


@functools.lru_cache(maxsize=None)
def facts(path):
    """What else stays: the writer, the codecs, and the keys that change how values are read."""
    metadata = pq.ParquetFile(path).metadata
    codecs = {tuple(metadata.row_group(g).column(c).compression for c in range(metadata.num_columns))
              for g in range(metadata.num_row_groups) if metadata.row_group(g).num_rows}
    return metadata.created_by, codecs, (metadata.metadata or {}).get(b"ARROW:schema")


def page_has_checksum(path, offset):
    """Whether the page header at an offset has field 4; thrift's compact protocol, fields 1 to 3 are numbers."""
    with open(path, "rb") as file:
        file.seek(offset)
        header = file.read(32)
    at = 0
    for _ in range(3):
        assert header[at] == 0x15, f"{path}: no page header at {offset}"
        at += 1
        while header[at] & 0x80:
            at += 1
        at += 1
    return header[at] == 0x15


@functools.lru_cache(maxsize=None)
def features(path):
    """For each column what its chunks have that a rewrite could lose."""
    metadata = pq.ParquetFile(path).metadata
    found = [set() for _ in range(metadata.num_columns)]
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(index)
            if not chunk.num_values:
                continue
            nulls = chunk.statistics.null_count if chunk.statistics and chunk.statistics.has_null_count else 0
            ordered = chunk.physical_type != "INT96"
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            has = {"dictionary": chunk.has_dictionary_page and nulls < chunk.num_values,
                   "column index": chunk.has_column_index and ordered,
                   "offset index": chunk.has_offset_index,
                   "bloom filter": chunk.bloom_filter_offset is not None,
                   "statistics": chunk.is_stats_set and ordered,
                   "checksums": page_has_checksum(path, start)}
            found[index] |= {feature for feature, there in has.items() if there}
    return found


def match(output, sources, where):
    """Takes from `sources` (name -> table) those of which `output` is a concatenation; returns their names in order."""
    taken = []
    at = 0
    while at < output.num_rows:
        for name, table in sources.items():
            rows = table.num_rows
            if rows and output.slice(at, 1).equals(table.slice(0, 1)) and output.slice(at, rows).equals(table):
                taken.append(name)
                at += rows
                del sources[name]
                break
        else:
            sys.exit(f"{where}: row {at:,} of {output.num_rows:,} is not the begin of any source that is left")
    return taken


def compare(directory, before, after, reader):
    where = f"{directory} by {reader.__name__}"
    gone = sorted(before_names[directory] - after_names[directory])
    came = sorted(after_names[directory] - before_names[directory])
    sources = {name: reader(os.path.join(before, directory, name)) for name in gone}
    for name in came:
        path = os.path.join(after, directory, name)
        for source in match(reader(path), sources, f"{where}: {name}"):
            origin = os.path.join(before, directory, source)
            if physical(origin) != physical(path):
                sys.exit(f"{where}: schema of {name}: {physical(path)}\nof {source}: {physical(origin)}")
            old, new = facts(origin), facts(path)
            if old[0] != new[0] or old[2] != new[2] or (old[1] and not old[1] <= new[1]):
                sys.exit(f"{where}: {name} has {new}, {source} had {old}")
            for index, (had, has) in enumerate(zip(features(origin), features(path))):
                if had - has:
                    sys.exit(f"{where}: column {index} of {name} lacks {had - has}, which {source} had")
    left = [name for name, table in sources.items() if table.num_rows]
    if left:
        sys.exit(f"{where}: rows of {left} are missing")


before_lake, after_lake = sys.argv[1:]
before_names, after_names = data_files(before_lake), data_files(after_lake)
if before_names.keys() != after_names.keys():
    sys.exit(f"directories differ: {before_names.keys() ^ after_names.keys()}")
report = {}
for directory in sorted(before_names):
    for name in before_names[directory] & after_names[directory]:
        if content(os.path.join(before_lake, directory, name)) != content(os.path.join(after_lake, directory, name)):
            sys.exit(f"{directory}: {name} was changed in place")
    if before_names[directory] != after_names[directory]:
        compare(directory, before_lake, after_lake, by_pyarrow)
        if directory not in NOT_DUCKDB:
            compare(directory, before_lake, after_lake, by_duckdb)
    report[directory] = [len(before_names[directory]), len(after_names[directory])]
json.dump(report, sys.stdout)
