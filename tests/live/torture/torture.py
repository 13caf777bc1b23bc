#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real daemons in network namespaces, many programs, and everything goes wrong: kill -9 and SIGSTOP of daemons and of
programs, cut cables. Then all is healed, every program has to come to its end, and `holdfast check` looks at what they saw.

usage: torture.py [--seconds N] [--seed N] [--clients N] [--lease MS] [--membership manual|corosync] [--keep]
                  [--lying-fence]

The seed decides which faults come, in which order; when exactly what happens is up to the machine. A red run keeps its
directory and says how to look at it again. Exit code: 0 green, 1 red, 77 namespaces cannot be made here.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import cluster_net  # noqa: E402
from membership import ManualNet  # noqa: E402

TESTS = Path(os.environ.get("HOLDFAST_TESTS", "build/release/tests")).resolve()
NAMES = 6
HEAL_MAX = 60.0    # until all nodes are open in one view
LIED_MAX = 3.0     # a cluster that was lied to need not recover
FINISH_MAX = 90.0  # until every program has come to its end


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class History:
    """What the harness itself knows: faults, and who was killed."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1, encoding="utf-8")
        self.file.write('{"history":1}\n')
        self.counts = {}

    def line(self, **fields):
        self.file.write(json.dumps(fields) + "\n")

    def fault(self, what, why):
        self.counts[why] = self.counts.get(why, 0) + 1
        self.line(t=now(), event="fault", what=what, why=why)


class Client:
    """One place for a program; who is killed there is replaced by the next life."""

    def __init__(self, place, run):
        self.place = place
        self.run = run
        self.life = 0
        self.process = None
        self.stopped = False
        self.start()

    def start(self):
        self.life += 1
        self.name = f"c{self.place}.{self.life}"
        self.history = self.run.dir / "history" / f"{self.name}.jsonl"
        node = self.run.net[1 + self.place % len(self.run.net.nodes)]
        with open(self.run.dir / "clients.log", "ab") as out:
            self.process = subprocess.Popen(
                [str(TESTS / "torture_client"), "--socket", node.socket, "--name", self.name, "--history",
                 str(self.history), "--storage", str(self.run.dir / "storage"), "--seed",
                 str(self.run.options.seed * 100_000 + self.place * 1000 + self.life), "--names", str(NAMES)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=cluster_net._end_with_parent)

    def kill(self):
        before = now()
        self.process.kill()
        self.process.wait()
        self.stopped = False
        self.say_end(before)

    def say_end(self, before):
        """Its end, not before its last line and not after its death."""
        last = self.last_line()
        # One that was killed at once has written the head of its file and nothing else.
        if last and "client" in last and last["event"] != "end":
            self.run.history.line(t=max(before, last["t"]), event="end", client=last["client"], why="killed")

    def last_line(self):
        if not self.history.exists():
            return None
        whole, _, _ = self.history.read_text().rpartition("\n")
        return json.loads(whole.rpartition("\n")[2])

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)
        self.stopped = True

    def go_on(self):
        if self.stopped:
            self.process.send_signal(signal.SIGCONT)
        self.stopped = False


class Run:
    def __init__(self, options):
        self.options = options
        self.chance = random.Random(options.seed)
        self.dir = Path(tempfile.mkdtemp(prefix="hf-torture-"))
        for part in ("history", "storage"):
            (self.dir / part).mkdir()
        self.history = History(self.dir / "history" / "harness.jsonl")
        if options.membership == "manual":
            self.net = ManualNet(nodes=options.nodes, lease_ms=options.lease, lying=options.lying_fence)
        else:
            self.net = cluster_net.Net(nodes=options.nodes, lease_ms=options.lease)
        self.plans = []  # (when, what to do then)
        self.hurt = set()  # nodes that are down or stopped
        self.split = False
        self.clients = []
        self.problems = []

    # ---- the service: membership, dead programs ----
    def tend(self):
        """What goes on all the time."""
        if self.options.membership == "manual":
            self.net.tend()
        for client in self.clients:
            if client.process.poll() is not None:
                self.problems.append(f"program {client.name} ended by itself with {client.process.returncode}")
                client.say_end(0)
                client.start()
        while self.plans and min(self.plans, key=lambda plan: plan[0])[0] <= time.monotonic():
            plan = min(self.plans, key=lambda plan: plan[0])
            self.plans.remove(plan)
            plan[1]()

    def tend_until(self, condition, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.tend()
            if condition():
                return True
            time.sleep(0.02)  # between two looks
        return False

    def plan(self, after, action):
        self.plans.append((time.monotonic() + after, action))

    # ---- faults ----
    def fault(self):
        kinds = [(self.kill_daemon, 3), (self.stop_daemon, 4), (self.kill_client, 5), (self.stop_client, 5),
                 (self.cut, 3)]
        self.chance.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]()

    def pause(self):
        """Mostly within a lease, sometimes longer than some."""
        lease = self.options.lease / 1000
        return self.chance.uniform(0.02, 0.6) * lease if self.chance.random() < 0.6 else self.chance.uniform(1, 3.5) * lease

    def some_node(self):
        # Two at a time at most, so that the rest has work to do.
        whole = [node for node in self.net if node.number not in self.hurt]
        return self.chance.choice(whole) if len(self.hurt) < 2 and whole else None

    def kill_daemon(self):
        node = self.some_node()
        if node is None:
            return
        self.hurt.add(node.number)
        self.history.fault(f"node {node.number}", "kill")
        node.end("holdfastd")
        self.plan(self.chance.uniform(0.1, 3.0), lambda: self.restart(node))

    def restart(self, node):
        self.history.fault(f"node {node.number}", "restart")
        node.start_daemon()
        self.hurt.discard(node.number)

    def stop_daemon(self):
        node = self.some_node()
        if node is None:
            return
        self.hurt.add(node.number)
        self.history.fault(f"node {node.number}", "stop")
        node.send("holdfastd", signal.SIGSTOP)
        self.plan(self.pause(), lambda: self.go_on(node))

    def go_on(self, node):
        node.send("holdfastd", signal.SIGCONT)
        self.hurt.discard(node.number)

    def kill_client(self):
        client = self.chance.choice(self.clients)
        self.history.fault(client.name, "kill")
        client.kill()
        client.start()

    def stop_client(self):
        client = self.chance.choice(self.clients)
        if client.stopped:
            return
        self.history.fault(client.name, "stop")
        client.stop()
        self.plan(self.pause(), client.go_on)

    def cut(self):
        if self.split:
            return
        numbers = list(self.net.nodes)
        self.chance.shuffle(numbers)
        at = self.chance.randint(1, len(numbers) // 2)
        groups = [numbers[:at], numbers[at:]]
        self.history.fault(str(groups), "cut")
        self.split = True
        self.net.split(*groups)
        self.plan(self.pause() + self.pause(), self.mend)

    def mend(self):
        self.net.heal()
        self.split = False

    # ---- the run ----
    def go(self):
        self.net.start()
        self.clients = [Client(place, self) for place in range(self.options.clients)]
        end = time.monotonic() + self.options.seconds
        while time.monotonic() < end:
            wait = min(self.chance.expovariate(1 / 0.5), end - time.monotonic())
            self.tend_until(lambda: False, max(0.0, wait))
            self.fault()
        self.heal()
        self.finish()

    def heal(self):
        self.chance = random.Random(0)  # nothing new is decided by the seed from here on
        for _, action in sorted(self.plans, key=lambda plan: plan[0]):
            action()
        self.plans.clear()
        if self.split:
            self.mend()
        heal_max = LIED_MAX if self.options.lying_fence else HEAL_MAX
        if not self.tend_until(self.all_open, heal_max):
            self.problems.append(f"the cluster was not whole {heal_max:.0f} s after all was healed")
        self.history.line(t=now(), event="healed")

    def all_open(self):
        """All nodes are open in one view. Asked once in a while only: every question is a program."""
        if time.monotonic() < getattr(self, "asked", 0) + 0.5:
            return False
        self.asked = time.monotonic()
        states = [node.status() for node in self.net]
        members = {tuple(member["node"] for member in state["view"]["members"]) for state in states if state}
        return (all(state and state["phase"] == "open" for state in states)
                and members == {tuple(sorted(self.net.nodes))} and len({state["view"]["epoch"] for state in states}) == 1)

    def finish(self):
        for client in self.clients:
            client.process.send_signal(signal.SIGTERM)
        tending = list(self.clients)

        def all_ended():
            for client in [client for client in tending if client.process.poll() is not None]:
                tending.remove(client)
                if client.process.returncode != 0:
                    self.problems.append(f"program {client.name} ended with {client.process.returncode}")
            return not tending

        self.clients = []  # nobody is replaced any more
        finish_max = LIED_MAX if self.options.lying_fence else FINISH_MAX
        if not self.tend_until(all_ended, finish_max):
            names = ", ".join(client.name for client in tending)
            self.problems.append(f"did not come to their end in {finish_max:.0f} s: {names}")
        for client in tending:
            client.kill()

    def check(self):
        files = sorted((self.dir / "history").glob("*.jsonl")) + sorted((self.dir / "storage").glob("*.jsonl"))
        words = [cluster_net.HOLDFAST, "check", *map(str, files)]
        text = subprocess.run(words, capture_output=True, text=True, check=False)
        (self.dir / "report.txt").write_text(text.stdout + text.stderr)
        report = subprocess.run([*words[:2], "--json", *words[2:]], capture_output=True, text=True, check=False)
        return text, json.loads(report.stdout) if report.returncode < 2 else None

    def close(self, keep):
        for client in self.clients:
            client.process.kill()
            client.process.wait()
        if keep:
            for node in self.net:
                for log in Path(node.dir).glob("*.log"):
                    shutil.copy(log, self.dir / f"n{node.number}-{log.name}")
        self.net.close()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)


def summary(run, report, green):
    faults = ", ".join(f"{count} {why}" for why, count in sorted(run.history.counts.items()))
    facts = ("nothing could be checked" if report is None else
             f"{report['calls']} calls, {report['grants']} grants, {report['writes_accepted']} writes accepted, "
             f"{report['writes_refused']} refused")
    print(f"report: torture seed {run.options.seed}, {run.options.seconds} s, {run.options.nodes} nodes, "
          f"{run.options.clients} programs: {facts}; faults: {faults}; {'green' if green else 'RED'}")


def parse():
    parser = argparse.ArgumentParser(description="torture a cluster of real daemons and check what programs saw")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--lease", type=int, default=1000, help="milliseconds")
    parser.add_argument("--membership", choices=("manual", "corosync"), default="manual")
    parser.add_argument("--lying-fence", action="store_true",
                        help="a control: say at once of every node that is left out that it is surely dead; must be red")
    parser.add_argument("--keep", action="store_true", help="keep the directory of a green run, too")
    return parser.parse_args()


def main():
    options = parse()
    why_not = ManualNet.missing() if options.membership == "manual" else cluster_net.missing()
    if why_not:
        print(f"skipped: {why_not}")
        return 77
    run = Run(options)
    green = False
    report = None
    try:
        run.go()
        run.net.end_all()
        text, report = run.check()
        green = text.returncode == 0 and not run.problems
        if not green:
            print(text.stdout[-6000:] + text.stderr)
    finally:
        run.close(keep=not green or options.keep)
        for problem in run.problems:
            print(f"problem: {problem}")
        if not green or options.keep:
            print(f"all of it is in {run.dir}; to check it again:\n"
                  f"  {cluster_net.HOLDFAST} check {run.dir}/history/*.jsonl {run.dir}/storage/*.jsonl\n"
                  f"another run of this seed: ./dev torture --seed {options.seed} --seconds {options.seconds:g} "
                  f"--membership {options.membership}")
    summary(run, report, green)
    return 0 if green else 1


if __name__ == "__main__":
    sys.exit(main())
