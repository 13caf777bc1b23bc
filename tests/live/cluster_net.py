# SPDX-License-Identifier: Apache-2.0
"""A cluster of real machines, as far as one machine can be several: for tests that cut cables.

Each node is a network namespace and a mount namespace of its own, with its own /run, /dev/shm and
/var/lib, so that each can have a corosync and a holdfastd. They are plugged into bridges of one more
namespace, the switch; `split` and `heal` move the plugs. Needs root, `ip` and `corosync`.

Nothing is left behind: every process is a child of ours that the kernel ends with us, namespaces go with
their last process, the directory goes with `close`. Nothing sleeps: one waits for a condition, with a deadline.

    net = Net(nodes=3)                      # n1 = 10.77.0.1, n2 = 10.77.0.2, ...
    try:
        net.start()                         # corosync and holdfastd everywhere, until all serve in one view
        net.split([1, 2], [3])
        net.heal()
    finally:
        net.close()
"""

import ctypes
import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

BIN = Path(os.environ.get("HOLDFAST_BIN", "build/release/bin")).resolve()
HOLDFAST = str(BIN / "holdfast")
HOLDFASTD = str(BIN / "holdfastd")
PATIENCE = 30.0  # seconds for anything that must happen
PEER_PORT = 7001
_libc = ctypes.CDLL(None, use_errno=True)


def now():
    """The clock of deadlines, in seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def missing():
    """Why such a cluster cannot be made here; None if it can."""
    if os.geteuid() != 0:
        return "needs root: it makes network namespaces"
    for program in ("corosync", "ip", "nsenter", "unshare"):
        if shutil.which(program) is None:
            return f"needs the program {program}"
    made = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True, check=False)
    return f"no namespaces here: {made.stderr.strip()}" if made.returncode else None


def _end_with_parent():
    PR_SET_PDEATHSIG = 1
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(*words, timeout=PATIENCE):
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.stderr}{done.stdout}")
    return done.stdout


class Namespace:
    """One network and mount namespace. A process that does nothing holds it."""

    def __init__(self, name):
        # unshare becomes cat, which ends when its input is closed: with us at the latest.
        self.holder = subprocess.Popen(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c",
                                        f"mount -t tmpfs none /run && echo {name} && exec cat"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=_end_with_parent)
        assert self.holder.stdout.readline().strip() == name.encode()
        self.enter = ["nsenter", "--target", str(self.holder.pid), "--net", "--mount", "--"]

    def run(self, *words):
        return run(*self.enter, *words)

    def start(self, words, log, env=None):
        """A process in here: nsenter becomes it, so the pid is its own."""
        with open(log, "ab") as out:
            return subprocess.Popen([*self.enter, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                                    preexec_fn=_end_with_parent)

    def close(self):
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait(PATIENCE)


class Node:
    """One machine of the cluster: its namespace and its processes."""

    def __init__(self, net, number):
        self.net = net
        self.number = number
        self.address = f"10.77.0.{number}"
        self.dir = Path(net.dir, f"n{number}")
        self.space = Namespace(f"n{number}")
        self.processes = {}  # "corosync" and "holdfastd"
        for part in ("etc", "var", "state"):
            (self.dir / part).mkdir(parents=True)
        self.socket = str(self.dir / "holdfast.sock")
        etc = Path("/etc/corosync")
        etc.mkdir(exist_ok=True)
        for made in ("/var/lib/corosync", "/var/log/corosync"):
            Path(made).mkdir(parents=True, exist_ok=True)
        for what, where in ((self.dir / "etc", etc), (self.dir / "var", "/var/lib/corosync")):
            self.space.run("mount", "--bind", str(what), str(where))
        self.space.run("mount", "-t", "tmpfs", "none", "/dev/shm")
        self.space.run("mount", "-t", "tmpfs", "none", "/var/log/corosync")

    def log(self, program):
        return self.dir / f"{program}.log"

    def put_etc(self, directory):
        """Configures this node by what is laid out as /etc in a directory, with paths of the test's own."""
        for name in ("corosync.conf", "authkey"):
            shutil.copy(directory / "corosync" / name, self.dir / "etc" / name)
        shutil.copy(directory / "holdfast" / "key", self.dir / "key")
        text = (directory / "holdfast" / "holdfastd.toml").read_text().replace("/etc/holdfast/key", f"{self.dir}/key")
        text = text.replace("[cluster]", f'state_dir = "{self.dir}/state"\n[client]\nsocket = "{self.socket}"\n[cluster]')
        (self.dir / "holdfastd.toml").write_text(text)

    def start_corosync(self):
        self.processes["corosync"] = self.space.start(["corosync", "-f"], self.log("corosync"))

    def start_daemon(self, *more):
        words = [HOLDFASTD, "--config", str(self.dir / "holdfastd.toml"), *more]
        env = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
        self.processes["holdfastd"] = self.space.start(words, self.log("holdfastd"), env)

    def pid(self, program):
        return self.processes[program].pid

    def send(self, program, number):
        self.processes[program].send_signal(number)

    def end(self, program, number=signal.SIGKILL):
        """Ends a process and waits for its end. A stopped one too."""
        process = self.processes.pop(program, None)
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{program} of n{self.number} did not end by signal {number}") from None

    def verb(self, *words, stdin="", timeout=PATIENCE):
        """Runs `holdfast` against this node's daemon to its end."""
        return subprocess.run([HOLDFAST, "--socket", self.socket, *words], input=stdin, capture_output=True, text=True,
                              timeout=timeout, check=False)

    def start_verb(self, *words):
        """A `holdfast` that goes on; whoever starts it ends it."""
        return subprocess.Popen([HOLDFAST, "--socket", self.socket, *words], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_end_with_parent)

    def json(self, *words):
        """What a verb tells as JSON, complete or not; None if the daemon does not answer."""
        try:
            done = self.verb(*words, "--json", timeout=5)
        except subprocess.TimeoutExpired:
            return None
        return json.loads(done.stdout) if done.stdout else None

    def waits_for(self, name):
        """Somebody waits for this name, as this node sees it."""
        found = self.json("ls", name) or {"resources": []}
        return any(lock["standing"] == "waiting" for resource in found["resources"] for lock in resource["locks"])

    def deadline_page(self):
        """(life, until when its locks are valid), as its programs see it: CLOCK_BOOTTIME in seconds, 0 if they are
        not. The page is read where the daemon has it (src/wire/deadline_page.hpp)."""
        if not hasattr(self, "page") or self.page[0] != self.pid("holdfastd"):
            descriptors = f"/proc/{self.pid('holdfastd')}/fd"
            found = [name for name in os.listdir(descriptors)
                     if "memfd:holdfast-deadline" in os.readlink(f"{descriptors}/{name}")]
            self.page = (self.pid("holdfastd"), f"{descriptors}/{found[0]}")
        with open(self.page[1], "rb") as page:
            _, _, _, life, deadline = struct.unpack("<QIIQq", page.read(32))
        return life, deadline / 1e9

    def status(self):
        return self.json("status")

    def view(self):
        return self.json("view")

    def members(self):
        view = self.view()
        return [member["node"] for member in view["members"]] if view else []

    def epoch(self):
        view = self.view()
        return view["epoch"] if view else 0


