#!/usr/bin/env python3
"""Times the rollback of the on-call journey over a slow link: `lakehand --at TABLE`, `R`, the number of targets, Enter.

    python3 benches/link.py [--rounds 5] [--files 2000] [--delay 100] [--rate 10000] [--dir DIR]

That is all: the release binary is built and an environment with pyte (a terminal emulator) is made in the user's cache
directory, unless they are there. A demo lake is made, a profile calls it production, and its table `sales.orders` is
compacted; then each round opens the console on that table in a terminal of 80x24, takes the compaction back, and
compacts again. `R` is typed as soon as the key bar offers it, the answer half a second after its question was seen: the
console drops what is typed before a person can have read it. Every round does that twice, in turns: over a link with
DELAY ms for a round trip and RATE bytes a second in each direction (a queue between the two ends, in this process), and
over none.

It prints the median, the least and the most of: the first frame, the offer to roll back, the preview with its question,
the end that is said, all in seconds from the start; the bytes that went to the terminal; and the ratio of the two ends
of a round.
"""
import argparse, collections, fcntl, os, pty, re, select, shutil, signal, statistics, struct, subprocess, sys, tempfile
import termios, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "lakehand"
PACKAGES = ["pyte==0.8.2"]
TABLE = "sales.orders"
COLUMNS, ROWS = 80, 24
PATIENCE = 120.0
DISTANCE = 0.5
READING = 0.5


def python_with_packages() -> str:
    """The Python of an environment that has the packages."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    venv = cache / "lakehand-bench" / "-".join(PACKAGES).replace("==", "-")
    python = str(venv / "bin" / "python")
    if not (venv / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        (venv / "complete").touch()
    return python


class Queue:
    """One direction of a link: what goes in comes out after a delay, and not faster than the rate."""

    def __init__(self, delay: float, rate: float):
        self.delay, self.rate = delay, rate
        self.waiting = collections.deque()
        self.free = 0.0

    def put(self, data: bytes) -> None:
        # In pieces of a packet's size, so that a long frame comes bit by bit.
        for at in range(0, len(data), 1_000):
            piece = data[at : at + 1_000]
            self.free = max(self.free, time.monotonic()) + (len(piece) / self.rate if self.rate else 0.0)
            self.waiting.append((self.free + self.delay, piece))

    def take(self) -> bytes:
        arrived = b""
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            arrived += self.waiting.popleft()[1]
        return arrived

    def next(self) -> float:
        """Seconds until something comes out."""
        return max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else DISTANCE


class Terminal:
    """A program in a terminal at the far end of a link."""

    def __init__(self, command, environment, delay: float, rate: float):
        import pyte

        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.to_us, self.to_it = Queue(delay, rate), Queue(delay, rate)
        self.bytes = 0
        self.start = time.monotonic()
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, environment)
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def text(self) -> str:
        return "\n".join(self.screen.display)

    def turn(self, limit: float = DISTANCE) -> None:
        """Moves what has arrived at either end; waits for that so long."""
        typed = self.to_it.take()
        if typed:
            os.write(self.handle, typed)
        limit = max(0.0, min(limit, self.to_us.next(), self.to_it.next()))
        if select.select([self.handle], [], [], limit)[0]:
            try:
                data = os.read(self.handle, 65_536)
            except OSError:
                data = b""
            self.bytes += len(data)
            self.to_us.put(data)
        arrived = self.to_us.take()
        if arrived:
            self.stream.feed(arrived)

    def wait_for(self, pattern: str):
        """Waits until a text is seen at our end; the match, and seconds since the start."""
        while True:
            found = re.search(pattern, self.text())
            if found:
                return found, time.monotonic() - self.start
            if time.monotonic() - self.start > PATIENCE:
                sys.exit(f"waited in vain for {pattern!r}; on the screen:\n{self.text()}")
            self.turn()

    def type(self, keys: str) -> None:
        self.to_it.put(keys.encode())

    def close(self) -> None:
        os.kill(self.pid, signal.SIGHUP)
        os.waitpid(self.pid, 0)
        os.close(self.handle)


class Bench:
    def __init__(self, base: Path, files: int):
        lake, configuration = base / "lake", base / "home" / ".config" / "lakehand"
        configuration.mkdir(parents=True)
        self.environment = {
            "HOME": str(base / "home"),
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }
        demo = [str(BINARY), "demo", "--keep", "--dir", str(lake), "--files", str(files)]
        terminal = Terminal(demo, self.environment, 0.0, 0.0)
        terminal.wait_for(re.escape(TABLE))
        terminal.close()
        profiles = f"{{bench: {{lake: {lake}, production: true}}, plain: {{lake: {lake}}}}}"
        (configuration / "config.yaml").write_text(f"profile: bench\nprofiles: {profiles}\n")
        self.compact()

    def compact(self) -> None:
        command = [str(BINARY), "compact", "--profile", "plain", "--table", TABLE, "--yes"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} exits {done.returncode}\n{done.stdout}{done.stderr}")

    def roll_back(self, delay: float, rate: float):
        """The journey; what was measured."""
        terminal = Terminal([str(BINARY), "--at", TABLE], self.environment, delay, rate)
        _, first = terminal.wait_for(r"\S")
        _, offered = terminal.wait_for(r"R takes it back")
        terminal.type("R")
        question, asked = terminal.wait_for(r"Type (\d+) and Enter")
        read = time.monotonic() + READING
        while time.monotonic() < read:
            terminal.turn(read - time.monotonic())
        terminal.type(question.group(1) + "\r")
        _, ended = terminal.wait_for(r"done (\d+)/\1 in")
        terminal.close()
        return {"first frame": first, "R offered": offered, "question": asked, "done": ended, "bytes": terminal.bytes}


def spread(values, digits=2) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description="Times a rollback over a slow link.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--delay", type=float, default=100.0, help="milliseconds of a round trip")
    parser.add_argument("--rate", type=float, default=10_000.0, help="bytes a second")
    parser.add_argument("--dir", help="where the lake is made; it is deleted at the end")
    options = parser.parse_args()
    python = python_with_packages()
    if os.path.realpath(sys.prefix) != os.path.realpath(Path(python).parent.parent):
        os.execv(python, [python, *sys.argv])
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    base = Path(tempfile.mkdtemp(prefix="lakehand-link-", dir=options.dir))
    links = {"slow": (options.delay / 2_000, options.rate), "none": (0.0, 0.0)}
    measured = {name: [] for name in links}
    try:
        bench = Bench(base, options.files)
        for number in range(options.rounds):
            for name in (list(links) if number % 2 == 0 else list(reversed(links))):
                measured[name].append(bench.roll_back(*links[name]))
                bench.compact()
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"{options.delay:.0f} ms, {options.rate:.0f} bytes a second; {options.rounds} rounds: median (least to most)")
    for name, rounds in measured.items():
        for key in rounds[0]:
            print(f"{name:5} {key:12} {spread([one[key] for one in rounds], 0 if key == 'bytes' else 2)}")
    ratios = [slow["done"] / none["done"] for slow, none in zip(measured["slow"], measured["none"])]
    print(f"slow / none, done: {spread(ratios)}")


if __name__ == "__main__":
    main()
