# SPDX-License-Identifier: Apache-2.0
"""Wrong usage is refused with what is allowed, and help tells the truth. Needs no daemon."""

import re
import subprocess
import unittest

from harness import HOLDFAST, environment


def holdfast(*arguments):
    return subprocess.run([HOLDFAST, *arguments], env=environment(), capture_output=True, text=True,
                          errors="surrogateescape", stdin=subprocess.DEVNULL, check=False)


def verbs():
    text = holdfast("--help").stdout.partition("Options for every verb")[0]
    return re.findall(r"^  ([a-z]+) {2,}\S", text, re.MULTILINE)


class Usage(unittest.TestCase):
    def refused(self, arguments, *says):
        done = holdfast(*arguments)
        self.assertEqual(done.returncode, 2, f"{arguments}: {done.stderr}")
        self.assertEqual(done.stdout, "")
        for text in says:
            self.assertIn(text, done.stderr)

    def test_an_unknown_verb_names_the_known_ones(self):
        self.refused(["frobnicate"], "unknown verb 'frobnicate'", *verbs())
        self.refused([], "which verb?")

    def test_an_unknown_mode_names_the_modes(self):
        self.refused(["run", "--mode", "XX", "a", "--", "true"], "'XX'", "NL CR CW PR PW EX")
        self.refused(["lock", "--mode", "exclusive", "a"], "NL CR CW PR PW EX")

    def test_a_wrong_time_names_the_units(self):
        for time in ("5", "5 s", "1.5s", "soon", "-1s"):
            self.refused(["run", f"--wait={time}", "a", "--", "true"], f"'{time}'", "ms, s, m, h")

    def test_run_without_a_command_says_how_to_write_it(self):
        self.refused(["run", "a"], "-- COMMAND")
        self.refused(["run", "a", "--"], "-- COMMAND")
        self.refused(["run", "--", "true"], "NAME is required")

    def test_waiting_and_not_waiting_exclude_each_other(self):
        self.refused(["lock", "--wait", "1s", "--no-wait", "a"], "--wait", "--no-wait")

    def test_a_long_name_is_refused_with_the_limit(self):
        self.refused(["lock", "a" * 256], "256 bytes", "255")

    def test_an_empty_name_is_refused(self):
        for verb in (["run", "", "--", "true"], ["lock", ""], ["value", ""], ["show", ""]):
            self.refused(verb, "the name is empty", "--escaped")

    def test_wrong_escapes_are_refused(self):
        self.refused(["show", "--escaped", "a\\q"], "xNN")
        self.refused(["value", "a", "--set-escaped", "\\x4"], "xNN")

    def test_unknown_options_and_numbers_out_of_range_are_refused(self):
        self.refused(["ls", "--frob"], "--frob")
        self.refused(["--node", "2", "ls"], "--dir")
        self.refused(["ls", "--socket", "/s", "--node", "2"], "--dir")
        self.refused(["up", "--nodes", "0"], "1 to 128")
        self.refused(["up", "--lease", "1"], "100")
        self.refused(["up", "--mastering", "last"], "first", "home")
        self.refused(["view", "set", "--epoch", "1", "--member", "x"], "N=ADDRESS:PORT@INCARNATION")
        self.refused(["view", "set", "--epoch", "0", "--member", "1=127.0.0.1:1@1"], "epoch")
        self.refused(["view", "set", "--epoch", "1", "--member", "1=127.0.0.1:1@1,colour=2"], "votes=V", "weight=W")
        two = ["view", "set", "--epoch", "1", "--member", "1=127.0.0.1:1@1,votes=2"]
        self.refused([*two, "--votes", "1"], "have 2 already")
        self.refused([*two, "--device-votes", "1"], "--device-timeout")
        self.refused([*two, "--device-timeout", "1s"], "--device-votes")
        self.refused([*two, "--device-votes", "1", "--device-timeout", "soon"], "ms, s, m, h")
        self.refused([*two, "--tie-breaker", "0"], "'0' is no node; allowed is a number from 1")
        self.refused(["up", "--fence-hook-timeout", "0"], "1 to 3600000")
        self.refused(["node", "fence-ack", "0"], "'0' is no node; allowed is a number from 1")

    def test_no_daemon_is_exit_code_69_and_says_what_to_start(self):
        for verb in (["ls"], ["status"], ["show", "a"], ["lock", "a"], ["value", "a"], ["run", "a", "--", "true"]):
            done = holdfast("--socket", "/nonexistent/holdfast.sock", *verb)
            self.assertEqual(done.returncode, 69, verb)
            self.assertIn("/nonexistent/holdfast.sock", done.stderr)
            self.assertIn("holdfast up", done.stderr)

    def test_every_verb_has_help_with_an_example(self):
        self.assertGreater(len(verbs()), 10)
        for verb in set(verbs()) - {"sim", "bench"}:
            done = holdfast(verb, "--help")
            self.assertEqual(done.returncode, 0, verb)
            self.assertIn(f"holdfast {verb}", done.stdout)

    def test_no_colours_without_a_terminal(self):
        self.assertNotIn("\x1b", holdfast("--help").stdout + holdfast("frob").stderr)

    def test_the_completion_knows_every_verb_and_only_those(self):
        script = holdfast("completion", "bash").stdout
        known = re.search(r'verbs="([^"]*)"', script).group(1).split()
        self.assertEqual(sorted(known), sorted(verbs()))
        check = subprocess.run(["bash", "-n"], input=script, text=True, check=False)
        self.assertEqual(check.returncode, 0)

    def complete(self, *words):
        script = holdfast("completion", "bash").stdout
        words = " ".join(f"'{word}'" for word in words)
        ask = f'{script}\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _holdfast; echo "${{COMPREPLY[@]}}"'
        return subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True).stdout.split()

    def test_completion_completes(self):
        self.assertEqual(self.complete("holdfast", "st"), ["status"])
        self.assertEqual(self.complete("holdfast", "run", "--mode", "P"), ["PR", "PW"])
        self.assertIn("--detach", self.complete("holdfast", "--dir", "/tmp", "up", "--d"))


if __name__ == "__main__":
    unittest.main()
