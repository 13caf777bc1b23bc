# SPDX-License-Identifier: Apache-2.0
"""`holdfast run` never overlaps, whoever is stopped: wrapper, watcher, guard, daemon, each alone and together.

The command is three processes that write the time (CLOCK_BOOTTIME) into a file every two milliseconds: itself, a child in
its process group, and a grandchild in a session of its own; all of them ignore SIGTERM. When everything is over, their
last beats are compared with the deadline that the daemon stamped last, as the page that it shares with its clients
shows it, and with the first beat of whoever got the lock next. Nothing is measured in seconds: what must hold is an
order of recorded times.
"""

import mmap
import os
import signal
import struct
import sys
import time
import unittest
from pathlib import Path

from harness import Cluster, TestCase, is_running, state_of

MEMBERS = ("command", "child", "stray")

# Beats until it is ended. A beat is one write of one line, so a reader never finds half of one.
HEART = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
where, who = sys.argv[1:]
if who == "command":
    if os.fork() == 0:
        who = "child"
        if os.fork() == 0:
            who = "stray"
            os.setsid()
file = os.open(f"{where}.{who}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while True:
    os.write(file, b"%d %d\\n" % (os.getpid(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)))
    time.sleep(0.002)
"""


def boottime():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class DeadlinePage:
    """What a daemon shares with its clients; readable to the end, also when the daemon is dead."""

    def __init__(self, test, daemon):
        for entry in Path(f"/proc/{daemon}/fd").iterdir():
            if "memfd:holdfast-deadline" in os.readlink(entry):
                with open(entry, "rb") as file:
                    self.page = mmap.mmap(file.fileno(), 32, prot=mmap.PROT_READ)
                test.addCleanup(self.page.close)
                self.incarnation, self.last = self.look()
                return
        raise AssertionError("the daemon shares no page")

    def look(self):
        magic, _, _, incarnation, deadline = struct.unpack("=QIIQq", self.page[:32])
        assert magic == 0x686F6C6466617374
        return incarnation, deadline

    def deadline(self):
        """What was last stamped for the life of the node that the test began with: the lock is of that one. A node
        whose deadline passed goes on in another life, so look now and then."""
        incarnation, deadline = self.look()
        if incarnation == self.incarnation and deadline != 0:
            self.last = deadline
        return self.last


class Beats:
    """The files of one command."""

    def __init__(self, directory, name):
        self.path = f"{directory}/{name}"
        self.script = [sys.executable, "-c", HEART, self.path, "command"]

    def of(self, who):
        try:
            lines = Path(f"{self.path}.{who}").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [tuple(map(int, line.split())) for line in lines]

    def pid(self, who):
        return self.of(who)[0][0]

    def first(self):
        return min(self.of(who)[0][1] for who in MEMBERS if self.of(who))

    def last(self, who):
        return self.of(who)[-1][1]

    def all_beat(self, since=0):
        return all(self.of(who) and self.last(who) > since for who in MEMBERS)


class Run:
    """A `holdfast run` of such a command, with all its processes."""

    def __init__(self, test, cluster, name):
        self.cluster = cluster
        self.name = name
        self.beats = Beats(cluster.dir, name)
        self.program = cluster.start_verb("run", name, "--", *self.beats.script)
        cluster.eventually(self.beats.all_beat, "all of the command run")
        self.members = [self.beats.pid(who) for who in MEMBERS]
        test.addCleanup(self.end)
        self.pids = {"wrapper": self.program.pid, "watcher": cluster.watcher_of(name), "guard": cluster.guard_of(name),
                     "daemon": cluster.daemon(1)}
        # A process that left the group of the command is tied to the guard by the watcher's next round.
        cluster.eventually(lambda: self.ties() >= 3, "the watcher has tied the stray")

    def end(self):
        for pid in [*self.pids.values(), *self.members]:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)

    def ties(self):
        """The watcher has the reading end of one pipe: once, and once more for each group that it tied."""
        pipes = []
        for fd in Path(f"/proc/{self.pids['watcher']}/fd").iterdir():
            try:
                pipes.append(os.readlink(fd))
            except FileNotFoundError:  # it was closed meanwhile
                pass
        return max((pipes.count(pipe) for pipe in pipes if pipe.startswith("pipe:")), default=0)

    def alive(self):
        return [pid for pid in self.members if is_running(pid)]

    def stop(self, whom):
        pids = [self.pids[one] for one in whom]
        if {"wrapper", "watcher", "guard"} <= set(whom):
            self.cluster.stop_all(pids)
        else:  # whoever is awake wakes the others: they would not all stand still, however often they are stopped
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)


class NeverOverlaps(TestCase):
    def cluster_of_three(self, **more):
        return Cluster(self, nodes=3, **more)

    def check_the_end(self, stopped, killed=()):
        """What is done to the node while somebody on another one waits for the lock."""
        cluster = self.cluster_of_three()
        page = DeadlinePage(self, cluster.daemon(1))
        run = Run(self, cluster, "guarded")
        after = Beats(cluster.dir, "after")
        cluster.start_verb("run", "guarded", "--", *after.script, node=2)
        cluster.wait_until_waiting("guarded", node=2)
        run.stop(stopped)
        for one in killed:
            os.kill(run.pids[one], signal.SIGKILL)
        if "daemon" in stopped:
            for pid in run.members:
                self.wait_for_end_of(pid)
            page.deadline()
            # Nobody here notices a daemon that hangs: `holdfast up` looks at processes. So it dies of it.
            os.kill(run.pids["daemon"], signal.SIGKILL)
        cluster.eventually(after.all_beat, "the next one has the lock")
        deadline = page.deadline()
        self.assertEqual(run.alive(), [])
        for who in MEMBERS:
            self.assertLess(run.beats.last(who), deadline, f"{who} ran past the deadline")
            self.assertLess(run.beats.last(who), after.first(), f"{who} ran beside the next one")
        self.assertGreater(after.first(), deadline, "nobody may have it before")
        for pid in run.pids.values():
            if state_of(pid) == "T":
                os.kill(pid, signal.SIGCONT)
        self.assertEqual(run.program.code(), 76, run.program.errors())
        margin = (deadline - max(run.beats.last(who) for who in MEMBERS)) / 1e6
        print(f"report: stopped {'+'.join(stopped)}{' killed ' if killed else ''}{'+'.join(killed)}: "
              f"the last beat was {margin:.0f} ms before the deadline", flush=True)

    def test_the_daemon_is_stopped(self):
        self.check_the_end(["daemon"])

    def test_the_daemon_and_one_of_us_are_stopped(self):
        for one in ("wrapper", "watcher", "guard"):
            with self.subTest(one):
                self.check_the_end([one, "daemon"])

    def test_the_daemon_and_two_of_us_are_stopped(self):
        for two in (("wrapper", "watcher"), ("wrapper", "guard"), ("watcher", "guard")):
            with self.subTest(two):
                self.check_the_end([*two, "daemon"])

    def test_everything_but_the_command_is_stopped(self):
        self.check_the_end(["wrapper", "watcher", "guard", "daemon"])

    def test_the_guard_is_stopped_and_the_daemon_killed(self):
        self.check_the_end(["guard"], killed=["daemon"])

    def test_everything_of_ours_is_stopped_and_the_daemon_killed(self):
        self.check_the_end(["wrapper", "watcher", "guard"], killed=["daemon"])

    def stop_the_others(self, cluster):
        """The node of the command is cut off: nobody answers its heartbeats, and nobody gives it another view."""
        others = [cluster.up.pid, cluster.daemon(2), cluster.daemon(3)]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(lambda pid=pid: state_of(pid) == "T" and os.kill(pid, signal.SIGCONT))
        return others

    def test_a_node_that_is_cut_off_ends_the_command_before_its_own_deadline(self):
        cluster = self.cluster_of_three()
        page = DeadlinePage(self, cluster.daemon(1))
        run = Run(self, cluster, "guarded")
        self.stop_the_others(cluster)
        cluster.eventually(lambda: page.deadline() and not run.alive(), "the command has ended")
        self.assertEqual(run.program.code(), 76, run.program.errors())
        for who in MEMBERS:
            self.assertLess(run.beats.last(who), page.deadline(), f"{who} ran past the deadline")
        self.assertEqual(run.alive(), [])

    def test_a_node_that_is_cut_off_for_a_moment_only_freezes_the_command(self):
        cluster = self.cluster_of_three(lease_ms=6000)
        run = Run(self, cluster, "guarded")
        others = self.stop_the_others(cluster)
        for pid in run.members:
            cluster.eventually(lambda pid=pid: state_of(pid) == "T", "the command stands still")
        for pid in others:
            os.kill(pid, signal.SIGCONT)
        cluster.eventually(lambda now=boottime(): run.beats.all_beat(since=now), "the command goes on")

    def test_stopping_some_of_us_does_not_stop_the_command_while_the_lease_is_renewed(self):
        cluster = self.cluster_of_three(lease_ms=3000)
        sets = [("wrapper",), ("watcher",), ("guard",), ("wrapper", "watcher"), ("wrapper", "guard"), ("watcher", "guard")]
        runs = [(Run(self, cluster, f"run{k}"), some) for k, some in enumerate(sets)]
        for run, some in runs:
            for one in some:
                os.kill(run.pids[one], signal.SIGSTOP)
        later = boottime() + int(1.5 * cluster.lease * 1e9)
        for run, some in runs:
            cluster.eventually(lambda run=run: run.beats.all_beat(since=later), f"the command runs on beside {some}")
            for one in set(some) - {"wrapper"}:
                cluster.eventually(lambda pid=run.pids[one]: state_of(pid) != "T", f"{one} was woken")

    def test_all_of_us_stopped_ends_the_command_but_keeps_the_lock_until_somebody_is_awake(self):
        cluster = self.cluster_of_three()
        run = Run(self, cluster, "guarded")
        run.stop(["wrapper", "watcher", "guard"])
        for pid in run.members:
            self.wait_for_end_of(pid)
        self.assertEqual(cluster.run("lock", "--no-wait", "guarded", node=2).returncode, 75)
        for one in ("wrapper", "watcher"):
            os.kill(run.pids[one], signal.SIGCONT)
        self.assertEqual(run.program.code(), 76)
        self.assertEqual(cluster.run("lock", "guarded", node=2).returncode, 0)


if __name__ == "__main__":
    unittest.main()
