#!/usr/bin/env python3
"""Times lakehand against DuckDB's COPY, `cat` and `find -printf` on one directory of small files, in one run.

    python3 benches/compare.py [--files 20000] [--rounds 5] [--dir DIR]

That is all: the release binary is built and an environment with DuckDB and PyArrow is made in the user's cache
directory, unless they are there. FILES Parquet files of about 40 KB (12 columns, snappy) are written; then every round
runs each of these once, in an order that rotates from round to round:

    compact       lakehand compact, whole: plan, lease, write, verify every value, exchange, settle; synced to the disk
    compact 64M   the same with --memory 64MiB
    duckdb        COPY (SELECT * FROM read_parquet('DIR/*.parquet')) TO FILE; verifies and syncs nothing
    cat           cat DIR/* > FILE
    analyze       lakehand analyze, with an empty cache
    find          find DIR -printf '%s %T@ %p\\n'

The page cache is warm for all. CPU and memory come from wait4: this process is the reaper of all that it starts, so
the worker that detaches from its command counts too. Memory is that of the largest process. Ratios are taken within a
round, since machines drift; of figures and ratios it prints the median, and the least and the most.
"""
import argparse, ctypes, os, random, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "lakehand"
PACKAGES = ["duckdb==2.0.0", "pyarrow==26.0.1"]
PR_SET_CHILD_SUBREAPER = 36


