# SPDX-License-Identifier: Apache-2.0
"""`holdfast run` when nobody is killed: exit codes, environment, signals, exclusion, terminals."""

import os
import pty
import re
import select
import signal
import time
import unittest

from harness import HOLDFAST, PATIENCE, Cluster, Program, TestCase, is_running


class Run(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(_ClassCleanup(cls), nodes=3)

    def run_command(self, *command, options=(), name=None, node=1):
        return self.cluster.run("run", *options, name or self.id(), "--", *command, node=node)

    def start(self, *command, options=(), name=None, node=1):
        program = self.cluster.start_verb("run", *options, name or self.id(), "--", *command, node=node)
        return program

    def assert_free(self, name=None):
        self.assertEqual(self.cluster.run("lock", "--no-wait", name or self.id(), node=2).returncode, 0)

    def test_its_exit_code_is_that_of_the_command(self):
        for code in (0, 7, 255):
            self.assertEqual(self.run_command("sh", "-c", f"exit {code}").returncode, code)
        self.assert_free()

    def test_a_signal_that_ends_the_command_is_128_and_its_number(self):
        self.assertEqual(self.run_command("sh", "-c", "kill -TERM $$").returncode, 128 + signal.SIGTERM)

    def test_a_command_that_does_not_exist_or_cannot_run_is_127_or_126(self):
        done = self.run_command("/nonexistent/program")
        self.assertEqual(done.returncode, 127)
        self.assertIn("cannot run '/nonexistent/program': No such file", done.stderr)
        self.assertEqual(self.run_command("/etc/passwd").returncode, 126)
        self.assert_free()

    def test_the_command_finds_token_name_and_mode(self):
        script = "echo $HOLDFAST_TOKEN $HOLDFAST_NAME $HOLDFAST_MODE"
        first = self.run_command("sh", "-c", script).stdout.split()
        second = self.run_command("sh", "-c", script, options=["--mode", "pw"], node=2).stdout.split()
        self.assertRegex(first[0], "^[0-9a-f]{32}$")
        self.assertEqual(first[1:], [self.id(), "EX"])
        self.assertEqual(second[1:], [self.id(), "PW"])
        self.assertGreater(second[0], first[0], "tokens only grow")

    def test_arguments_behind_the_dashes_belong_to_the_command(self):
        self.assertEqual(self.run_command("echo", "--mode", "--", "-n", "x").stdout, "--mode -- -n x\n")

    def test_input_and_output_are_the_commands(self):
        done = self.cluster.run("run", self.id(), "--", "tr", "a-z", "A-Z", stdin="held\n")
        self.assertEqual((done.stdout, done.stderr), ("HELD\n", ""))

    def test_not_granted_is_75_and_names_who_has_it(self):
        holder = self.cluster.start_verb("lock", self.id(), "--label", "the holder", node=3)
        holder.line("granted EX")
        for patience in (["--no-wait"], ["--wait", "100ms"], ["--wait", "0"]):
            done = self.run_command("true", options=patience)
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assertIn(self.id(), done.stderr)
            self.assertIn(f"held in EX at n3: pid {holder.pid}", done.stderr)
        holder.end_input()
        self.assertEqual(holder.code(), 0)
        self.assert_free()

    def test_two_shells_on_two_nodes_exclude_each_other(self):
        first = self.start("sh", "-c", "echo in; cat")
        first.line("in")
        second = self.start("sh", "-c", "echo in", node=2)
        self.cluster.wait_until_waiting(self.id(), node=3)
        rows = self.cluster.locks(self.id(), node=3)
        self.assertEqual([(row["standing"], row["node"]) for row in rows], [("granted", 1), ("waiting", 2)])
        for row, program in zip(rows, (first, second)):
            self.assertIn("holdfast run", row["owner"]["command"])
            self.assertTrue(is_running(row["owner"]["pid"]))
            self.assertRegex(row["since"], r"^20\d\d-\d\d-\d\dT")
        first.end_input()
        self.assertEqual(first.code(), 0)
        second.line("in")
        self.assertEqual(second.code(), 0)
        self.assert_free()

    def test_readers_share(self):
        first = self.start("sh", "-c", "echo in; cat", options=["--mode", "PR"])
        first.line("in")
        self.assertEqual(self.run_command("true", options=["--mode", "PR", "--no-wait"], node=2).returncode, 0)
        self.assertEqual(self.run_command("true", options=["--no-wait"], node=2).returncode, 75)

    def test_signals_to_the_wrapper_reach_the_command(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            name = number.name.removeprefix("SIG")
            program = self.start("sh", "-c", f"trap 'echo caught; exit 9' {name}; echo in; while :; do read x; done")
            program.line("in")
            program.send(number)
            program.line("caught")
            self.assertEqual(program.code(), 9)

    def test_a_signal_in_the_very_moment_of_the_start_reaches_the_command(self):
        # The command itself sends it first thing: the wrapper may not know yet that there is a command.
        script = "trap 'exit 9' USR1; kill -USR1 $WRAPPER; while :; do read x; done"
        wrapper = f'WRAPPER=$$ exec {HOLDFAST} run {self.id()} -- sh -c "$1"'
        for _ in range(100):
            program = Program(self, ["sh", "-c", wrapper, "sh", script], env=self.cluster.env())
            self.assertEqual(program.code(), 9, program.errors())

    def test_signals_to_the_process_that_queries_show_reach_the_command(self):
        program = self.start("sh", "-c", "trap 'exit 9' TERM; echo in; while :; do read x; done")
        program.line("in")
        os.kill(self.cluster.watcher_of(self.id()), signal.SIGTERM)
        self.assertEqual(program.code(), 9)

    def test_a_wait_for_the_lock_ends_with_a_signal(self):
        holder = self.cluster.start_verb("lock", self.id())
        holder.line("granted")
        waiter = self.start("true", node=2)
        self.cluster.wait_until_waiting(self.id())
        waiter.send(signal.SIGINT)
        self.assertEqual(waiter.code(), 128 + signal.SIGINT)
        self.cluster.eventually(lambda: len(self.cluster.locks(self.id())) == 1, "the waiter is gone")

    def test_it_returns_when_the_last_process_is_gone(self):
        script = "exec 3<&0; sh -c 'echo $$; exec cat <&3' & exit 4"
        program = self.start("sh", "-c", script)
        background = int(program.line(r"^(\d+)$").group(1))
        self.assertTrue(is_running(background))
        self.assertEqual(self.run_command("true", options=["--no-wait"], node=2).returncode, 75)
        program.end_input()
        self.assertEqual(program.code(), 4)
        self.assertFalse(is_running(background))
        self.assert_free()

    def test_names_and_lockspaces(self):
        held = self.start("sh", "-c", "echo in $HOLDFAST_NAME; cat", options=["--escaped", "--lockspace", "other"],
                          name="a\\xff\\x01b")
        held.line(re.escape("in a\\xff\\x01b"))
        listed = self.cluster.run("ls", "--lockspace", "other", node=2).stdout
        self.assertRegex(listed, r"(?m)^other +a\\xff\\x01b +held ")
        self.assertEqual(self.run_command("true", options=["--no-wait"], name=b"a\xff\x01b").returncode, 0)

    def start_on_terminal(self, script, shell="sh"):
        return Terminal(self, [shell, "-c", script], self.cluster.env())

    def test_the_command_can_read_from_the_terminal(self):
        terminal = self.start_on_terminal(
            f"{HOLDFAST} run {self.id()} -- sh -c 'echo ready; read x; echo got $x; exit 3'")
        terminal.read_until("ready")
        terminal.type("typed\n")
        terminal.read_until("got typed")
        self.assertEqual(terminal.code(), 3)

    def test_a_command_in_a_pipe_gets_the_terminal_when_it_asks(self):
        terminal = self.start_on_terminal(
            f"{HOLDFAST} run {self.id()} -- sh -c 'echo ready; read x; echo got $x' | cat")
        terminal.read_until("ready")
        terminal.type("typed\n")
        terminal.read_until("got typed")
        self.assertEqual(terminal.code(), 0)

    def test_control_c_ends_the_command_and_the_terminal_comes_back(self):
        terminal = self.start_on_terminal(
            f"{HOLDFAST} run {self.id()} -- sh -c 'echo ready; exec cat'; echo code $?; read x; echo shell got $x")
        terminal.read_until("ready")
        terminal.type("\x03")
        terminal.read_until("code 130")
        terminal.type("after\n")
        terminal.read_until("shell got after")
        self.assertEqual(terminal.code(), 0)

    def test_control_z_stops_it_and_fg_continues(self):
        terminal = self.start_on_terminal(
            f"set -m; {HOLDFAST} run {self.id()} -- sh -c 'echo ready; read x; echo got $x'; echo stopped; fg", "bash")
        terminal.read_until("ready")
        terminal.type("\x1a")
        terminal.read_until("stopped")
        terminal.type("typed\n")
        terminal.read_until("got typed")
        self.assertEqual(terminal.code(), 0)


class Terminal:
    """A program with a terminal of its own."""

    def __init__(self, test, arguments, env):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(arguments[0], arguments, env)
        test.addCleanup(self.end)

    def end(self):
        # Closing it hangs up on everybody who has it.
        os.close(self.fd)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def type(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"the terminal never said '{text}' but: {self.seen}")
            try:
                self.seen += os.read(self.fd, 1024).decode(errors="replace")
            except OSError as error:
                raise AssertionError(f"the terminal was closed before it said '{text}': {self.seen}") from error

    def code(self):
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)


class _ClassCleanup:
    """Lets a fixture of the whole class use addCleanup."""

    def __init__(self, cls):
        self.addCleanup = cls.addClassCleanup


if __name__ == "__main__":
    unittest.main()
