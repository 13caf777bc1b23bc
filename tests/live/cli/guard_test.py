# SPDX-License-Identifier: Apache-2.0
"""The promise of `holdfast run`: whoever is killed, the lock is free exactly when the last process of the
command is gone, and none of them runs when somebody else may have the lock. (That it ends before the deadline is shown
by never_overlaps_test.py.)"""

import os
import signal
import unittest

from harness import Cluster, TestCase, is_running, state_of

# Prints its own pid, that of a child and that of a grandchild in a session of its own, and stays.
FAMILY = """
echo family $$
sh -c 'echo family $$; exec sleep 600' &
setsid sh -c 'echo family $$; exec sleep 600' &
wait
"""

def leads_a_session(pid):
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


# As a zombie it looks ended, but one of its threads goes on.
ONLY_A_SECOND_THREAD = ("import ctypes, threading, time; threading.Thread(target=lambda: time.sleep(600)).start();"
                        "ctypes.CDLL(None).pthread_exit(0)")


class Guard(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=2)
        self.name = "guarded"

    def start_family(self, script=FAMILY, count=3, cluster=None):
        program = (cluster or self.cluster).start_verb("run", self.name, "--", "sh", "-c", script, group=True)
        family = [int(program.line(r"^family (\d+)$").group(1)) for _ in range(count)]
        family.sort(key=leads_a_session)  # who left the others comes last, whichever of them was faster to say so
        self.addCleanup(lambda: [os.kill(pid, signal.SIGKILL) for pid in family if is_running(pid)])
        return program, family

    def start_next(self):
        """Somebody on the other node who wants the lock too."""
        waiter = self.cluster.start_verb("lock", self.name, node=2)
        self.cluster.wait_until_waiting(self.name, node=2)
        return waiter

    def assert_all_gone_when_granted(self, waiter, family):
        waiter.line("granted EX")
        self.assertEqual([pid for pid in family if is_running(pid)], [])

    def test_wrapper_killed(self):
        program, family = self.start_family()
        waiter = self.start_next()
        program.send(signal.SIGKILL)
        self.assert_all_gone_when_granted(waiter, family)

    def test_wrapper_killed_with_its_process_group(self):
        program, family = self.start_family()
        waiter = self.start_next()
        os.killpg(program.pid, signal.SIGKILL)
        self.assert_all_gone_when_granted(waiter, family)

    def test_guard_killed(self):
        program, family = self.start_family()
        waiter = self.start_next()
        os.kill(self.cluster.guard_of(self.name), signal.SIGKILL)
        self.assert_all_gone_when_granted(waiter, family)
        self.assertEqual(program.code(), 76)
        self.assertIn("guard of the lock was ended", program.errors())

    def test_watcher_killed(self):
        program, family = self.start_family()
        waiter = self.start_next()
        os.kill(self.cluster.watcher_of(self.name), signal.SIGKILL)
        self.assert_all_gone_when_granted(waiter, family)
        self.assertEqual(program.code(), 76)
        self.assertIn("watcher", program.errors())

    def kill_together(self, *pids):
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def test_guard_and_watcher_killed_together(self):
        program, family = self.start_family()
        waiter = self.start_next()
        self.kill_together(self.cluster.guard_of(self.name), self.cluster.watcher_of(self.name))
        self.assert_all_gone_when_granted(waiter, family)
        self.assertEqual(program.code(), 76)

    def test_wrapper_and_watcher_killed_together(self):
        program, family = self.start_family()
        waiter = self.start_next()
        self.kill_together(program.pid, self.cluster.watcher_of(self.name))
        self.assert_all_gone_when_granted(waiter, family)

    def test_wrapper_and_guard_killed_together(self):
        program, family = self.start_family()
        waiter = self.start_next()
        self.kill_together(program.pid, self.cluster.guard_of(self.name))
        self.assert_all_gone_when_granted(waiter, family)

    def test_command_killed_keeps_the_lock_for_what_it_left(self):
        program, family = self.start_family()
        waiter = self.start_next()
        os.kill(family[0], signal.SIGKILL)
        self.wait_for_end_of(family[0])
        self.assertEqual(self.cluster.run("lock", "--no-wait", self.name).returncode, 75)
        os.kill(family[1], signal.SIGKILL)
        os.kill(family[2], signal.SIGKILL)
        self.assert_all_gone_when_granted(waiter, family)
        self.assertEqual(program.code(), 128 + signal.SIGKILL)

    def test_all_three_killed_together_leave_only_what_left_the_group_of_the_command(self):
        program, family = self.start_family()
        waiter = self.start_next()
        guard, watcher = self.cluster.guard_of(self.name), self.cluster.watcher_of(self.name)
        # The watcher first and the others when it is gone: its ties of groups other than the command's go with it.
        self.cluster.stop_all([program.pid, guard, watcher])
        os.kill(watcher, signal.SIGKILL)
        self.wait_for_end_of(watcher)
        for pid in (guard, program.pid):
            os.kill(pid, signal.SIGKILL)
        # The kernel ended the command and its process group with the guard. Who left it has a copy of the session's
        # socket, so the lock is held until it ends, and queries say by whom.
        for pid in family[:2]:
            self.wait_for_end_of(pid)
        self.assertEqual(self.cluster.run("lock", "--no-wait", self.name).returncode, 75)
        self.assertTrue(is_running(family[2]))
        left = self.cluster.locks(self.name)[0]["left_running"]
        self.assertEqual([(process["pid"], process["name"]) for process in left], [(family[2], "sleep")])
        self.assertRegex(self.cluster.run("ls", self.name).stdout, rf"(?m) {family[2]} .* sleep, left by ")
        os.kill(family[2], signal.SIGKILL)
        self.assert_all_gone_when_granted(waiter, family)

    def test_a_tree_that_forks_all_the_time_is_ended_too(self):
        program, family = self.start_family("echo family $$; while :; do (setsid sh -c 'sleep 600' &) ; done", count=1)
        waiter = self.start_next()
        program.send(signal.SIGKILL)
        self.assert_all_gone_when_granted(waiter, family)

    def test_a_process_whose_first_thread_has_ended_is_ended_too(self):
        program, (pid,) = self.start_family(f"echo family $$; exec python3 -c '{ONLY_A_SECOND_THREAD}'", count=1)
        self.cluster.eventually(lambda: state_of(pid) == "Z", "its first thread has ended")
        self.assertTrue(is_running(pid))
        waiter = self.start_next()
        program.send(signal.SIGKILL)
        self.assert_all_gone_when_granted(waiter, [pid])

    def test_daemon_killed_ends_the_command(self):
        program, family = self.start_family("trap '' TERM; " + FAMILY.replace("wait", "while :; do sleep 600; done"))
        self.cluster.kill_daemon(1)
        self.assertEqual(program.code(), 76)
        self.assertEqual([pid for pid in family if is_running(pid)], [])
        self.assertIn("lock was lost", program.errors())

    def test_daemon_killed_lets_the_command_clean_up(self):
        program, _ = self.start_family("trap 'echo cleaned; exit 0' TERM; echo family $$; while :; do read x; done", count=1)
        self.cluster.kill_daemon(1)
        program.line("cleaned")
        self.assertEqual(program.code(), 76)

    def test_a_daemon_that_is_told_to_end_lets_the_command_clean_up(self):
        # So long a lease that the clean-up, of a second and a half, fits in the time that the command has to end.
        cluster = Cluster(self, nodes=2, lease_ms=6000)
        script = "trap 'echo asked; sleep 1.5; echo cleaned; exit 0' TERM; echo family $$; while :; do read x; done"
        program, family = self.start_family(script, count=1, cluster=cluster)
        waiter = cluster.start_verb("lock", self.name, node=2)
        cluster.wait_until_waiting(self.name, node=2)
        cluster.kill_daemon(1, signal.SIGTERM)
        program.line("asked")
        program.line("cleaned")
        self.assertEqual(program.code(), 76)
        errors = program.errors()
        self.assertIn("to end", errors)
        self.assertIn("the lock was lost and the command has ended", errors)
        self.assertNotIn("from outside", errors)
        self.assertNotIn("the guard had not", errors)
        self.assert_all_gone_when_granted(waiter, family)

    def test_a_daemon_that_is_told_to_end_keeps_the_lock_until_a_deaf_command_is_killed(self):
        program, family = self.start_family("trap '' TERM; " + FAMILY.replace("wait", "while :; do sleep 600; done"))
        waiter = self.start_next()
        self.cluster.kill_daemon(1, signal.SIGTERM)
        self.assert_all_gone_when_granted(waiter, family)
        self.assertEqual(program.code(), 76)
        errors = program.errors()
        self.assertIn("the lock was lost and the command has ended", errors)
        self.assertNotIn("from outside", errors)
        self.assertNotIn("the guard had not", errors)

    def test_nobody_is_granted_while_the_command_of_a_dead_daemon_runs(self):
        program, family = self.start_family("trap '' TERM; " + FAMILY.replace("wait", "while :; do sleep 600; done"))
        waiter = self.start_next()
        self.cluster.kill_daemon(1)
        self.assert_all_gone_when_granted(waiter, family)
        self.assertEqual(program.code(), 76)

    def test_a_daemon_that_hangs_freezes_and_then_ends_the_command(self):
        program, family = self.start_family()
        daemon = self.cluster.daemon(1)
        self.addCleanup(lambda: is_running(daemon) and os.kill(daemon, signal.SIGCONT))
        os.kill(daemon, signal.SIGSTOP)
        self.assertEqual(program.code(), 76)
        self.assertEqual([pid for pid in family if is_running(pid)], [])
        self.assertIn("not renewed in time", program.errors())

    def test_a_daemon_that_hangs_for_a_moment_only_freezes_it(self):
        cluster = Cluster(self, nodes=1, lease_ms=6000)
        program, family = self.start_family(FAMILY.replace("wait", "read x; exit 5"), cluster=cluster)
        daemon = cluster.daemon(1)
        os.kill(daemon, signal.SIGSTOP)
        try:
            cluster.eventually(lambda: state_of(family[0]) == "T", "the command stands still")
        finally:
            os.kill(daemon, signal.SIGCONT)
        cluster.eventually(lambda: state_of(family[0]) == "S", "the command goes on")
        program.end_input()
        for pid in family[1:]:
            os.kill(pid, signal.SIGKILL)
        code = program.code()
        self.assertEqual(code, 5, program.errors())


if __name__ == "__main__":
    unittest.main()
