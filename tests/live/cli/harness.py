# SPDX-License-Identifier: Apache-2.0
"""Clusters, programs and waiting for the tests of the command line.

Nothing here sleeps: one waits for a line, for the end of a process or for a condition, each with a
deadline. Every process that was started is ended by its own handle when its test is over.
"""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BIN = Path(os.environ.get("HOLDFAST_BIN", "build/release/bin")).resolve()
HOLDFAST = str(BIN / "holdfast")
PATIENCE = 30.0  # seconds for anything that must happen


def environment(**more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    clean.update({name: str(value) for name, value in more.items()})
    return clean


def state_of(pid):
    """The letter of /proc/PID/stat, or None if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def is_running(pid):
    """Can it still run code of its own? A moment before a process becomes a zombie it closes its files, and so
    gives its locks back; and a zombie's other threads may live on."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    state, flags, threads = fields[0], int(fields[6]), int(fields[17])
    exiting = flags & 0x4 or state in "ZX"
    return threads > 1 or not exiting


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Program:
    """A process of ours, its lines of output, and its end."""

    def __init__(self, test, arguments, env=None, stdin=subprocess.PIPE, stderr=subprocess.PIPE, group=False):
        self.arguments = arguments
        self.process = subprocess.Popen(arguments, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr,
                                        env=env or environment(), process_group=0 if group else None)
        self.pid = self.process.pid
        self.buffer = b""
        test.addCleanup(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def line(self, matching=""):
        """The next line that matches; the regular expression's match object."""
        deadline = time.monotonic() + PATIENCE
        while True:
            while b"\n" in self.buffer:
                first, _, self.buffer = self.buffer.partition(b"\n")
                found = re.search(matching, first.decode(errors="replace"))
                if found:
                    return found
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"no line that matches '{matching}' from {self.arguments}")
            part = os.read(self.process.stdout.fileno(), 4096)
            if not part:
                raise AssertionError(f"{self.arguments} ended without a line that matches '{matching}'"
                                     f": {self.errors()}")
            self.buffer += part

    def errors(self):
        return self.process.stderr.read().decode(errors="replace") if self.process.stderr else ""

    def end_input(self):
        self.process.stdin.close()

    def send(self, number):
        self.process.send_signal(number)

    def code(self, patience=PATIENCE):
        """Waits for its end; the exit code as a shell says it."""
        code = self.process.wait(patience)
        return 128 - code if code < 0 else code


class Cluster:
    """`holdfast up` in a directory of its own."""

    def __init__(self, test, nodes=1, lease_ms=1500, more=(), program=HOLDFAST):
        self.test = test
        self.dir = tempfile.mkdtemp(prefix="hf-cli-")
        test.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        test.addCleanup(self.end_daemons)
        self.lease = lease_ms / 1000
        self.arguments = [program, "up", "--dir", self.dir, "--nodes", str(nodes), "--lease", str(lease_ms), *more]
        self.start()

    def start(self, *more):
        self.up = Program(self.test, [*self.arguments, *more], stdin=subprocess.DEVNULL, stderr=None)
        self.test.addCleanup(self.stop)
        self.up.line("Ctrl-C")

    def stop(self):
        if self.up.process.poll() is None:
            self.up.send(signal.SIGTERM)
        return self.up.code()

    def state(self):
        return json.loads(Path(self.dir, "up.json").read_text())

    def daemon(self, node):
        return self.state()["nodes"][node - 1]["pid"]

    def kill_daemon(self, node, number=signal.SIGKILL):
        os.kill(self.daemon(node), number)

    def end_daemons(self):
        """For tests that kill the supervisor."""
        subprocess.run([HOLDFAST, "down", "--dir", self.dir], capture_output=True, check=False)

    def socket(self, node=1):
        return f"{self.dir}/n{node}/holdfast.sock"

    def let_everybody_in(self, node=1):
        """Other users find the daemon, too."""
        for path in (self.dir, f"{self.dir}/n{node}"):
            Path(path).chmod(0o755)
        Path(self.socket(node)).chmod(0o666)

    def env(self, node=1, **more):
        return environment(HOLDFAST_SOCKET=self.socket(node), **more)

    def start_verb(self, *arguments, node=1, **options):
        return Program(self.test, [HOLDFAST, *arguments], env=self.env(node), **options)

    def run(self, *arguments, node=1, stdin=""):
        """Runs a verb to its end."""
        return subprocess.run([HOLDFAST, *arguments], env=self.env(node), input=stdin, capture_output=True,
                              text=True, timeout=PATIENCE, check=False)

    def json(self, *arguments, node=1):
        done = self.run(*arguments, "--json", node=node)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stderr}")
        return json.loads(done.stdout)

    def locks(self, name, node=1):
        """The locks on one name, as another node tells them."""
        found = self.json("ls", name, node=node)["resources"]
        return found[0]["locks"] if found else []

    def eventually(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while True:
            result = condition()
            if result:
                return result
            if time.monotonic() > deadline:
                seen = "".join(self.run(*verb, node=node).stdout for node in (1, 2) for verb in (["ls"], ["status"])
                               if os.path.exists(self.socket(node)))
                raise AssertionError(f"it never came to this: {what}; but to this:\n{seen}")

    def stop_all(self, pids):
        """SIGSTOP until all of them stand still at once, although they wake each other."""
        def try_it():
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            return all(state_of(pid) == "T" for pid in pids)
        self.eventually(try_it, "all of them stand still")

    def wait_until_waiting(self, name, node=1):
        self.eventually(lambda: any(lock["standing"] == "waiting" for lock in self.locks(name, node)),
                        f"somebody waits for {name}")

    def watcher_of(self, name):
        """Of `holdfast run`: the process that took the lock."""
        return self.locks(name)[0]["owner"]["pid"]

    def guard_of(self, name):
        """Its child, which drives the command."""
        watcher = self.watcher_of(name)
        return self.eventually(lambda: next(iter(children_of(watcher)), None), "the watcher has a guard")


class TestCase(unittest.TestCase):
    maxDiff = None

    def wait_for_end_of(self, pid, patience=PATIENCE):
        """Waits until a process that is not our child has ended."""
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            ready, _, _ = select.select([pidfd], [], [], patience)
            self.assertTrue(ready, f"process {pid} still runs")
        finally:
            os.close(pidfd)
