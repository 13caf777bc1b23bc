# SPDX-License-Identifier: Apache-2.0
"""What `holdfast cluster init` writes is what corosync and holdfastd work with, as it is: clusters of two and three."""

import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import cluster_net  # noqa: E402
import device_net  # noqa: E402


def init(*words):
    return subprocess.run([cluster_net.HOLDFAST, "cluster", "init", *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)


class Writing(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="hf-init-")
        self.addCleanup(directory.cleanup)
        self.dir = directory.name

    def test_secrets_are_their_owners_alone_and_each_cluster_has_others(self):
        keys = []
        for name in ("one", "two"):
            self.assertEqual(init("--nodes", "a=10.0.0.1,b=10.0.0.2", "--dir", f"{self.dir}/{name}").returncode, 0)
            for secret, mode in (("corosync/authkey", 0o400), ("holdfast/key", 0o600)):
                here, there = (Path(self.dir, name, node, secret) for node in "ab")
                self.assertEqual(here.stat().st_mode & 0o777, mode)
                self.assertEqual(here.read_bytes(), there.read_bytes(), "all nodes have the same")
                keys.append(here.read_bytes())
        self.assertEqual(len(set(keys)), 4)

    def test_what_is_to_be_copied_carries_no_secretive_mode_to_etc(self):
        done = subprocess.run(["sh", "-c", 'umask 077; exec "$@"', "sh", cluster_net.HOLDFAST, "cluster", "init", "--nodes",
                               "a=10.0.0.1,b=10.0.0.2", "--dir", f"{self.dir}/c"], capture_output=True, text=True, check=True)
        self.assertIn(f"scp -pr {self.dir}/c/a/corosync {self.dir}/c/a/holdfast root@10.0.0.1:/etc/\n", done.stdout)
        for folder in ("corosync", "holdfast"):
            self.assertEqual(Path(self.dir, "c/a", folder).stat().st_mode & 0o777, 0o755)

    def test_what_is_there_is_replaced_only_by_force(self):
        words = ("--nodes", "a=10.0.0.1", "--dir", f"{self.dir}/c")
        self.assertEqual(init(*words).returncode, 0)
        key = Path(self.dir, "c/a/holdfast/key").read_bytes()
        refused = init(*words)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--force", refused.stderr)
        self.assertEqual(Path(self.dir, "c/a/holdfast/key").read_bytes(), key)
        self.assertEqual(init(*words, "--force").returncode, 0)
        self.assertNotEqual(Path(self.dir, "c/a/holdfast/key").read_bytes(), key)

    def test_bad_input_is_refused_with_what_is_allowed_and_nothing_is_written(self):
        for words, says in (
            (("--nodes", "a"), "NAME=ADDRESS"),
            (("--nodes", "a=host"), "no host names"),
            (("--nodes", "a=127.0.0.1"), "cannot be reached"),
            (("--nodes", "a=10.0.0.1,b=10.0.0.1"), "two nodes"),
            (("--nodes", "a=10.0.0.1", "--name", "x y"), "no name for a cluster"),
            (("--nodes", "a=10.0.0.1,b=10.0.0.2", "--tie-breaker", "c"), "none of the nodes"),
            (("--nodes", "a=10.0.0.1,b=10.0.0.2", "--device", "arbiter"), "no address of a quorum device"),
            (("--nodes", "a=10.0.0.1,b=10.0.0.2", "--device", ""), "no address"),
            (("--nodes", "a=10.0.0.1", "--lease", "5"), "100"),
            ((), "--nodes"),
        ):
            done = init(*words, "--dir", f"{self.dir}/none")
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(says, done.stderr)
        self.assertFalse(Path(self.dir, "none").exists())


@unittest.skipIf(cluster_net.missing(), cluster_net.missing())
class Running(unittest.TestCase):
    def cluster(self, nodes, *more):
        net = cluster_net.Net(nodes=nodes)
        self.addCleanup(net.close)
        words = ",".join(f"n{node.number}={node.address}" for node in net)
        done = init("--nodes", words, "--dir", f"{net.dir}/written", "--token", "500", "--lease", "1000", *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        for node in net:
            node.put_etc(Path(net.dir, "written", f"n{node.number}"))
        net.start()
        return net

    def test_three_nodes_work_with_it(self):
        net = self.cluster(3)
        self.assertEqual(net[3].verb("lock", "--wait", "20s", "x").returncode, 0)
        self.assertEqual(net[1].view()["configured_votes"], 3)

    def test_of_two_nodes_the_side_of_the_tie_breaker_goes_on_and_never_both(self):
        net = self.cluster(2, "--tie-breaker", "n2")
        net.cut(1)
        net.wait_for_view([2])
        self.assertEqual(net[2].verb("lock", "--wait", "20s", "x").returncode, 0)
        net.eventually(lambda: (state := net[1].status()) and state["phase"] != "open", "the other side stops")
        net.heal()
        net.wait_for_view([1, 2])
        net[2].end("holdfastd", signal.SIGKILL)
        net[2].end("corosync", signal.SIGKILL)
        net.eventually(lambda: (state := net[1].status()) and state["phase"] != "open", "alone, the other one waits")
        # The operator's word that n2 is dead for good; refused before corosync has noticed, too.
        enough = [*net[1].space.enter, "corosync-quorumtool", "-e", "1"]
        net.eventually(lambda: subprocess.run(enough, capture_output=True, check=False).returncode == 0, "one is enough")
        net.wait_for_view([1])
        self.assertEqual(net[1].verb("lock", "--wait", "20s", "y").returncode, 0)
        net[2].start_corosync()
        net[2].start_daemon()
        net.wait_for_view([1, 2])


@unittest.skipIf(device_net.missing(), device_net.missing())
class WithDevice(unittest.TestCase):
    def test_of_two_nodes_with_a_quorum_device_both_serve_and_count_it(self):
        net = device_net.DeviceNet()
        self.addCleanup(net.close)
        words = ",".join(f"n{node.number}={node.address}" for node in net)
        done = init("--nodes", words, "--dir", f"{net.dir}/written", "--token", "500", "--lease", "1000", "--device",
                    device_net.ADDRESS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("corosync-qdevice-net-certutil", done.stdout)
        for node in net:
            # Certificates are made by corosync's own program, in the /etc of this machine: not here.
            conf = Path(net.dir, "written", f"n{node.number}", "corosync", "corosync.conf")
            conf.write_text(conf.read_text().replace("tls: required", "tls: off"))
            node.put_etc(conf.parent.parent)
        net.start()
        view = net[1].view()
        self.assertEqual((view["configured_votes"], view["device"]["votes"]), (3, 1))
        net.wait_for_device([1, 2])
        self.assertEqual(net[2].verb("lock", "--wait", "20s", "x").returncode, 0)


if __name__ == "__main__":
    unittest.main()
