# SPDX-License-Identifier: Apache-2.0
"""Debian's unmodified lvmlockd, one at each of two nodes, on our libdlm_lt: it takes, refuses, converts and hands
over its three kinds of locks; and after one is killed its persistent lock still blocks, as an orphan, until a small
program takes it over or purges it. No LVM volume and no device-mapper is needed: we speak with lvmlockd as the LVM
commands do. It looks for a few files of the kernel's DLM, which it finds in a mount namespace of its own."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent.parent / "conformance" / "libdlm")]

import dlm  # noqa: E402
from harness import BIN, PATIENCE, Cluster, TestCase, environment  # noqa: E402

LIB = BIN.parent / "lib"
CLUSTER_NAME = "testc"
VG_ARGUMENTS = f"1.0.0:{CLUSTER_NAME}"
BUSY = "-11"  # EAGAIN
START = """set -e
mount -t tmpfs none /sys/kernel
cluster=/sys/kernel/config/dlm/cluster
mkdir -p $cluster/comms/1 $cluster/spaces/lvm_vg0/nodes/1 $cluster/spaces/lvm_global/nodes/1
echo "$CLUSTER_NAME" >$cluster/cluster_name
exec lvmlockd -f -D -g dlm -s "$1/socket" -p "$1/pid" --adopt-file "$1/adopt"
"""


class Lvmlockd:
    """One of them, and a command of LVM that speaks with it."""

    def __init__(self, test, socket_of_node):
        directory = tempfile.mkdtemp(prefix="hf-lvm-")
        test.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        env = environment() | {"LD_LIBRARY_PATH": str(LIB), "HOLDFAST_SOCKET": socket_of_node,
                               "CLUSTER_NAME": CLUSTER_NAME}
        self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", START, "sh", directory], env=env,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        test.addCleanup(self.kill)
        self.log = Path(directory, "log")
        self.started = threading.Event()
        threading.Thread(target=self._keep_log, daemon=True).start()
        self.connection = self._connect(f"{directory}/socket")
        test.addCleanup(self.connection.close)
        self.received = b""

    def _keep_log(self):
        with self.process.stdout, open(self.log, "wb", buffering=0) as log:
            for line in self.process.stdout:
                log.write(line)
                if b"lvmlockd started" in line:  # it listens since a moment before
                    self.started.set()
        self.started.set()  # or it never will

    def _connect(self, path):
        if not self.started.wait(PATIENCE) or self.process.poll() is not None:
            raise AssertionError(f"lvmlockd does not start: {self.log.read_text()}")
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(path)
        return connection

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, request, **more):
        words = {"request": request, "cmd": "test", "pid": os.getpid()} | more
        lines = [f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"' for key, value in words.items()]
        self.connection.sendall(("\n".join(lines) + "\n##\n").encode())
        while b"##\n" not in self.received:
            part = self.connection.recv(4096)
            if not part:
                raise AssertionError(f"lvmlockd hung up: {self.log.read_text()}")
            self.received += part
        answer, _, self.received = self.received.partition(b"##\n")
        pairs = (line.partition("=") for line in answer.decode().splitlines() if "=" in line)
        return {key.strip(): value.strip().strip("'\"") for key, _, value in pairs}

    def begin(self):
        self.ask("start_vg", vg_name="vg0", vg_lock_type="dlm", vg_lock_args=VG_ARGUMENTS, vg_uuid="uuid", version=1)
        return self.ask("start_wait")["op_result"]

    def lock_gl(self, mode):
        return self.ask("lock_gl", mode=mode)["op_result"]

    def lock_vg(self, mode):
        return self.ask("lock_vg", mode=mode, vg_name="vg0")["op_result"]

    def lock_lv(self, mode):
        return self.ask("lock_lv", mode=mode, opts="persistent", vg_name="vg0", vg_lock_type="dlm",
                        vg_lock_args=VG_ARGUMENTS, lv_name="lv1", lv_uuid="lv-uuid", lv_lock_args="dlm")["op_result"]


@unittest.skipUnless(os.geteuid() == 0, "a mount namespace needs root")
class TwoNodes(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=2)
        self.a, self.b = (Lvmlockd(self, self.socket_of(node)) for node in (1, 2))
        self.assertEqual(self.a.ask("hello")["protocol"], "lvmlockd")
        created = self.a.ask("init_vg", vg_name="vg0", vg_lock_type="dlm", vg_lock_args="none")
        self.assertEqual(created["vg_lock_args"], VG_ARGUMENTS)
        self.assertEqual((self.a.begin(), self.b.begin()), ("0", "0"))

    def socket_of(self, node):
        return self.cluster.env(node)["HOLDFAST_SOCKET"]

    def test_locks_are_taken_refused_converted_and_handed_over(self):
        a, b = self.a, self.b
        for lock in ("lock_gl", "lock_vg", "lock_lv"):
            with self.subTest(lock):
                self.assertEqual(getattr(a, lock)("ex"), "0")
                self.assertEqual(getattr(b, lock)("ex"), BUSY)
                self.assertEqual(getattr(a, lock)("un"), "0")
                self.assertEqual(getattr(b, lock)("sh"), "0")
                self.assertEqual(getattr(a, lock)("sh"), "0")
                self.assertEqual(getattr(b, lock)("un"), "0")
                self.assertEqual(getattr(a, lock)("un"), "0")
                self.assertEqual(getattr(b, lock)("ex"), "0")
                self.assertEqual(getattr(b, lock)("un"), "0")

    def orphan_of_a(self):
        self.assertEqual(self.a.lock_lv("ex"), "0")
        self.a.kill()
        self.cluster.eventually(lambda: self.orphans() == ["lv-uuid"], "its lock is an orphan")
        self.assertEqual(self.b.lock_lv("ex"), BUSY)

    def orphans(self):
        listed = self.cluster.json("ls", "--lockspace", "lvm_vg0")["resources"]
        return [resource["name"] for resource in listed for lock in resource["locks"] if lock["orphan"]]

    def handle_at_a(self):
        dlm.set_environment("HOLDFAST_SOCKET", self.socket_of(1))
        library = dlm.load(LIB)
        handle = library.dlm_open_lockspace(b"lvm_vg0")
        self.addCleanup(library.dlm_close_lockspace, handle)
        return library, handle

    def test_the_lock_of_a_killed_one_blocks_until_it_is_adopted(self):
        self.orphan_of_a()
        library, handle = self.handle_at_a()
        lksb, name = dlm.Lksb(), b"lv-uuid"
        adopt = dlm.MODES.index("EX"), ctypes.byref(lksb), dlm.FLAGS["ORPHAN"], name, len(name), 0, None, None, None
        self.assertEqual(library.dlm_ls_lock_wait(handle, *adopt), 0)
        self.assertEqual(self.b.lock_lv("ex"), BUSY)
        self.assertEqual(library.dlm_ls_unlock_wait(handle, lksb.lkid, 0, ctypes.byref(lksb)), 0)
        self.assertEqual(self.b.lock_lv("ex"), "0")

    def test_the_lock_of_a_killed_one_blocks_until_it_is_purged(self):
        self.orphan_of_a()
        library, handle = self.handle_at_a()
        self.assertEqual(library.dlm_ls_purge(handle, 0, self.a.process.pid), 0)
        self.cluster.eventually(lambda: self.orphans() == [], "the orphan is gone")
        self.assertEqual(self.b.lock_lv("ex"), "0")


if __name__ == "__main__":
    unittest.main()