def make_files(directory: Path, count: int) -> None:
    """Writes `count` files; a few hundred different contents are enough, the rest are copies."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    generator = random.Random(7)
    rows = 420
    different = []
    for number in range(min(count, 200)):
        columns = {
            "id": pa.array([number * rows + i for i in range(rows)], pa.int64()),
            "at": pa.array([1_760_000_000_000_000 + generator.randrange(10**12) for _ in range(rows)], pa.timestamp("us")),
            "user": pa.array([f"user-{generator.randrange(10**9):09d}" for _ in range(rows)]),
            "page": pa.array([f"/shop/{generator.choice('abcdefgh')}/{generator.randrange(500)}" for _ in range(rows)]),
            "country": pa.array([generator.choice(["DE", "FR", "GB", "US", None]) for _ in range(rows)]),
            "agent": pa.array([generator.choice(["firefox", "chrome", "safari", "curl"]) for _ in range(rows)]),
            "price": pa.array([generator.random() * 100 for _ in range(rows)], pa.float64()),
            "amount": pa.array([generator.randrange(1000) for _ in range(rows)], pa.int32()),
            "token": pa.array([f"{generator.getrandbits(128):032x}" for _ in range(rows)]),
            "score": pa.array([generator.random() for _ in range(rows)], pa.float32()),
            "ok": pa.array([generator.random() < 0.9 for _ in range(rows)]),
            "tags": pa.array([[generator.choice("xyz") for _ in range(generator.randrange(4))] for _ in range(rows)]),
        }
        path = directory / f"part-{number:05d}.snappy.parquet"
        pq.write_table(pa.table(columns), path, compression="snappy")
        different.append(path)
    for number in range(len(different), count):
        shutil.copyfile(different[number % len(different)], directory / f"part-{number:05d}.snappy.parquet")
    two_days_ago = time.time() - 2 * 86_400
    for path in directory.iterdir():
        os.utime(path, (two_days_ago, two_days_ago))


def python_with_packages() -> str:
    """This Python if it has the packages, else one of an environment that is made once."""
    there = "import duckdb, pyarrow"
    if subprocess.run([sys.executable, "-c", there], stderr=subprocess.DEVNULL).returncode == 0:
        return sys.executable
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    venv = cache / "lakehand-bench" / "-".join(PACKAGES).replace("==", "-")
    python = str(venv / "bin" / "python")
    if not (venv / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
        (venv / "complete").touch()
    return python


class Figures:
    """Wall and CPU time and the memory of the largest process, of a command and all that it left behind."""

    def __init__(self, command, environment):
        errors = tempfile.TemporaryFile()
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        self.wall, self.cpu, self.memory, status = None, 0.0, 0, 0
        while True:
            try:
                process, ended, usage = os.wait4(-1, 0)
            except ChildProcessError:
                break
            if process == child.pid:
                self.wall, status = time.perf_counter() - begin, os.waitstatus_to_exitcode(ended)
            self.cpu += usage.ru_utime + usage.ru_stime
            self.memory = max(self.memory, usage.ru_maxrss * 1024)
        child.returncode = status
        if status != 0:
            errors.seek(0)
            sys.exit(f"{command[:3]} … ended with {status}:\n{errors.read().decode(errors='replace')}")


class Bench:
    """A directory to work in, with the table that is never changed."""

    def __init__(self, base: Path, options, python: str):
        self.base, self.binary, self.python, self.files = base, str(options.binary), python, options.files
        self.table = base / "lake" / "bench.db" / "events"
        self.table.mkdir(parents=True)
        subprocess.run([python, __file__, "--make", str(self.table), "--files", str(options.files)], check=True)
        self.out = base / "out"
        self.contestants = {
            "compact": self.compact, "compact 64M": lambda: self.compact("--memory", "64MiB"), "duckdb": self.duckdb,
            "cat": self.cat, "analyze": self.analyze, "find": self.find}

    def environment(self):
        """Directories of the user that nobody has written to."""
        user = Path(tempfile.mkdtemp(prefix="user-", dir=self.base))
        places = {"HOME": user, "XDG_CONFIG_HOME": user, "XDG_CACHE_HOME": user / "cache",
                  "XDG_STATE_HOME": user / "state", "XDG_RUNTIME_DIR": user}
        return {**os.environ, **{name: str(path) for name, path in places.items()}}

    def lakehand(self, lake, *arguments):
        return Figures([self.binary, "--lake", str(lake), *arguments], self.environment())

    def compact(self, *flags):
        lake = self.base / "copy"
        table = lake / "bench.db" / "events"
        table.parent.mkdir(parents=True)
        subprocess.run(["cp", "-a", str(self.table), str(table)], check=True)
        os.sync()
        figures = self.lakehand(lake, "compact", "--table", "bench.events", "--yes", *flags)
        left = sum(1 for path in table.iterdir() if not path.name.startswith((".", "_")))
        if left * 50 > self.files:
            sys.exit(f"nothing was compacted: {left} files")
        shutil.rmtree(lake)
        return figures

    def duckdb(self):
        query = f"COPY (SELECT * FROM read_parquet('{self.table}/*.parquet')) TO '{self.out}' (FORMAT parquet, COMPRESSION snappy)"
        figures = Figures([self.python, "-c", f"import duckdb; duckdb.sql({query!r})"], None)
        self.out.unlink()
        return figures

    def cat(self):
        figures = Figures(["sh", "-c", f"cd '{self.table}' && find . -type f -print0 | xargs -0 cat > '{self.out}'"], None)
        self.out.unlink()
        return figures

    def analyze(self):
        return self.lakehand(self.base / "lake", "--output", "json", "analyze", "--table", "bench.events")

    def find(self):
        return Figures(["find", str(self.table), "-printf", "%s %T@ %p\\n"], None)


def spread(values, digits=2):
    return f"{statistics.median(values):8.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def report(rounds):
    print(f"{'':12} {'wall s':>27} {'CPU s':>27}  memory MiB")
    for name in rounds[0]:
        every = [figures[name] for figures in rounds]
        wall, cpu = spread([one.wall for one in every]), spread([one.cpu for one in every])
        print(f"{name:12} {wall:>27} {cpu:>27} {max(one.memory for one in every) / 2**20:8.0f}")
    for one, other in [("compact", "duckdb"), ("compact 64M", "duckdb"), ("compact", "cat"), ("analyze", "find")]:
        wall = spread([figures[one].wall / figures[other].wall for figures in rounds])
        cpu = spread([figures[one].cpu / max(figures[other].cpu, 0.001) for figures in rounds])
        print(f"{one + ' / ' + other:24} wall {wall}   CPU {cpu}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", type=Path, help="where to work (default: a temporary directory)")
    parser.add_argument("--binary", type=Path, default=BINARY)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        return make_files(options.make, options.files)
    if options.binary == BINARY:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    python = python_with_packages()
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("this system has no child subreapers")
    base = Path(tempfile.mkdtemp(prefix="lakehand-bench-", dir=options.dir))
    try:
        bench = Bench(base, options, python)
        sizes = [path.stat().st_size for path in bench.table.iterdir()]
        print(f"{len(sizes):,} files, {sum(sizes) / 2**20:,.0f} MiB, {sum(sizes) / len(sizes) / 1024:.1f} KiB each; "
              f"{os.cpu_count()} CPUs")
        names, rounds = list(bench.contestants), []
        for turn in range(options.rounds):
            order = names[turn % len(names):] + names[:turn % len(names)]
            figures = {name: bench.contestants[name]() for name in order}
            rounds.append({name: figures[name] for name in names})
        report(rounds)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
