#!/usr/bin/env python3
"""Times the first frame of the console while every server is frozen: they take the connection and say nothing.

    python3 benches/frozen.py [--rounds 20]

The release binary is built. A profile names a NameNode and a metastore on this machine that accept and never answer;
the console is opened on it in a terminal of 80x24, until its first whole frame was written. It also prints the time
until a key's frame came while the servers were frozen, and the bytes that were written in ten seconds without a key
after that: those are the frames that say that servers are silent, and nothing else.
"""
import argparse, fcntl, os, pty, select, shutil, signal, socket, statistics, struct, subprocess, sys, tempfile, termios
import threading, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "lakehand"
FRAME = b"\x1b[?2026l"
PATIENCE = 30.0


def frozen() -> int:
    """A server that accepts and never answers; its port."""
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    kept = []
    threading.Thread(target=lambda: [kept.append(server.accept()) for _ in iter(int, 1)], daemon=True).start()
    return server.getsockname()[1]


class Console:
    def __init__(self, environment):
        self.begun = time.monotonic()
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.execve(str(BINARY), [str(BINARY)], environment)
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds: float) -> bytes:
        if not select.select([self.handle], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self.handle, 65_536)
        except OSError:
            sys.exit("the console ended by itself")

    def frame(self, since: float) -> float:
        """Until a whole frame was written: seconds."""
        written = b""
        while FRAME not in written:
            written += self.read(0.5)
            if time.monotonic() - since > PATIENCE:
                sys.exit(f"no frame; written: {written!r}")
        return time.monotonic() - since

    def close(self) -> None:
        os.kill(self.pid, signal.SIGHUP)
        os.waitpid(self.pid, 0)
        os.close(self.handle)


def measure(environment, idle: bool):
    console = Console(environment)
    first = console.frame(console.begun)
    while console.read(0.3):
        pass
    pressed = time.monotonic()
    os.write(console.handle, b"?")
    key = console.frame(pressed)
    written, until = 0, time.monotonic() + 10.0
    while idle and time.monotonic() < until:
        written += len(console.read(until - time.monotonic()))
    console.close()
    return first, key, written


def main() -> None:
    parser = argparse.ArgumentParser(description="Times the first frame while every server is frozen.")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    home = Path(tempfile.mkdtemp(prefix="lakehand-frozen-"))
    try:
        configuration = home / ".config" / "lakehand"
        configuration.mkdir(parents=True)
        profile = f"{{lake: 'hdfs://127.0.0.1:{frozen()}/lake', catalog: {{kind: hive, uris: ['thrift://127.0.0.1:{frozen()}']}}}}"
        (configuration / "config.yaml").write_text(f"profile: frozen\nprofiles: {{frozen: {profile}}}\n")
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        rounds = [measure(environment, number == 0) for number in range(options.rounds)]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for name, values in (("first frame", [one[0] for one in rounds]), ("key to frame", [one[1] for one in rounds])):
        milliseconds = sorted(value * 1e3 for value in values)
        print(f"{name:13} median {statistics.median(milliseconds):6.1f} ms   most {milliseconds[-1]:6.1f} ms")
    print(f"written in 10 s without a key: {rounds[0][2]} bytes")


if __name__ == "__main__":
    main()
