# SPDX-License-Identifier: Apache-2.0
"""How things end: signals, threads, forks, forgotten locks, a daemon that dies or hangs, a session that is closed."""

import gc
import os
import signal
import sys
import threading
import unittest
import warnings

from package import PackageTest, holdfast
from holdfast import _core, _errors

WAITER = """
import holdfast, sys
client = holdfast.connect()
try:
    with client.lock('x', 'EX', on_waiting=lambda who: print('waiting')):
        print('granted')
except KeyboardInterrupt:
    print('interrupted')
input()
with client.lock('x', 'EX', timeout=10):
    print('granted')
"""


class Interrupted(PackageTest):
    def test_ctrl_c_ends_a_blocking_lock_and_takes_the_request_back(self):
        client = self.connect(1)
        lock = client.lock("x", "EX")
        waiter = self.program(WAITER, node=2)
        waiter.line("waiting")
        waiter.send(signal.SIGINT)
        waiter.line("interrupted")
        self.assertEqual(len(client.query("x")[0].locks), 1)
        lock.release()
        # Nothing stuck to the session: it works on.
        waiter.process.stdin.write(b"\n")
        waiter.process.stdin.flush()
        waiter.line("granted")
        self.assertEqual(waiter.code(), 0)

    def test_others_run_while_a_lock_is_waited_for_but_not_on_this_client(self):
        a, b = self.connect(1), self.connect(1)
        lock = a.lock("x", "EX")
        waits, seen = threading.Event(), []

        def wait():
            with b.lock("x", "EX", on_waiting=lambda who: waits.set()) as mine:
                seen.append(mine.held())

        thread = threading.Thread(target=wait)
        thread.start()
        self.assertTrue(waits.wait(30))
        with self.assertRaisesRegex(RuntimeError, "another thread"):
            b.query()
        lock.release()
        thread.join(30)
        self.assertEqual(seen, [True])
        self.assertEqual(b.query("x"), [])


class Forgotten(PackageTest):
    def test_a_lock_that_nobody_refers_to_is_given_back_with_a_warning(self):
        a, b = self.connect(1), self.connect(2)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            a.lock("x", "EX")
            gc.collect()
        self.assertEqual([str(one.message) for one in caught if one.category is ResourceWarning],
                         ["lock 'x' was not released"])
        b.lock("x", "EX", timeout=10).release()

    def test_closing_a_client_gives_back_its_locks_and_says_so(self):
        a, b = self.connect(1), self.connect(2)
        lock = a.lock("x", "EX")
        with a:
            pass
        self.assertFalse(lock.held())
        b.lock("x", "EX", timeout=10).release()
        for call in (lock.release, a.query, lambda: a.lock("x")):
            with self.assertRaises(holdfast.SessionEnded):
                call()

    def test_the_child_of_a_fork_leaves_the_parents_session_alone(self):
        a, b = self.connect(1), self.connect(1)
        lock = a.lock("x", "EX")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                lock.held()
            except holdfast.SessionEnded:
                code = 0
            # Whatever would run at its end.
            a.close()
            del lock, a
            gc.collect()
            os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertTrue(lock.held())
        with self.assertRaises(holdfast.Blocked):
            b.lock("x", "EX", noqueue=True)
        lock.release()


class DaemonsEnd(PackageTest):
    def test_a_lock_is_lost_with_its_daemon(self):
        client = self.connect(2)
        lost = []
        lock = client.lock("x", "EX", on_lost=lambda which, why: lost.append((which.name, why.code)))
        self.cluster.kill_daemon(2)
        self.cluster.eventually(lambda: (client.poll(0.05), lost)[1], "it is told")
        self.assertEqual(lost, [("x", "disconnected")])
        self.assertFalse(lock.held())
        self.assertIsInstance(lock.lost, holdfast.SessionEnded)
        self.assertIsInstance(client.ended, holdfast.SessionEnded)
        with self.assertRaises(holdfast.SessionEnded):
            lock.release()
        with self.assertRaises(holdfast.SessionEnded):
            client.lock("y")

    def test_a_block_that_lost_its_lock_does_not_end_quietly(self):
        client = self.connect(2)
        with self.assertRaises(holdfast.SessionEnded):
            with client.lock("x", "EX"):
                self.cluster.kill_daemon(2)
        with self.assertRaises(ConnectionError):
            client.status()

    def test_a_daemon_that_hangs_is_not_waited_for_longer_than_asked(self):
        client = self.connect(2)
        self.cluster.stop_all([self.cluster.daemon(2)])
        try:
            with self.assertRaises(holdfast.TimedOut):
                client.status(timeout=0.1)
            with self.assertRaisesRegex(holdfast.TimedOut, "did not answer"):
                client.lock("x", "EX", timeout=0.1)
        finally:
            self.cluster.kill_daemon(2, signal.SIGCONT)

    def test_without_a_daemon_the_reason_is_told(self):
        with self.assertRaises(holdfast.CannotConnect) as refused:
            holdfast.connect("/nonexistent/socket")
        self.assertIn("/nonexistent/socket", str(refused.exception))
        self.assertIsInstance(refused.exception, ConnectionError)


class Table(unittest.TestCase):
    # A program has nothing to do about these but to show them.
    PLAIN = """ok frame_too_long lockspace_exists lockspace_in_use not_movable bad_message wrong_cluster wrong_key stale_epoch
        view_conflict not_member bad_config cannot_listen cannot_read cannot_write cannot_start""".split()

    def test_each_error_has_its_class(self):
        self.assertEqual([code for code in _core.errors() if code not in {*self.PLAIN, *_errors.CLASSES}], [])
        for code, kind in _errors.CLASSES.items():
            made = _errors.make(code, 5, "the reason", [])
            self.assertIs(type(made), kind)
            self.assertEqual((str(made), made.code, made.errno), (f"{code}: the reason", code, 5))

    def test_every_class_is_exported(self):
        for kind in {*_errors.CLASSES.values(), _errors.Blocker}:
            self.assertIs(getattr(holdfast, kind.__name__), kind)
        self.assertEqual(sys.modules["holdfast"], holdfast)


if __name__ == "__main__":
    unittest.main()
