"""What hostile, careless and odd clients may do to a session of the built program. The letters in
the names are those of the attacks; most of them are golden dialogs in Tests/Fixtures/dialogs."""

import socket
import time
import unittest

from support import ServerCase, message, queued_id

MAIL = message()


class Delays(ServerCase):
    """A clock can only show that nothing came too early: a busy machine makes everything late."""

    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {"errorsUndelayedMax": 1, "errorDelaySecondsMax": 2}
        server.config["sessions"] = {"greetingDelaySeconds": 1}

    def test_the_greeting_waits(self):
        started = time.monotonic()
        with self.server.dialog() as dialog:
            # S21: what comes before the greeting is answered after it.
            dialog.send(b"EHLO client.example\r\n")
            dialog.expect(220)
            self.assertGreaterEqual(time.monotonic() - started, 0.9)
            dialog.expect(250)

    def test_answers_to_errors_wait_and_hold_up_nobody_else(self):
        with self.server.dialog() as slow:
            slow.expect(220)
            slow.command("NONSENSE", 500)
            started = time.monotonic()
            # In one write: who does not wait for answers gains nothing.
            slow.send(b"NONSENSE\r\nNONSENSE\r\nNOOP\r\nQUIT\r\n")
            self.server.send(MAIL)
            for code in (500, 500, 250, 221):
                slow.expect(code)
            self.assertGreaterEqual(time.monotonic() - started, 2.9)
            self.assertTrue(slow.is_at_end())

    def test_the_process_ends_without_waiting_for_them(self):
        self.addCleanup(self.server.start, ())
        with self.server.dialog() as dialog:
            dialog.expect(220)
            dialog.send(b"NONSENSE\r\n" * 6)
            dialog.expect(500)
            self.server.stop()
            dialog.expect(500)
            dialog.expect(421)
            self.assertTrue(dialog.is_at_end())


class EarlyTalkers(ServerCase):
    @classmethod
    def prepare(cls, server):
        server.config["sessions"] = {"greetingDelaySeconds": 3, "earlyTalkers": "refuse"}

    def test_s21_are_refused(self):
        with self.server.dialog() as dialog:
            dialog.send(b"EHLO client.example\r\n")
            self.assertRegex(dialog.expect(554), r"^5\.5\.1 ")
            self.assertTrue(dialog.is_at_end())

    def test_others_are_not(self):
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            dialog.send(MAIL + b".\r\n")
            queued_id(dialog.reply())


class Deaf(ServerCase):
    """Who sends and never reads."""

    def test_who_does_not_take_replies_is_not_listened_to(self):
        sends = (b"EHLO client.example\r\n" * 90
                 + b"MAIL FROM:<ada@sender.example>\r\nRCPT TO:<someone@example.test>\r\n"
                 + b"DATA\r\n\r\n.\r\n")
        with socket.socket() as link:
            # Small ones, so that what lies in the kernel is little beside what is sent.
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
            link.settimeout(3)
            link.connect(("127.0.0.1", self.server.port))
            sent = 0
            with self.assertRaises(TimeoutError):
                while sent < 8_000_000:
                    sent += link.send(sends)
            # Whoever else comes is served meanwhile.
            self.server.send(MAIL)
            # Once the replies are taken, it goes on, to the last of what was sent.
            link.settimeout(20)
            queued, rest = 0, b""
            while queued < sent // len(sends):
                piece = link.recv(1_000_000)
                self.assertTrue(piece)
                *lines, rest = (rest + piece).split(b"\n")
                queued += sum(b" Ok: queued as " in line for line in lines)


if __name__ == "__main__":
    unittest.main()
