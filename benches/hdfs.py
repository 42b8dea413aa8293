#!/usr/bin/env python3
"""Times lakehand on a real HDFS against Hadoop's own client, and counts its calls to the NameNode, in one run.

    python3 benches/hdfs.py [--files 20000] [--rounds 3]

That is all: the release binary is built, the test cluster (tests/cluster/README.md) is fetched and started on loopback
with three DataNodes, FILES Parquet files of about 40 KB are put into one directory, and every round runs each of these:

    analyze    lakehand analyze: lists the directory, looks into some files
    java list  a Java main that lists it (HdfsReader.java)
    plan       lakehand plan: lists it and reads the footers of all files
    java read  the Java main lists it and reads all files, 8 at a time
    compact    lakehand compact, whole: plan, lease, write, verify every value, exchange, settle
    java copy  the Java main reads all files, 8 at a time, and writes their bytes into one file; it verifies nothing
    rollback   lakehand rollback of that compaction

Servers and clients share this machine. Java's times have the start of a JVM in them, as for everybody who runs it. Calls
are counted in the last round, by the NameNode itself (RpcDetailedActivity of its /jmx); what DataNodes call is left out.
Ratios are taken within a round; of figures and ratios it prints the median, and the least and the most.
"""
import argparse, collections, ctypes, json, os, re, shutil, subprocess, sys, tempfile, time, urllib.request
from pathlib import Path

from compare import BINARY, PR_SET_CHILD_SUBREAPER, ROOT, Figures, python_with_packages, spread

OF_DATANODES = {"SendHeartbeat", "SendLifeline", "BlockReport", "BlockReceivedAndDeleted", "RegisterDatanode",
                "VersionRequest", "CacheReport", "CommitBlockSynchronization", "ErrorReport", "ReportBadBlocks"}


