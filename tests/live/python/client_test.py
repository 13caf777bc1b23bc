# SPDX-License-Identifier: Apache-2.0
"""The Python package on a cluster of two nodes: locks, conversions, values, refusals, notices, queries."""

import os
import time
import unittest

from package import PackageTest, holdfast
from holdfast import Mode, Standing, ValueState


class Locks(PackageTest):
    def test_a_lock_is_held_within_its_block_and_free_behind_it(self):
        a, b = self.connect(1), self.connect(2)
        with a.lock("orders/17", "EX", timeout=5) as lock:
            self.assertTrue(lock.held())
            self.assertEqual((lock.name, lock.mode), ("orders/17", Mode.EX))
            self.assertEqual(len(str(lock.token)), 32)
            with self.assertRaises(holdfast.Blocked) as refused:
                b.lock("orders/17", Mode.PR, noqueue=True)
            (blocker,) = refused.exception.blockers
            self.assertEqual((blocker.node, blocker.lock, blocker.mode), (1, lock.id, Mode.EX))
        self.assertFalse(lock.held())
        with b.lock("orders/17", "ex", timeout=5) as later:
            self.assertGreater(later.token, lock.token)
            self.assertGreater(str(later.token), str(lock.token))

    def test_a_timeout_names_who_is_in_the_way_and_leaves_nothing_behind(self):
        a, b = self.connect(1), self.connect(2)
        with a.lock("x", "PW"):
            for timeout in (0, 0.02):
                with self.assertRaises(TimeoutError) as refused:
                    b.lock("x", "EX", timeout=timeout)
                self.assertIsInstance(refused.exception, holdfast.TimedOut)
                self.assertEqual(refused.exception.code, "timed_out")
                self.assertEqual([one.mode for one in refused.exception.blockers], [Mode.PW])
            self.assertEqual(len(a.query("x")[0].locks), 1)

    def test_a_request_that_does_not_say_how_long_it_waits_takes_what_the_session_says(self):
        a, b = self.connect(1), self.connect(2, timeout=0.02)
        with a.lock("x", "PR") as first, b.lock("x", "PR") as second:
            with self.assertRaises(holdfast.TimedOut):
                b.lock("x", "EX")
            with self.assertRaises(holdfast.TimedOut):
                second.convert("EX")
            self.assertEqual((first.wanted, len(a.query("x")[0].locks)), (None, 2))
        with a.lock("x", "EX"):
            later = self.program("import holdfast, math\n"
                                 "with holdfast.connect(timeout=0.02) as client:\n"
                                 "    on_waiting = lambda who: print('waiting')\n"
                                 "    client.lock('x', timeout=math.inf, on_waiting=on_waiting).release()\n")
            later.line("waiting")
            self.assertIsNone(later.process.poll())
        self.assertEqual(later.code(), 0)

    def test_a_circle_of_conversions_is_refused_as_a_deadlock(self):
        a, b = self.connect(1), self.connect(2)
        program = self.program("import holdfast\n"
                               "with holdfast.connect() as client, client.lock('x', 'PR') as lock:\n"
                               "    print('ready')\n"
                               "    input()\n"
                               "    with lock.convert('EX'):\n"
                               "        print('converted')\n", node=2)
        program.line("ready")
        lock = a.lock("x", "PR")
        program.process.stdin.write(b"\n")
        program.process.stdin.flush()
        self.cluster.eventually(lambda: a.query("x")[0].waiters, "the program converts")
        with self.assertRaises(holdfast.Deadlock) as refused:
            lock.convert("EX")
        self.assertEqual(refused.exception.code, "deadlock")
        self.assertEqual((lock.mode, lock.held()), (Mode.PR, True))
        lock.release()
        program.line("converted")
        self.assertEqual(b.query("nothing"), [])

    def test_arguments_that_make_no_sense_say_what_is_allowed(self):
        client = self.connect()
        with self.assertRaisesRegex(ValueError, "NL CR CW PR PW EX"):
            client.lock("x", "XX")
        with self.assertRaisesRegex(ValueError, "0 and more"):
            client.lock("x", timeout=-1)
        with self.assertRaises(holdfast.BadArgument) as refused:
            client.lock("n" * 300)
        self.assertEqual(refused.exception.code, "name_too_long")
        with self.assertRaisesRegex(holdfast.BadArgument, "no option 'nonsense'"):
            client.lock("x", flags=["nonsense"])
        with self.assertRaises(holdfast.BadArgument):
            client.open_lockspace("db", "sometimes")

    def test_values_are_written_with_the_release_and_read_with_the_grant(self):
        a, b = self.connect(1), self.connect(2)
        keep = b.lock("config", "NL")
        with a.lock("config", "EX", read_value=True) as lock:
            self.assertEqual((lock.value, lock.value_state), (b"", ValueState.NEVER_WRITTEN))
            lock.write(b"any \x00 bytes")
        with b.lock("config", "PR", read_value=True) as lock:
            self.assertEqual((lock.value, lock.value_state), (b"any \x00 bytes", ValueState.VALID))
            self.assertFalse(lock.doubtful)
            with self.assertRaisesRegex(ValueError, "only PW and EX"):
                lock.write(b"no")
        lock = a.lock("config", "EX")
        lock.release(flags=["ivvalblk"])
        keep.convert("PR", read_value=True)
        self.assertTrue(keep.doubtful)
        keep.release()

    def test_a_block_that_fails_writes_nothing(self):
        client = self.connect()
        keep = client.lock("config", "NL")
        with self.assertRaises(ZeroDivisionError):
            with client.lock("config", "EX") as lock:
                lock.write(b"half")
                _ = 1 / 0
        with client.lock("config", "PR", read_value=True) as lock:
            self.assertEqual(lock.value_state, ValueState.NEVER_WRITTEN)
        keep.release()

    def test_conversions_change_the_mode_and_the_token(self):
        a, b = self.connect(1), self.connect(2)
        lock = a.lock("x", "NL")
        first = lock.convert("EX").token
        lock.write(b"1")
        lock.convert("PR", at_once=True)
        self.assertEqual((lock.mode, lock.token), (Mode.PR, first))
        with b.lock("x", "PR", read_value=True) as other:
            self.assertEqual(other.value, b"1")
            with self.assertRaises(holdfast.Blocked):
                lock.convert("EX", noqueue=True)
            self.assertEqual(lock.mode, Mode.PR)
        self.assertGreater(lock.convert("EX").token, first)
        lock.release()
        lock.release()  # no failure
        with self.assertRaises(holdfast.NoSuchLock):
            lock.convert("PR")

    def test_who_is_in_the_way_is_told_in_a_notice(self):
        a = self.connect(1)
        told = []
        called = a.lock("called", "EX", on_notice=lambda lock, wanted: (told.append(wanted), lock.convert("NL")))
        polled = a.lock("polled", "EX", notices=True)
        program = self.program("import holdfast\n"
                               "client = holdfast.connect()\n"
                               "a = client.lock('called', 'PR', on_waiting=lambda who: print('behind', who[0].mode))\n"
                               "print('granted')\n"
                               "b = client.lock('polled', 'CW')\n"
                               "print('granted')\n", node=2)
        self.cluster.eventually(lambda: (a.poll(0.05), told)[1], "the notice came")
        self.assertEqual(told, [Mode.PR])
        program.line("behind EX")
        program.line("granted")
        self.cluster.eventually(lambda: (a.poll(0.05), polled.wanted)[1], "the notice came")
        self.assertEqual(polled.wanted, Mode.CW)
        polled.convert("NL")
        self.assertIsNone(polled.wanted)
        program.line("granted")
        self.assertEqual(program.code(), 0)
        for lock in (called, polled):
            lock.release()

    def test_a_parent_cannot_go_before_its_sub_locks(self):
        client = self.connect()
        with client.lock("table", "CW") as parent:
            row = client.lock("row", "EX", parent=parent)
            with self.assertRaises(holdfast.HasChildren):
                parent.release()
            self.assertTrue(parent.held())
            (found,) = [one for one in client.query() if one.name == "row"]
            self.assertEqual((found.above, found.locks[0].parent), (("table",), parent.id))
            row.release()

    def test_lockspaces_keep_names_apart(self):
        a, b = self.connect(1), self.connect(1)
        space = a.open_lockspace("db", "join", mode=0o640)
        with a.lock("x", "EX", lockspace=space), b.lock("x", "EX", noqueue=True):
            self.assertEqual({one.lockspace for one in a.query("x")}, {"db", "default"})
            self.assertEqual([one.lockspace for one in a.query(lockspace="d?")], ["db"])
        (report,) = a.lockspaces()
        self.assertEqual((report.name, report.joins, report.mode, report.members), ("db", 1, 0o640, (1,)))
        a.leave_lockspace("db")
        with self.assertRaises(holdfast.NoSuch):
            a.open_lockspace("db", "existing")

    def test_an_orphan_is_adopted(self):
        first = self.connect(1)
        lock = first.lock("x", "EX", flags=["persistent"])
        token = lock.token
        first.close()
        second = self.connect(1)
        self.cluster.eventually(lambda: second.query("x")[0].locks[0].orphan, "it is an orphan")
        with self.assertRaises(holdfast.NoOrphan):
            second.adopt("x", "PR")
        with second.adopt("x", "EX", timeout=5) as mine:
            self.assertEqual(mine.token, token)
            self.assertFalse(second.query("x")[0].locks[0].orphan)


