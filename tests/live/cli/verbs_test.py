# SPDX-License-Identifier: Apache-2.0
"""The other verbs against a real cluster of three nodes."""

import json
import signal
import unittest

from harness import Cluster, TestCase


class Verbs(TestCase):
    @classmethod
    def setUpClass(cls):
        class Cleanup:
            addCleanup = cls.addClassCleanup

        cls.cluster = Cluster(Cleanup, nodes=3)

    def hold(self, *arguments, node=1):
        holder = self.cluster.start_verb("lock", *arguments, node=node)
        holder.line("granted|token")
        return holder

    # ---- lock ----
    def test_lock_prints_the_token_and_ends_with_its_input(self):
        holder = self.cluster.start_verb("lock", self.id())
        token = holder.line("^granted EX .* token ([0-9a-f]{32})$").group(1)
        holder.end_input()
        self.assertEqual(holder.code(), 0)
        after = self.cluster.start_verb("lock", "--json", "--mode", "PW", self.id(), node=2)
        line = json.loads(after.line("token").string)
        self.assertEqual((line["name"], line["mode"]), (self.id(), "PW"))
        self.assertGreater(line["token"], token)

    def test_lock_ends_with_control_c(self):
        holder = self.hold(self.id())
        holder.send(signal.SIGINT)
        self.assertEqual(holder.code(), 0)
        self.assertEqual(self.cluster.locks(self.id()), [])

    def test_lock_tells_who_wants_what(self):
        holder = self.hold(self.id())
        waiter = self.cluster.start_verb("lock", "--mode", "PR", self.id(), node=2)
        holder.line("^PR is wanted$")
        holder.end_input()
        waiter.line("granted PR")

    def test_lock_not_granted_is_75(self):
        self.hold(self.id())
        self.assertEqual(self.cluster.run("lock", "--no-wait", self.id(), node=2).returncode, 75)
        self.assertEqual(self.cluster.run("lock", "--wait", "50ms", self.id(), node=3).returncode, 75)

    def test_lock_of_a_dead_daemon_is_76(self):
        cluster = Cluster(self, nodes=1)
        holder = cluster.start_verb("lock", "x")
        holder.line("granted")
        cluster.kill_daemon(1)
        self.assertEqual(holder.code(), 76)
        self.assertIn("the lock is lost", holder.errors())

    def test_lock_of_a_daemon_that_ends_says_so(self):
        cluster = Cluster(self, nodes=1)
        holder = cluster.start_verb("lock", "x")
        holder.line("granted")
        cluster.kill_daemon(1, signal.SIGTERM)
        self.assertEqual(holder.code(), 76)
        self.assertIn("the daemon is shutting down", holder.errors())

    # ---- value ----
    def test_value_is_written_and_read_from_another_node(self):
        self.hold("--mode", "NL", self.id())
        self.assertEqual(self.cluster.run("value", self.id(), "--set", "forty two").stderr, "")
        self.assertEqual(self.cluster.run("value", self.id(), node=2).stdout, "forty two\n")
        self.cluster.run("value", self.id(), "--set-escaped", "a\\x00\\xff\\\\", node=3)
        self.assertEqual(self.cluster.run("value", self.id(), node=2).stdout, "a\\x00\\xff\\\\\n")
        read = self.cluster.json("value", self.id())
        self.assertEqual((read["state"], read["write_number"], read["value"]), ("valid", 2, "a\\x00\\xff\\\\"))

    def test_value_that_was_never_written_is_said_to_be(self):
        done = self.cluster.run("value", self.id())
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("never written", done.stderr)

    def test_value_that_nobody_keeps_is_warned_about(self):
        done = self.cluster.run("value", self.id(), "--set", "x")
        self.assertEqual(done.returncode, 0)
        self.assertIn("nobody else holds", done.stderr)

    def test_value_that_is_too_long_names_the_limit(self):
        for length in (65, 2000):
            done = self.cluster.run("value", self.id(), "--set", "x" * length)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rf"value_too_long: .*{length} bytes, at most (64|1024)")

    def test_value_whose_writer_died_is_doubtful(self):
        self.hold("--mode", "NL", self.id())
        writer = self.hold("--mode", "EX", self.id(), node=2)
        writer.send(signal.SIGKILL)
        writer.code()
        done = self.cluster.run("value", self.id(), node=3)
        self.assertEqual(done.returncode, 0)
        self.assertIn("doubtful", done.stderr)

    # ---- ls, show ----
    def test_ls_shows_everybody_from_any_node(self):
        self.hold(self.id() + "/a", "--label", "first one")
        self.hold("--mode", "PR", self.id() + "/b", node=2)
        table = self.cluster.run("ls", self.id() + "/*", node=3).stdout.splitlines()
        self.assertEqual(table[0].split(), "NAME STANDING MODE NODE PID USER SINCE LABEL COMMAND".split())
        self.assertRegex(table[1], r"/a +held +EX +n1 +\d+ +\S+ +[\d:]+ +first one +\S*holdfast lock")
        self.assertRegex(table[2], r"/b +held +PR +n2 ")
        self.assertEqual(len(table), 3)
        rows = self.cluster.json("ls", self.id() + "/*", node=3)
        self.assertTrue(rows["complete"])
        self.assertEqual([row["name"] for row in rows["resources"]], [self.id() + "/a", self.id() + "/b"])

    def test_ls_escapes_names_and_takes_lockspaces(self):
        self.hold("--escaped", "--lockspace", "special", "a\\x0ab\\xff")
        listed = self.cluster.run("ls", "--lockspace", "spec*", node=2).stdout
        self.assertRegex(listed, r"^LOCKSPACE +NAME +STANDING ")
        self.assertRegex(listed, r"(?m)^special +a\\x0ab\\xff +held ")
        self.assertEqual(self.cluster.run("ls", "--escaped", "a\\x0a*", "--lockspace", "default").stdout, "")

    def test_odd_names_come_through_as_they_are(self):
        for name in (b"[a,b]", b"{}", b"%%", b"-x", b'"q" \'r\'', b"a b", b"\xff\xfe", b"\\", b"*"):
            holder = self.cluster.start_verb("lock", "--json", "--", name)
            shown = json.loads(holder.line("token").string)["name"]
            self.assertEqual(shown.encode().decode("unicode_escape").encode("latin-1"), name)
            found = self.cluster.run("show", "--json", "--", name, node=2)
            self.assertEqual(json.loads(found.stdout)["name"], shown)
            holder.end_input()
            holder.code()

    def test_show_tells_everything_about_one_name(self):
        self.hold(self.id())
        waiter = self.cluster.start_verb("lock", "--mode", "CR", self.id(), node=2)
        self.cluster.wait_until_waiting(self.id())
        text = self.cluster.run("show", self.id(), node=3).stdout
        self.assertRegex(text, r"master n\d  home n\d  value -")
        self.assertRegex(text, r"granted +EX +n1 +pid \d+ .* token [0-9a-f]{32}")
        self.assertRegex(text, rf"waiting +CR +n2 +pid {waiter.pid} ")
        shown = self.cluster.json("show", self.id(), node=3)
        self.assertEqual([lock["standing"] for lock in shown["locks"]], ["granted", "waiting"])

    def test_show_of_nothing_says_so(self):
        done = self.cluster.run("show", self.id())
        self.assertEqual(done.returncode, 1)
        self.assertIn("nobody holds or waits", done.stderr)

    # ---- status, view, node ----
    def test_status_of_each_node(self):
        for node in (1, 2, 3):
            status = self.cluster.json("status", node=node)
            self.assertEqual((status["node"], status["phase"], len(status["view"]["members"])), (node, "open", 3))
            self.assertEqual(sorted(status["peers_connected"]), sorted({1, 2, 3} - {node}))
            self.assertIn(status["member"], self.cluster.run("view", node=1).stdout)
        text = self.cluster.run("status", node=2).stdout
        self.assertIn("member       2=127.0.0.1:", text)
        self.assertRegex(text, r"votes +3 of 3 with the members\n")
        self.assertRegex(text, r"lease +1.5 s, valid for another ")

    def test_dir_and_node_choose_a_daemon(self):
        done = self.cluster.run("--dir", self.cluster.dir, "--node", "3", "status", "--json")
        # HOLDFAST_SOCKET names node 1: what stands on the command line wins.
        self.assertEqual(json.loads(done.stdout)["node"], 3)

    def test_an_old_view_is_refused(self):
        members = self.cluster.json("view")["members"]
        first = members[0]
        done = self.cluster.run("view", "set", "--epoch", "1", "--member",
                                f"1={first['address']}@{first['incarnation']}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("stale_epoch", done.stderr)

    def test_fence_ack_of_a_node_that_was_not_lost_is_refused(self):
        done = self.cluster.run("node", "fence-ack", "77")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no_such_node", done.stderr)

    def test_json_stays_json_when_the_reader_goes(self):
        self.assertEqual(self.cluster.json("ls", "no such name"), {"complete": True, "resources": []})


if __name__ == "__main__":
    unittest.main()
