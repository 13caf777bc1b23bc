# SPDX-License-Identifier: Apache-2.0
"""A membership service for clusters with membership = manual: it sees what the cables and the processes are like,
a while late, and tells the side with the majority. What it may get wrong (late, somebody missed a view) the nodes'
own leases have to make safe; what it must not get wrong is that a life which was left out never comes back."""

import json
import os
import shutil
import signal
import subprocess
import time

import cluster_net
from cluster_net import HOLDFAST, PEER_PORT, Net


class Question:
    """A run of `holdfast` that nobody waits for: a stopped daemon must not stop us."""

    def __init__(self, node, words, patience):
        self.process = subprocess.Popen([HOLDFAST, "--socket", node.socket, *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        preexec_fn=cluster_net._end_with_parent)
        self.until = time.monotonic() + patience

    def over(self):
        if self.process.poll() is None and time.monotonic() > self.until:
            self.process.kill()
            self.process.wait()
        return self.process.poll() is not None

    def answer(self):
        with self.process.stdout as out:
            return out.read() if self.process.returncode == 0 else None

    def drop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Seen:
    """What the service knows of one node."""

    def __init__(self):
        self.incarnation = 0  # as it told last; 0: it has not
        self.answered = 0.0   # when
        self.epoch = 0        # of the view that it took last
        self.question = None
        self.telling = None   # a view on its way
        self.asked = 0.0


class ManualNet(Net):
    DETECTION = 0.6  # seconds of silence
    ASK_AGAIN = 0.25

    def __init__(self, nodes=5, lease_ms=1000, lying=False):
        self.lying = lying  # says of everybody who is left out that he is surely dead
        self.lies = set()   # (node that is told, node that is said to be dead), not told yet
        self.view_epoch = 0
        self.view = {}     # node -> incarnation, as published last
        self.left_out = set()  # lives that are over
        self.groups = None
        super().__init__(nodes=nodes, lease_ms=lease_ms)
        self.seen = {number: Seen() for number in self.nodes}

    @staticmethod
    def missing():
        if os.geteuid() != 0:
            return "needs root: it makes network namespaces"
        for program in ("ip", "nsenter", "unshare"):
            if shutil.which(program) is None:
                return f"needs the program {program}"
        made = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True, check=False)
        return f"no namespaces here: {made.stderr.strip()}" if made.returncode else None

    def _configure(self, votes):
        super()._configure(votes)
        for node in self:
            config = node.dir / "holdfastd.toml"
            config.write_text(config.read_text().replace('provider = "corosync"', 'provider = "manual"'))

    def split(self, *groups):
        super().split(*groups)
        self.groups = [set(group) for group in groups]

    def start(self):
        for node in self:
            node.start_daemon()
        self.eventually(lambda: self.tend() or set(self.view) == set(self.nodes)
                        and all(seen.epoch == self.view_epoch for seen in self.seen.values()), "all are members")
        self.eventually(lambda: all((node.status() or {}).get("phase") == "open" for node in self), "all are open")

    def end_all(self, number=signal.SIGKILL):
        for seen in self.seen.values():
            for question in (seen.question, seen.telling):
                if question:
                    question.drop()
            seen.question = seen.telling = None
        super().end_all(number)

    def close(self):
        if hasattr(self, "seen"):
            self.end_all()
        super().close()

    # ---- the service ------------------------------------------------------------------------------------

    def tend(self):
        """To be called often; never waits."""
        for number, node in self.nodes.items():
            self._listen(node, self.seen[number])
        side = self._majority()
        if side is not None:
            self._publish(side)
            self._tell_the_left_out(side)

    def _listen(self, node, seen):
        if seen.question and seen.question.over():
            answer = seen.question.answer()
            seen.question = None
            if answer:
                status = json.loads(answer)
                seen.incarnation = status["incarnation"]
                seen.epoch = status["view"]["epoch"]
                seen.answered = time.monotonic()
        if seen.question is None and time.monotonic() > seen.asked + self.ASK_AGAIN:
            seen.asked = time.monotonic()
            seen.question = Question(node, ["status", "--json"], self.DETECTION)

    def _majority(self):
        """The nodes of the group that the service itself is with: the largest of them."""
        side = max(self.groups, key=len)
        alive = {number for number in side if time.monotonic() - self.seen[number].answered < self.DETECTION
                 and self.seen[number].incarnation and (number, self.seen[number].incarnation) not in self.left_out}
        return alive if 2 * len(alive) > len(self.nodes) else None

    def _publish(self, side):
        wanted = {number: self.seen[number].incarnation for number in side}
        if wanted != self.view:
            # Cut cables and silence are noticed late, a new life at once.
            gone = {number for number in self.view if number not in wanted}
            if gone and time.monotonic() < getattr(self, "noticed", 0.0) + self.DETECTION:
                return
            self.left_out |= {(number, life) for number, life in self.view.items() if wanted.get(number) != life}
            self.view_epoch += 1
            self.view = wanted
            if self.lying:
                self.lies |= {(number, one) for number in side for one in gone}
        self.noticed = time.monotonic()
        for number in side:
            seen = self.seen[number]
            if seen.telling and seen.telling.over():
                seen.telling.answer()
                seen.telling = None
            if seen.telling is None and seen.epoch < self.view_epoch:
                seen.telling = Question(self.nodes[number], self._view_words(), 2.0)
            for lie in sorted(self.lies):
                if lie[0] == number and seen.telling is None and seen.epoch == self.view_epoch:
                    self.lies.remove(lie)
                    seen.telling = Question(self.nodes[number], ["node", "fence-ack", str(lie[1])], 2.0)

    def _tell_the_left_out(self, side):
        """A life that is over may not have noticed: one that never had enough others has no lease to run out."""
        for number in max(self.groups, key=len) - side:
            seen = self.seen[number]
            if seen.telling and seen.telling.over():
                seen.telling.answer()
                seen.telling = None
            if (number, seen.incarnation) in self.left_out and seen.telling is None and seen.epoch < self.view_epoch:
                seen.telling = Question(self.nodes[number], self._view_words(), 2.0)

    def _view_words(self):
        words = ["view", "set", "--epoch", str(self.view_epoch), "--votes", str(len(self.nodes))]
        for number, incarnation in sorted(self.view.items()):
            words += ["--member", f"{number}={self.nodes[number].address}:{PEER_PORT}@{incarnation}"]
        return words