class Net:
    def __init__(self, nodes=3, lease_ms=1000, token_ms=400, votes=None):
        self.lease_ms = lease_ms
        self.token_ms = token_ms
        self.dir = tempfile.mkdtemp(prefix="hf-net-")
        self.switch = None
        self.nodes = {}
        try:
            self.switch = Namespace("switch")
            for number in range(1, nodes + 1):
                self.nodes[number] = Node(self, number)
            self._plug_in()
            self._configure(votes or {})
        except BaseException:
            self.close()
            raise

    def __getitem__(self, number):
        return self.nodes[number]

    def __iter__(self):
        return iter(self.nodes.values())

    # ---- cables -----------------------------------------------------------------------------------------

    def _plug_in(self):
        for number, node in self.nodes.items():
            self.switch.run("ip", "link", "add", f"group{number}", "type", "bridge", "forward_delay", "0",
                            "mcast_snooping", "0")
            self.switch.run("ip", "link", "set", f"group{number}", "up")
            self.switch.run("ip", "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns",
                            str(node.space.holder.pid))
            self.switch.run("ip", "link", "set", f"port{number}", "up")
            node.space.run("ip", "link", "set", "lo", "up")
            node.space.run("ip", "address", "add", f"{node.address}/24", "dev", "eth0")
            node.space.run("ip", "link", "set", "eth0", "up")
        self.heal()

    def split(self, *groups):
        """Who is in one list reaches each other and nobody else; who is in none is alone."""
        named = [number for group in groups for number in group]
        groups = [*groups, *([number] for number in self.nodes if number not in named)]
        # Unplugged first: nobody is in two groups, not even for a moment.
        for number in self.nodes:
            self.switch.run("ip", "link", "set", f"port{number}", "nomaster")
        for bridge, group in enumerate(groups, start=1):
            for number in group:
                self.switch.run("ip", "link", "set", f"port{number}", "master", f"group{bridge}")

    def cut(self, number):
        """One node against all others."""
        self.split([other for other in self.nodes if other != number], [number])

    def heal(self):
        self.split(list(self.nodes))

    # ---- configuration ----------------------------------------------------------------------------------

    def _configure(self, votes):
        key = os.urandom(256)
        (Path(self.dir) / "key").write_text(os.urandom(32).hex() + "\n")
        (Path(self.dir) / "key").chmod(0o600)
        text = self._corosync_conf(votes)
        for number, node in self.nodes.items():
            (node.dir / "etc" / "corosync.conf").write_text(text)
            (node.dir / "etc" / "authkey").write_bytes(key)
            (node.dir / "etc" / "authkey").chmod(0o400)
            (node.dir / "holdfastd.toml").write_text(f"""\
[node]
id = {number}
state_dir = "{node.dir}/state"
[cluster]
name = "test"
key_file = "{self.dir}/key"
[peer]
listen = "{node.address}:{PEER_PORT}"
[client]
socket = "{node.socket}"
[lease]
lease_ms = {self.lease_ms}
[membership]
provider = "corosync"
""")

    def _corosync_conf(self, votes):
        rows = "".join(f"  node {{\n    nodeid: {number}\n    name: n{number}\n    ring0_addr: {node.address}\n"
                       f"    quorum_votes: {votes.get(number, 1)}\n  }}\n" for number, node in self.nodes.items())
        return f"""\
totem {{
  version: 2
  cluster_name: test
  transport: knet
  crypto_cipher: aes256
  crypto_hash: sha256
  token: {self.token_ms}
  token_coefficient: 0
}}
nodelist {{
{rows}}}
quorum {{
  provider: corosync_votequorum
}}
system {{
  sched_rr: no
}}
logging {{
  to_stderr: yes
  to_syslog: no
}}
"""

    # ---- life -------------------------------------------------------------------------------------------

    def start(self):
        for node in self:
            node.start_corosync()
        for node in self:
            node.start_daemon()
        self.wait_for_view(self.nodes)

    def end_all(self, number=signal.SIGKILL):
        """Ends every corosync and every daemon."""
        for program in ("holdfastd", "corosync"):
            for node in self:
                node.end(program, number)

    def wait_for_view(self, members, at=None):
        """Until the nodes `at` (default: the members) have the same view of exactly these members, and are open.
        The epoch of that view."""
        members = sorted(members)
        at = members if at is None else at

        def agreed():
            states = [self.nodes[number].status() for number in at]
            if not all(state and state["phase"] == "open" for state in states):
                return False
            views = [self.nodes[number].view() for number in at]
            if not all(views) or any([member["node"] for member in view["members"]] != members for view in views):
                return False
            return all(view == views[0] for view in views) and views[0]["epoch"]

        return self.eventually(agreed, f"nodes {list(at)} have the view {members}")

    def eventually(self, condition, what, patience=PATIENCE):
        """Asks again and again until the condition holds; what it returned."""
        deadline = time.monotonic() + patience
        while True:
            result = condition()
            if result:
                return result
            if time.monotonic() > deadline:
                raise AssertionError(f"it never came to this: {what}\n{self.story()}")
            time.sleep(0.02)  # between two questions, not instead of one

    def story(self, lines=25):
        """What the programs said last."""
        parts = []
        for node in self:
            for program in ("corosync", "holdfastd"):
                if node.log(program).exists():
                    text = node.log(program).read_text(errors="replace").splitlines()[-lines:]
                    parts.append(f"---- n{node.number} {program}\n" + "\n".join(text))
        return "\n".join(parts)

    def close(self):
        for node in self:
            for program in list(node.processes):
                node.end(program)
            node.space.close()
        if self.switch:
            self.switch.close()
        shutil.rmtree(self.dir, ignore_errors=True)
