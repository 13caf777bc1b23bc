# SPDX-License-Identifier: Apache-2.0
"""Two nodes and a quorum device: a third machine with corosync-qnetd, which each node's corosync-qdevice asks.

The device has cables of its own, so that the nodes can be cut from each other and both still reach it. TLS is off:
the device's certificates are no matter of ours.
"""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import cluster_net  # noqa: E402

PROGRAMS = ("corosync-qdevice", "corosync-qnetd")
ADDRESS = "10.79.0.1"
TIMEOUT_MS = 1000       # quorum.device.timeout
SYNC_TIMEOUT_MS = 3000  # quorum.device.sync_timeout
PROVIDER = "  provider: corosync_votequorum\n"
DEVICE = f"""\
  device {{
    model: net
    votes: 1
    timeout: {TIMEOUT_MS}
    sync_timeout: {SYNC_TIMEOUT_MS}
    net {{
      host: {ADDRESS}
      algorithm: ffsplit
      tie_breaker: lowest
      tls: off
    }}
  }}
"""


def missing():
    """Why such a cluster cannot be made here; None if it can."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"needs the program {program}"
    return cluster_net.missing()


class DeviceNet(cluster_net.Net):
    """n1 and n2 as ever; each reaches the device, which is ADDRESS, by a cable of its own."""

    def __init__(self, lease_ms=1000, token_ms=400):
        self.device = None
        self.qnetd = None
        super().__init__(nodes=2, lease_ms=lease_ms, token_ms=token_ms)

    def _plug_in(self):
        super()._plug_in()
        self.device = cluster_net.Namespace("device")
        self.device.run("ip", "link", "set", "lo", "up")
        self.device.run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
        for number, node in self.nodes.items():
            self.device.run("ip", "link", "add", f"node{number}", "type", "veth", "peer", "name", "device", "netns",
                            str(node.space.holder.pid))
            self.device.run("ip", "address", "add", f"10.78.{number}.1/24", "dev", f"node{number}")
            self.device.run("ip", "link", "set", f"node{number}", "up")
            node.space.run("ip", "address", "add", f"10.78.{number}.2/24", "dev", "device")
            node.space.run("ip", "link", "set", "device", "up")
            node.space.run("ip", "route", "add", ADDRESS, "via", f"10.78.{number}.1")

    def _corosync_conf(self, votes):
        return super()._corosync_conf(votes).replace(PROVIDER, PROVIDER + DEVICE)

    def configure_no_device(self, number):
        path = self.nodes[number].dir / "etc" / "corosync.conf"
        path.write_text(path.read_text().replace(DEVICE, ""))

    def start_device(self):
        self.qnetd = self.device.start(["corosync-qnetd", "-f", "-s", "off"], Path(self.dir, "qnetd.log"))

    def start(self):
        self.start_device()
        for node in self:
            node.start_corosync()
        for node in self:
            self.eventually(lambda n=node: self.quorum_of(n), f"corosync of n{node.number} answers")
            node.processes["qdevice"] = node.space.start(["corosync-qdevice", "-f"], node.log("qdevice"))
        for node in self:
            node.start_daemon()
        self.wait_for_view(self.nodes)

    def quorum_of(self, node):
        done = subprocess.run([*node.space.enter, "corosync-quorumtool", "-s"], capture_output=True, text=True,
                              timeout=cluster_net.PATIENCE, check=False)
        return done.stdout if "Ring ID" in done.stdout else ""

    def cut_device(self, number=None):
        """From one node, or from all."""
        self._device_cables("down", number)

    def heal_device(self):
        self._device_cables("up", None)

    def _device_cables(self, state, number):
        for each in self.nodes:
            if number in (None, each):
                self.device.run("ip", "link", "set", f"node{each}", state)

    def wait_for_device(self, nodes):
        """Until the device's vote counts at these nodes, as their logs say."""
        for number in nodes:
            self.eventually(lambda n=number: self.device_counts(n), f"the device's vote counts at node {number}")

    def device_counts(self, number):
        lines = [line for line in self.nodes[number].log("holdfastd").read_text().splitlines()
                 if "the quorum device" in line]
        return bool(lines) and "stands with us" in lines[-1]

    def story(self, lines=25):
        parts = [super().story(lines)]
        for path in [Path(self.dir, "qnetd.log"), *(node.log("qdevice") for node in self)]:
            if path.exists():
                parts.append(f"---- {path}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:]))
        return "\n".join(parts)

    def close(self):
        if self.qnetd:
            self.qnetd.kill()
            self.qnetd.wait()
        super().close()
        if self.device:
            self.device.close()
