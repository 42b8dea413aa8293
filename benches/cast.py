#!/usr/bin/env python3
"""Records docs/oncall.cast: a compaction is taken back at night, on the demo lake, by the real program.

    python3 benches/cast.py [--binary PATH] [--to FILE]

A demo lake is made, a profile calls it production, and its table `sales.orders` is compacted; then the console is opened on
that table and four keys are typed as a person would, each when the screen asks for it. The file is an asciicast of version 2:
`asciinema play docs/oncall.cast`, or any player of such files. Pauses are those of the typing; nothing is cut.
"""
import argparse, json, os, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

import link

HERE = Path(__file__).resolve().parent.parent
READING = 2.5


class Kept:
    """A stream, and what goes into it with its times."""

    def __init__(self, terminal):
        self.stream, self.start, self.frames = terminal.stream, terminal.start, []

    def feed(self, data: bytes) -> None:
        self.frames.append((time.monotonic() - self.start, data))
        self.stream.feed(data)


class Recorded(link.Terminal):
    """A terminal whose output is kept, and a person before it."""

    def __init__(self, command, environment):
        super().__init__(command, environment, 0.0, 0.0)
        self.stream = Kept(self)

    def read(self, seconds: float) -> None:
        """What a person does before the next key."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn(end - time.monotonic())

    def say(self, keys: str, seconds: float = READING) -> None:
        self.type(keys)
        self.read(seconds)


def record(binary: str, base: Path):
    lake, configuration = base / "lake", base / "home" / ".config" / "lakehand"
    configuration.mkdir(parents=True)
    environment = {"HOME": str(base / "home"), "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    demo = link.Terminal([binary, "demo", "--keep", "--dir", str(lake), "--files", "4000"], environment, 0.0, 0.0)
    demo.wait_for(re.escape(link.TABLE))
    demo.close()
    profiles = f"{{prod: {{lake: {lake}, production: true}}, night: {{lake: {lake}}}}}"
    (configuration / "config.yaml").write_text(f"profile: prod\nprofiles: {profiles}\n")
    command = [binary, "compact", "--profile", "night", "--table", link.TABLE, "--yes"]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    terminal = Recorded([binary, "--at", link.TABLE], environment)
    terminal.wait_for(r"R takes it back")
    terminal.read(READING)
    terminal.say("R")
    question, _ = terminal.wait_for(r"Type (\d+) and Enter")
    terminal.read(READING)
    terminal.say(question.group(1), 1.0)
    terminal.type("\r")
    terminal.wait_for(r"done (\d+)/\1 in")
    terminal.read(READING)
    terminal.say("5")
    terminal.close()
    return terminal.stream.frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=link.BINARY, help="one that was built already")
    parser.add_argument("--to", type=Path, default=HERE / "docs" / "oncall.cast")
    options = parser.parse_args()
    python = link.python_with_packages()
    if os.path.realpath(sys.prefix) != os.path.realpath(Path(python).parent.parent):
        os.execv(python, [python, *sys.argv])
    if options.binary == link.BINARY:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=HERE, check=True)
    base = Path(tempfile.mkdtemp(prefix="lakehand-"))
    try:
        frames = record(str(options.binary), base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    head = {"version": 2, "width": link.COLUMNS, "height": link.ROWS, "title": "Taking a compaction back at night",
            "env": {"TERM": "xterm-256color"}}
    lines = [json.dumps(head)] + [json.dumps([round(at, 3), "o", data.decode()]) for at, data in frames]
    options.to.write_text("\n".join(lines) + "\n")
    print(f"{options.to}: {len(frames)} frames, {frames[-1][0]:.0f} s")


if __name__ == "__main__":
    main()