class Cluster:
    """The example of the tests, without its tables; it ends with its standard input."""

    def __init__(self, build):
        if build:
            subprocess.run(["cargo", "build", "--quiet", "--example", "cluster"], cwd=ROOT, check=True)
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        command = [str(target / "debug" / "examples" / "cluster"), "plain", "--no-tables"]
        environment = {**os.environ, "CARGO_MANIFEST_DIR": str(ROOT)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
        self.exports = {}
        for line in self.process.stdout:
            if found := re.match(r"HDFS +(\S+) +web http://(\S+)", line):
                self.uri, self.web = found.groups()
            if found := re.match(r" *export (\w+)=(.*)", line):
                self.exports[found[1]] = found[2]
            if line.startswith("Here:"):
                return
        sys.exit("the test cluster did not start")

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("ERR"):
                sys.exit(f"{command}: {line}")
            if line.startswith("OK"):
                return line[3:].strip()
        sys.exit("the test cluster ended")

    def calls(self):
        """Calls of clients so far, by name; the NameNode publishes what it counted every ten seconds."""
        time.sleep(11)
        with urllib.request.urlopen(f"http://{self.web}/jmx?qry=Hadoop:service=NameNode,name=RpcDetailedActivityForPort*") as answer:
            beans = json.load(answer)["beans"]
        counted = collections.Counter()
        for key, value in ((key, value) for bean in beans for key, value in bean.items()):
            if key.endswith("NumOps") and not key.endswith("ExceptionNumOps") and key[:-6] not in OF_DATANODES and not key.startswith(("Deferred", "Overall")):
                counted[key[:-6]] += value
        return counted

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Measured:
    """Figures, taken in a process of their own: they wait for every child, and the cluster is one of ours."""

    def __init__(self, command, environment):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
                figures = Figures(command, environment)
                os.write(writing, json.dumps([figures.wall, figures.cpu, figures.memory]).encode())
                status = 0
            except SystemExit as ended:
                print(ended, file=sys.stderr, flush=True)
            finally:
                os._exit(status)
        os.close(writing)
        with os.fdopen(reading) as answer:
            text = answer.read()
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
            sys.exit(1)
        self.wall, self.cpu, self.memory = json.loads(text)
        self.calls = collections.Counter()


class Bench:
    def __init__(self, base, options, cluster, python):
        self.cluster, self.base, self.binary, self.files = cluster, base, str(options.binary), options.files
        local = base / "events"
        local.mkdir()
        compare = Path(__file__).with_name("compare.py")
        subprocess.run([python, str(compare), "--make", str(local), "--files", str(options.files)], check=True)
        self.bytes = sum(path.stat().st_size for path in local.iterdir())
        self.lake = f"{cluster.uri}/bench"
        user = os.environ.get("HADOOP_USER_NAME") or subprocess.check_output(["id", "-un"], text=True).strip()
        for command in ["mkdir /bench", "mkdir /bench/bench.db", f"own /bench {user}"]:
            cluster.say(command)
        fetched = dict(line.split("=", 1) for line in subprocess.check_output([ROOT / "tests/cluster/fetch"], text=True).splitlines())
        jars = f"{fetched['home']}/hdfs/classes:{Path(fetched['home'], 'hdfs', 'jars').read_text().strip()}"
        classes = base / "classes"
        source = str(Path(__file__).with_name("HdfsReader.java"))
        subprocess.run([f"{fetched['java']}/bin/javac", "-cp", jars, "-d", str(classes), source], check=True)
        conf = cluster.exports["HADOOP_CONF_DIR"]
        self.java = [f"{fetched['java']}/bin/java", "-Dcluster.log.level=WARN", "-cp", f"{classes}:{conf}:{jars}", "HdfsReader"]
        subprocess.run([*self.java, "put", f"{self.lake}/bench.db/events", "8", local], check=True)
        shutil.rmtree(local)
        self.user = base / "user"
        self.contestants = {
            "analyze": lambda: self.lakehand("analyze", "--table", "bench.events", cold=True),
            "java list": lambda: Measured([*self.java, "list", self.lake + "/bench.db/events"], None),
            "plan": lambda: self.lakehand("plan", "--table", "bench.events", "--quiet-period", "0s"),
            "java read": lambda: Measured([*self.java, "read", self.lake + "/bench.db/events", "8"], None),
            "compact": lambda: self.lakehand("compact", "--yes", "--table", "bench.events", "--quiet-period", "0s", "--window-limit", "10m"),
            "rollback": lambda: self.lakehand("rollback", "--yes"),
            "java copy": lambda: Measured([*self.java, "copy", self.lake + "/bench.db/events", "8", self.lake + "/copy"], None)}

    def lakehand(self, *arguments, cold=False):
        user = Path(tempfile.mkdtemp(dir=self.base)) if cold else self.user
        places = {"HOME": user, "XDG_CONFIG_HOME": user / "config", "XDG_CACHE_HOME": user / "cache",
                  "XDG_STATE_HOME": user / "state", "XDG_RUNTIME_DIR": user}
        user.mkdir(exist_ok=True)
        environment = {**os.environ, **self.cluster.exports, **{name: str(path) for name, path in places.items()}}
        return Measured([self.binary, "--lake", self.lake, *arguments], environment)

    def run(self, name, counts):
        before = self.cluster.calls() if counts else None
        figures = self.contestants[name]()
        if counts:
            figures.calls = self.cluster.calls() - before
        return figures


def report(rounds, files):
    print(f"{'':10} {'wall s':>27} {'CPU s':>27}  memory MiB  calls to the NameNode")
    for name in rounds[0]:
        every = [figures[name] for figures in rounds]
        wall, cpu = spread([one.wall for one in every]), spread([one.cpu for one in every])
        calls = every[-1].calls
        shown = ", ".join(f"{count:,} {method}" for method, count in calls.most_common(6))
        print(f"{name:10} {wall:>27} {cpu:>27} {max(one.memory for one in every) / 2**20:11.0f}  {calls.total():,} ({shown})")
    for one, other in [("analyze", "java list"), ("plan", "java read"), ("compact", "java copy")]:
        wall = spread([figures[one].wall / figures[other].wall for figures in rounds])
        cpu = spread([figures[one].cpu / max(figures[other].cpu, 0.001) for figures in rounds])
        print(f"{one + ' / ' + other:24} wall {wall}   CPU {cpu}")
    # A compaction has to ask where each file is and to move it out; a rollback to move it back.
    for name, least in [("compact", 2 * files), ("rollback", files)]:
        print(f"{name + ': calls / least':24} {rounds[-1][name].calls.total() / least:.3f}   least: {least:,}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="where to work (default: a temporary directory)")
    parser.add_argument("--binary", type=Path, default=BINARY, help="one that was built already, as was the cluster")
    options = parser.parse_args()
    if options.binary == BINARY:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    python = python_with_packages()
    base = Path(tempfile.mkdtemp(prefix="lakehand-bench-", dir=options.dir))
    cluster = Cluster(options.binary == BINARY)
    try:
        bench = Bench(base, options, cluster, python)
        print(f"{options.files:,} files, {bench.bytes / 2**20:,.0f} MiB on HDFS; {os.cpu_count()} CPUs", flush=True)
        last = options.rounds - 1
        rounds = [{name: bench.run(name, turn == last) for name in bench.contestants} for turn in range(options.rounds)]
        report(rounds, options.files)
    finally:
        cluster.stop()
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