class Looking(PackageTest):
    def test_a_query_tells_what_the_command_line_tells(self):
        a, b = self.connect(1, label="the label"), self.connect(2)
        name = b"bytes \xff\x00"
        with a.lock(name, "PR", tag=7), b.lock("other", "NL"):
            found = b.query(b"bytes*")
            self.assertTrue(found.complete)
            (resource,) = found
            self.assertEqual(resource.name.encode("utf-8", "surrogateescape"), name)
            (lock,) = resource.holders
            self.assertEqual((lock.standing, lock.granted, lock.tag, lock.node), (Standing.GRANTED, Mode.PR, 7, 1))
            self.assertEqual((lock.owner.pid, lock.owner.label), (os.getpid(), "the label"))
            told = self.cluster.json("ls", "bytes*")["resources"][0]["locks"][0]
            self.assertEqual((str(lock.token), lock.owner.command), (told["token"], told["owner"]["command"]))
            with a.lock(resource.name, "PR"):  # the name as the report gave it is the same name
                self.assertEqual(len(b.query("bytes*")[0].locks), 2)

    def test_pages_come_one_after_another_and_make_the_whole(self):
        client = self.connect()
        locks = [client.lock(f"n{number:03}", "EX") for number in range(50)]
        pages = list(client.query_pages("n*", rows_max=20))
        self.assertGreater(len(pages), 1)
        self.assertEqual([one.name for page in pages for one in page], [lock.name for lock in locks])
        self.assertEqual(len(client.query("n*")), 50)
        for lock in locks:
            lock.release()

    def test_the_status_is_that_of_the_node(self):
        client = self.connect(2)
        status = client.status(timeout=5)
        told = self.cluster.json("status", node=2)
        self.assertEqual((status.node, status.version, status.phase), (2, told["version"], holdfast.Phase.OPEN))
        self.assertEqual([member.node for member in status.view.members], [1, 2])
        self.assertEqual((status.lease, client.lease, client.node), (1.5, 1.5, 2))
        self.assertGreater(client.valid_until, time.clock_gettime(time.CLOCK_BOOTTIME))

    def test_a_master_is_moved(self):
        client = self.connect(1)
        with client.lock("x", "EX"):
            other = 3 - client.query("x")[0].master
            client.move("x", other)
            self.assertEqual(client.query("x")[0].master, other)
            with self.assertRaises(holdfast.NoSuch):
                client.move("y", other)
        client.sync()


if __name__ == "__main__":
    unittest.main()
