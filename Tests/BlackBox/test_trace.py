"""`martlet trace`: dialogs as they are spoken, to whoever watches."""

import json
import signal
import subprocess
import threading
import unittest

from support import (
    BINARY, DEADLINE_SECONDS, ServerCase, eventually, large_body, martlet, message, unverified_tls,
)


class Tracer:
    """A `martlet trace` at work; its lines as they come."""

    def __init__(self, test, server, *arguments):
        self.server = server
        self.process = subprocess.Popen(
            [BINARY, "trace", "-c", server.config_path, "--json", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        test.addCleanup(self.close)
        # It says so once it does.
        said = self.process.stderr.readline()
        test.assertIn("watching", said)
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def texts(self, kind=None):
        return [line["text"] for line in list(self.lines)
                if "text" in line and kind in (None, line["kind"])]

    def wait(self):
        status = self.process.wait(DEADLINE_SECONDS)
        self.reader.join(DEADLINE_SECONDS)
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Trace(ServerCase):
    def saw_end(self, tracer):
        return any(line.get("kind") == "ended" for line in tracer.lines)

    def test_shows_a_dialog_and_none_of_its_data(self):
        tracer = Tracer(self, self.server)
        mail = self.server.send(message(body="Nobody else reads this."), tls=True)
        eventually(lambda: self.saw_end(tracer), "the session's end is told")
        tracer.process.send_signal(signal.SIGINT)
        tracer.wait()
        commands = [text.lower() for text in tracer.texts("command")]
        self.assertEqual(
            commands, ["ehlo client.example", "starttls", "ehlo client.example",
                       "mail from:<ada@sender.example>", "rcpt to:<someone@example.test>",
                       "data", "quit"])
        self.assertEqual([text[:6] for text in tracer.texts("tls")], ["TLSv1."])
        self.assertRegex(tracer.texts("data")[0], r"^\d+ bytes$")
        self.assertTrue(any(mail in text for text in tracer.texts("reply")))
        self.assertNotIn("Nobody else", json.dumps(tracer.lines))
        self.assertEqual({line["session"] for line in tracer.lines}, {tracer.lines[0]["session"]})
        self.assertEqual(tracer.lines[0]["kind"], "began")
        times = [line["at"] for line in tracer.lines]
        self.assertEqual(times, sorted(times))
        # Nobody is watched any more.
        self.server.send(message())

    def test_text_for_people(self):
        process = subprocess.Popen(
            [BINARY, "trace", "-c", self.server.config_path, "--count", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("watching", process.stderr.readline())
        self.server.send(message())
        output, _ = process.communicate(timeout=DEADLINE_SECONDS)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(output, r"\d\d:\d\d:\d\d\.\d{3} s\d+ -> rcpt TO:<someone@example\.test>")
        self.assertRegex(output, r" <- 250 2\.1\.5 ")

    def test_filters_show_whole_sessions_that_are_meant(self):
        for arguments in (("--recipient", "meant@"), ("--sender", "meant@"), ("--helo", "meant."),
                          ("--peer", "127.0.0.0/8", "--recipient", "meant@"),
                          ("--listener", str(self.server.port), "--recipient", "meant@")):
            tracer = Tracer(self, self.server, "--count", "1", *arguments)
            self.server.send(message())
            with self.server.dialog() as dialog:
                dialog.expect(220)
                dialog.command("EHLO meant.example", 250)
                dialog.command("MAIL FROM:<meant@sender.example>", 250)
                dialog.command("RCPT TO:<meant@example.test>", 250)
                dialog.command("QUIT", 221)
            self.assertEqual(tracer.wait(), 0)
            kinds = [line["kind"] for line in tracer.lines]
            self.assertEqual(kinds[0], "began")
            self.assertEqual(kinds[-1], "ended")
            self.assertEqual(tracer.texts("command")[0], "EHLO meant.example")
            self.assertNotIn("someone@", json.dumps(tracer.lines))

    def test_joins_a_session_under_way(self):
        with self.server.dialog() as dialog:
            dialog.expect(220)
            dialog.command("EHLO early.example", 250)
            tracer = Tracer(self, self.server, "--count", "1", "--helo", "early")
            dialog.command("NOOP", 250)
            dialog.command("QUIT", 221)
        self.assertEqual(tracer.wait(), 0)
        self.assertEqual(tracer.lines[0]["kind"], "joined")
        self.assertIn("early.example", tracer.lines[0]["text"])

    def test_hides_credentials_and_escapes_what_would_move_the_cursor(self):
        """H13: a client that tries AUTH here is refused, and what it tried is told to nobody."""
        tracer = Tracer(self, self.server, "--count", "1")
        with self.server.dialog() as dialog:
            dialog.expect(220)
            dialog.command("EHLO client.example", 250)
            dialog.command("AUTH PLAIN AHNlY3JldAB0b3BzZWNyZXQ=", 502)
            dialog.command("AUTH LOGIN", 502)
            dialog.command("dG9wc2VjcmV0", 500)
            dialog.send(b"NOOP \x1b[2J\xe2\x80\xae\r\n")
            dialog.reply()
            dialog.command("X" * 1_500, 500)
            dialog.command("QUIT", 221)
        self.assertEqual(tracer.wait(), 0)
        told = json.dumps(tracer.lines)
        for secret in ("AHNlY3JldAB0b3BzZWNyZXQ", "dG9wc2VjcmV0"):
            self.assertNotIn(secret, told)
            self.assertNotIn(secret, self.server.log())
        self.assertIn("AUTH PLAIN (hidden)", told)
        self.assertFalse(any("\x1b" in text or "\u202e" in text for text in tracer.texts()))
        self.assertLess(max(map(len, tracer.texts())), 700)

    def test_ends_by_itself(self):
        tracer = Tracer(self, self.server, "--for", "1s")
        self.assertEqual(tracer.wait(), 0)
        for wrong in (("--for", "0"), ("--for", "x"), ("--count", "0")):
            martlet("trace", "-c", self.server.config_path, *wrong, status=64)
        done = martlet("trace", "-c", self.server.config_path, "--peer", "x", status=1)
        self.assertIn("“x” is no address", done.stderr)

    def test_who_does_not_read_holds_nobody_up(self):
        """Its lines are lost instead, and that is said."""
        process = subprocess.Popen(
            [BINARY, "trace", "-c", self.server.config_path, "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("watching", process.stderr.readline())
        process.send_signal(signal.SIGSTOP)
        with self.server.client() as client:
            for _ in range(120):
                client.sendmail("ada@sender.example", ["a" * 60 + "@example.test"] * 90,
                                message(body=large_body(100)))
        process.send_signal(signal.SIGCONT)
        lost = 0
        for line in process.stdout:
            lost += json.loads(line).get("lost", 0)
            if lost:
                break
        process.kill()
        process.communicate()
        self.assertGreater(lost, 0)


if __name__ == "__main__":
    unittest.main()
