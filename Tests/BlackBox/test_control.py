"""The control socket as something that is attacked: whoever may not ask, and garbage. H11"""

import json
import os
import random
import socket
import stat
import subprocess
import time
import unittest

from support import DEADLINE_SECONDS, IS_ROOT, PYTHON, ServerCase, eventually, martlet

REQUEST_BYTES_MAX = 1_048_576
CONNECTIONS_MAX = 32
SECONDS_MAX = 10


class Control(ServerCase):
    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        self.addCleanup(connection.close)
        connection.settimeout(DEADLINE_SECONDS)
        connection.connect(self.server.path("data", "control.sock"))
        return connection

    def answers(self, connection):
        """Every line until the other end closes."""
        received = b""
        while True:
            try:
                piece = connection.recv(65_536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return [json.loads(line) for line in received.splitlines()]
            received += piece

    def ask(self, content):
        """Sends all of it, closes this side, and answers what comes back."""
        connection = self.connect()
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass
        return self.answers(connection)

    def assert_serves(self):
        self.assertEqual(self.server.json("status")["hostname"], "mx.example.test")

    def test_only_its_owner_may_open_it(self):
        mode = stat.S_IMODE(os.stat(self.server.path("data", "control.sock")).st_mode)
        self.assertEqual(mode, 0o600)

    @unittest.skipUnless(IS_ROOT, "needs root to become somebody else")
    def test_nobody_else_is_answered_whatever_the_mode(self):
        path = self.server.path("data", "control.sock")
        os.chmod(path, 0o666)
        self.addCleanup(os.chmod, path, 0o600)
        os.chmod(self.server.folder, 0o755)
        self.addCleanup(os.chmod, self.server.folder, 0o700)
        code = ("import socket, sys\n"
                "s = socket.socket(socket.AF_UNIX)\n"
                "s.connect(sys.argv[1])\n"
                "s.sendall(b'{\"status\":{}}\\n')\n"
                "print(s.makefile().read())\n")
        done = subprocess.run([PYTHON, "-c", code, path], user=65_534, capture_output=True,
                              text=True, timeout=DEADLINE_SECONDS)
        self.assertIn("only root and the server's own user may ask", done.stdout, done.stderr)
        self.assertNotIn("hostname", done.stdout)
        self.server.eventually(
            lambda: self.server.log_lines("a control connection was refused", "user=65534"),
            "it is told")
        self.assert_serves()

    def test_says_what_it_expects_and_nothing_of_how_it_reads(self):
        for line in (b"", b"x", b"{}", b"null", b"[]", b"{\"status\":7}", b"{\"nothing\":{}}",
                     b"{\"showMail\":{}}", b"{\"showMail\":{\"id\":7}}", b"\xff\xfe\0",
                     b"[" * 5_000, b"{\"status\":{}}{\"status\":{}}"):
            answers = self.ask(line + b"\n")
            self.assertEqual(len(answers), 1, line)
            failure = answers[0]["failed"]["_0"]
            self.assertEqual(failure["kind"], "invalid")
            self.assertIn("expected one JSON object a line", failure["message"])
            for word in ("Decoding", "Context", "CodingKey", "debugDescription", "Swift"):
                self.assertNotIn(word, failure["message"])

    def test_a_line_at_the_limit_and_beyond(self):
        request = b"{\"status\":{}}"
        answers = self.ask(request.ljust(REQUEST_BYTES_MAX) + b"\n")
        self.assertIn("status", answers[0])
        for content in (request.ljust(REQUEST_BYTES_MAX + 1) + b"\n",
                        b"x" * (REQUEST_BYTES_MAX * 4)):
            answers = self.ask(content)
            self.assertIn("at most 1048576 bytes", answers[-1]["failed"]["_0"]["message"])
        self.assert_serves()

    def test_answers_one_after_another_though_all_is_sent_at_once(self):
        answers = self.ask(b"{\"status\":{}}\n{\"listIdentities\":{}}\nx\n{\"listRuleSets\":{}}\n")
        self.assertEqual([next(iter(each)) for each in answers],
                         ["status", "identities", "failed", "ruleSets"])

    def test_too_many_connections_are_told_so(self):
        def is_refused():
            # Anew for each look: who asks nothing is sent away after a while.
            held = [self.connect() for _ in range(CONNECTIONS_MAX)]
            answers = self.ask(b"{\"status\":{}}\n")
            for connection in held:
                connection.close()
            return any("at work already" in json.dumps(each) for each in answers)

        eventually(is_refused, "one is too many")
        eventually(lambda: any("status" in each for each in self.ask(b"{\"status\":{}}\n")),
                   "there is room again")

    def test_who_asks_nothing_is_sent_away(self):
        """Though it sends a byte now and then."""
        connection = self.connect()
        begin = time.monotonic()
        while time.monotonic() < begin + DEADLINE_SECONDS:
            try:
                connection.sendall(b" ")
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(0.25)
        self.assertLess(time.monotonic() - begin, SECONDS_MAX * 3)
        self.assertGreater(time.monotonic() - begin, SECONDS_MAX / 2)

    def test_garbage_does_it_no_harm(self):
        source = random.Random(7)
        pieces = [b"{\"", b"status", b"\":{", b"}}", b"\n", b"\0", b"\xff", b"\\u0000", b"[[[[",
                  b"\"listMails\":{\"_0\":{\"limit\":-1,\"states\":[],", b"1e999", b"\"\\ud800\"",
                  b"{\"rawMail\":{\"id\":\"..\",\"isStored\":true}}\n",
                  b"{\"removeMail\":{\"id\":\"%\"}}\n",
                  b"{\"addIdentity\":{\"name\":\"a\\u0000b\"}}\n",
                  b"{\"backup\":{\"folder\":\"x\"}}\n", b"{\"backup\":{\"folder\":\"/\\u0000\"}}\n",
                  b"{\"listMails\":{\"_0\":{\"limit\":-9223372036854775808,\"states\":[],"
                  b"\"isUntakenOnly\":false,\"hasDeadActionsOnly\":false}}}\n",
                  b"{\"watchSessions\":{\"_0\":{\"peer\":\"x/99\"}}}\n"]
        for _ in range(300):
            if source.random() < 0.5:
                content = bytes(source.randrange(256) for _ in range(source.randrange(200)))
            else:
                content = b"".join(source.choices(pieces, k=source.randrange(1, 12)))
            connection = self.connect()
            try:
                connection.sendall(content)
                if source.random() < 0.7:
                    connection.shutdown(socket.SHUT_WR)
                    self.answers(connection)
            except (BrokenPipeError, ConnectionResetError):
                pass
            connection.close()
        self.assert_serves()
        self.assertIsNone(self.server.process.poll())


class Commands(ServerCase):
    """What people give to commands, taken as it is meant or refused with a reason."""

    def test_send_test_takes_the_null_path_and_no_line_ends(self):
        address = f"127.0.0.1:{self.server.port}"
        for sender in ("<>", ""):
            martlet("send-test", "--server", address, "--to", "a@example.test", "--from", sender,
                    "--quiet")
        self.assertEqual([mail["mailFrom"] for mail in self.server.mails()], ["", ""])
        for subject in ("a\nBcc: b@example.test", "a\rb", "a\r\n\r\nbody"):
            done = martlet("send-test", "--server", address, "--to", "a@example.test",
                           "--subject", subject, status=64)
            self.assertIn("line", done.stderr)
        self.assertEqual(len(self.server.mails()), 2)

    def test_rules_check_says_why_something_is_no_rule_file(self):
        pipe = self.server.path("pipe.yaml")
        os.mkfifo(pipe)
        large = self.server.path("large.yaml")
        with open(large, "wb") as file:
            file.truncate(64 << 20)
        for path, reason in ((pipe, "no regular file"), (self.server.path("rules"), "is a folder"),
                             (self.server.path("none.yaml"), "No such file"), (large, "bytes")):
            done = martlet("rules", "check", path, status=2)
            self.assertIn(path, done.stderr)
            self.assertIn(reason, done.stderr)


if __name__ == "__main__":
    unittest.main()
