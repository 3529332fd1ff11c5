"""S6, S8, S16: masses of something, sent to the built program, whose memory has to stay flat.

The attacks are endless; here each is as large as a few seconds allow (64 MB, a million lines, a
hundred thousand recipients). The server cuts them off far earlier, and the tests look at how far it
has read, and at the most memory that it has ever held."""

import unittest

from support import ServerCase, message, queued_id

MAIL = message()
MEGABYTE = 1_048_576
MAIL_BYTES_MAX = 4 * MEGABYTE
# A debug build on a busy machine; what was sent would be several times this.
GROWTH_MAX = 40 * MEGABYTE


class Bombs(ServerCase):
    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {"mailBytesMax": MAIL_BYTES_MAX, "errorDelaySecondsMax": 0}

    def setUp(self):
        # What a first session and mail cost is paid before.
        self.server.send(MAIL)
        self.before = self.memory()

    def memory(self):
        """The most memory that the process has held, in bytes."""
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["VmHWM"].split()[0]) * 1024

    def assert_flat(self):
        self.assertLess(self.memory() - self.before, GROWTH_MAX)
        # And others are served.
        self.server.send(MAIL)

    def bomb(self, dialog, piece, bytes_max):
        """Sends `piece` again and again until the server has closed, or `bytes_max` were sent;
        answers how many were, and the server's last line."""
        sent = 0
        try:
            while sent < bytes_max:
                dialog.send(piece)
                sent += len(piece)
        except (ConnectionError, TimeoutError):
            pass
        last = ""
        while (line := dialog.line()) is not None:
            last = line
        return sent, last

    def check(self, before, piece, codes, bytes_max=64 * MEGABYTE, last=r"^421 "):
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.send(before)
            for code in codes:
                dialog.expect(code)
            sent, line = self.bomb(dialog, piece, bytes_max)
        self.assertLess(sent, bytes_max)
        # A reset may have overtaken the last line.
        if line:
            self.assertRegex(line, last)
        self.assert_flat()

    def test_s16_a_command_without_an_end(self):
        self.check(b"", b"x" * 65_536, ())

    def test_s16_a_mail_of_one_line_without_an_end(self):
        self.check(b"DATA\r\n", b"x" * 65_536, (354,))

    def test_s8_a_mail_without_an_end(self):
        self.check(b"DATA\r\n", (b"x" * 70 + b"\r\n") * 1000, (354,))

    def test_s8_a_chunk_of_ten_gigabytes(self):
        self.check(b"BDAT 10000000000 LAST\r\n", (b"x" * 70 + b"\r\n") * 1000, ())

    def test_s8_a_chunk_that_was_refused_before_it_came(self):
        self.check(b"RSET\r\nBDAT 10000000000 LAST\r\n", b"x" * 65_536, (250,))

    def test_s6_a_million_chunks_of_a_byte(self):
        self.check(b"", b"BDAT 1\r\nx" * 1000, (), bytes_max=9_000_000)

    def test_s6_empty_chunks_without_an_end(self):
        self.check(b"", b"BDAT 0\r\n" * 1000, (), bytes_max=8_000_000)

    def test_s16_a_hundred_thousand_recipients(self):
        recipients = b"".join(
            f"RCPT TO:<user{number}@example.test>\r\n".encode() for number in range(1000))
        self.check(b"", recipients, ())

    def test_s16_a_million_header_fields(self):
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            # 3 bytes each, so that the mail is smaller than its limit and ends.
            dialog.send(b"a:\n".replace(b"\n", b"\r\n") * 1_000_000 + b"\r\nx\r\n.\r\n")
            self.assertRegex(dialog.expect(552), r"^5\.3\.4 ")
            dialog.command("QUIT", 221)
        self.assert_flat()

    def test_the_session_after_a_bomb_that_fits(self):
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            dialog.send(b"Subject: large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 50_000 + b".\r\n")
            queued_id(dialog.reply())
            dialog.command("QUIT", 221)
        self.assert_flat()


if __name__ == "__main__":
    unittest.main()
