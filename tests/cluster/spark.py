"""A Spark session that is told what to do: one JSON object a line in, one a line out.

{"sql": TEXT} -> {"rows": [[...], ...]}; {"python": TEXT} -> {"text": what it printed}; an exception -> {"error": TEXT}.
Arguments are settings of the session, key=value. It ends with its standard input, and its
JVM and its working directory with it.
"""
import contextlib
import io
import json
import os
import shutil
import sys
import traceback

from pyspark.sql import SparkSession

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever else prints goes to the log

builder = SparkSession.builder.master("local[2]").appName("lakehand tests").enableHiveSupport()
for setting in sys.argv[1:]:
    builder = builder.config(*setting.split("=", 1))
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
scope = {"spark": spark}


def answer(command):
    if "sql" in command:
        return {"rows": [list(row) for row in spark.sql(command["sql"]).collect()]}
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(command["python"], scope)
    return {"text": text.getvalue()}


print("READY", spark.version, file=answers, flush=True)
for line in sys.stdin:
    try:
        result = answer(json.loads(line))
    except Exception:
        result = {"error": traceback.format_exc()}
    print(json.dumps(result, default=str), file=answers, flush=True)
directory = os.getcwd()
shutil.rmtree(directory, ignore_errors=True)
with contextlib.suppress(OSError):
    os.rmdir(os.path.dirname(directory))
os._exit(0)
