# SPDX-License-Identifier: Apache-2.0
"""The Python package on asyncio's loop: nothing blocks it, cancelled tasks leave nothing behind, no thread is started."""

import asyncio
import threading
import unittest

from package import PackageTest, holdfast

PATIENCE = 30


async def until(condition, client):
    async def look():
        while not condition():
            await asyncio.sleep(0.01)
            client.dispatch()

    await asyncio.wait_for(look(), PATIENCE)


class Asyncio(PackageTest):
    def run_in_loop(self, main):
        asyncio.run(asyncio.wait_for(main, PATIENCE))
        self.assertEqual(threading.active_count(), 1)

    def test_tasks_take_turns_and_the_loop_runs_on(self):
        async def main():
            clients = [self.connect(1), self.connect(2)]
            inside, order, ticks = [], [], []

            async def work(number):
                async with clients[number % 2].lock_async("x", "EX", timeout=PATIENCE) as lock:
                    inside.append(number)
                    self.assertEqual(inside, [number])
                    order.append(lock.token)
                    await asyncio.sleep(0)
                    inside.remove(number)

            async def tick():
                while len(order) < 20:
                    ticks.append(len(order))
                    await asyncio.sleep(0)

            await asyncio.gather(tick(), *(work(number) for number in range(20)))
            self.assertEqual(order, sorted(order))
            self.assertEqual(len(set(order)), 20)
            self.assertGreater(len(ticks), 20)

        self.run_in_loop(main())

    def test_a_cancelled_task_takes_its_request_back(self):
        async def main():
            a, b = self.connect(1), self.connect(2)
            lock = await a.lock_async("x", "EX")
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(b.lock_async("x", "EX"), 0.05)
            await until(lambda: len(a.query("x")[0].locks) == 1, a)
            with self.assertRaises(holdfast.TimedOut) as refused:
                await b.lock_async("x", "EX", timeout=0.01)
            self.assertEqual(len(refused.exception.blockers), 1)
            await lock.release_async()
            async with b.lock_async("x", "EX", timeout=PATIENCE):
                pass

        self.run_in_loop(main())

    def test_a_grant_that_its_task_did_not_live_to_see_goes_back(self):
        async def main():
            a, b = self.connect(1), self.connect(2)
            lock = a.lock("x", "EX")
            task = asyncio.ensure_future(b.lock_async("x", "EX"))
            await until(lambda: len(a.query("x")[0].locks) == 2, a)
            lock.release()
            # A blocking call of the same client reads the grant; the task is cancelled before it runs again.
            self.cluster.eventually(lambda: b.query("x")[0].holders, "it was granted")
            b.sync()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await until(lambda: not a.query("x"), b)

        self.run_in_loop(main())

    def test_conversions_and_notices_come_through_the_loop(self):
        async def main():
            a, b = self.connect(1), self.connect(2)
            told = asyncio.Event()

            def give_way(lock, wanted):
                self.assertEqual(wanted, holdfast.Mode.EX)
                told.set()

            lock = await a.lock_async("x", "NL", on_notice=give_way)
            await lock.convert_async("PR")
            other = asyncio.ensure_future(b.lock_async("x", "EX"))
            await told.wait()
            await lock.convert_async("NL")
            async with await other as mine:
                self.assertTrue(mine.held())
                with self.assertRaises(holdfast.Blocked):
                    await lock.convert_async("CR", noqueue=True)
            await lock.convert_async("EX")
            lock.write(b"value")
            await lock.release_async()

        self.run_in_loop(main())

    def test_a_daemon_that_dies_ends_what_waits(self):
        async def main():
            a, b = self.connect(1), self.connect(2)
            async with a.lock_async("x", "EX"):
                task = asyncio.ensure_future(b.lock_async("x", "EX"))
                await until(lambda: len(a.query("x")[0].locks) == 2, a)
                self.cluster.kill_daemon(2)
                with self.assertRaises(holdfast.SessionEnded):
                    await task
                self.assertIsInstance(b.ended, holdfast.SessionEnded)

        self.run_in_loop(main())

    def test_a_client_goes_from_one_loop_to_the_next_but_serves_one_at_a_time(self):
        client = self.connect(1)

        async def main():
            async with client.lock_async("x", "EX"):
                pass

        self.run_in_loop(main())
        self.run_in_loop(main())


if __name__ == "__main__":
    unittest.main()
