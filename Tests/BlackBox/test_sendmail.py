"""`sendmail` as cron, PHP and mailers call it, and the socket that it submits to."""

import contextlib
import email
import email.policy
import grp
import json
import os
import pwd
import select
import shutil
import socket
import sqlite3
import stat
import subprocess
import tempfile
import time
import unittest

from local_sending import arrived, sending_server
from support import BINARY, DEADLINE_SECONDS, IS_ROOT, eventually, martlet

# sysexits.h
EX_OK, EX_USAGE, EX_DATAERR, EX_NOUSER, EX_UNAVAILABLE = 0, 64, 65, 67, 69
EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = 75, 77, 78

MAIL = "From: Shop <shop@example.test>\nTo: ada@far.example\nSubject: Order\n\nHello.\n"


class Sendmail(unittest.TestCase):
    def setUp(self):
        self.server, self.hop = sending_server(self)
        self.bin = tempfile.mkdtemp(prefix="martlet-bin-")
        self.addCleanup(shutil.rmtree, self.bin)
        os.chmod(self.bin, 0o755)
        for name in ("sendmail", "mailq", "newaliases"):
            os.symlink(BINARY, os.path.join(self.bin, name))
        self.program = os.path.join(self.bin, "sendmail")

    def run_as(self, name, *arguments, mail=MAIL, status=EX_OK, **settings):
        """Calls a program as cron does: arguments, a mail on standard input."""
        content = mail if isinstance(mail, bytes) else mail.encode()
        done = subprocess.run(
            [os.path.join(self.bin, name), *arguments], input=content, capture_output=True,
            timeout=DEADLINE_SECONDS, check=False,
            env={**os.environ, "MARTLET_CONFIG": self.server.config_path, **settings.pop("env", {})},
            **settings)
        self.assertEqual(
            done.returncode, status, f"{name} {arguments}: {done.stdout} {done.stderr}")
        return done

    def sendmail(self, *arguments, **settings):
        return self.run_as("sendmail", *arguments, **settings)

    def taken(self, count=1):
        eventually(lambda: len(self.hop.taken) >= count, f"{count} mails have arrived")
        return [(to, email.message_from_bytes(text.encode(), policy=email.policy.default))
                for to, text in arrived(self.hop)]

    def test_recipients_of_the_mail_and_of_the_arguments(self):
        self.sendmail(
            "-t", "-i", "bob@far.example",
            mail=MAIL.replace("Subject", "Bcc: eve@far.example\nCc: Joe <joe@far.example>\nSubject"))
        taken = self.taken(4)
        self.assertEqual({to.split("@")[0] for to, _ in taken}, {"ada", "bob", "eve", "joe"})
        mail = taken[0][1]
        self.assertIsNone(mail["Bcc"])
        self.assertEqual(mail["To"], "ada@far.example")
        user = pwd.getpwuid(os.geteuid()).pw_name
        self.assertIn(f"(from user {user}, uid {os.geteuid()})", mail["Received"])
        self.assertTrue(mail["Date"] and mail["Message-ID"])
        self.assertEqual(len(self.server.log_lines(" submitted ", f"{user} ({os.geteuid()})")), 1)

    def test_a_dot_alone(self):
        mail = MAIL + ".\nMore.\n"
        self.sendmail("ada@far.example", mail=mail)
        self.assertEqual(self.taken()[0][1].get_content(), "Hello.")
        for number, option in enumerate(["-i", "-oi", "-oitrue", "-ti"]):
            self.sendmail(option, "ada@far.example", mail=mail)
            self.assertEqual(self.taken(number + 2)[-1][1].get_content(), "Hello.\n.\nMore.")

    def test_cron_calls_it(self):
        """What Debian's cron runs, and writes."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        self.server.cli("identity", "add", "mx.example.test", "--trusted")
        self.sendmail(
            "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "ada@far.example",
            mail=f"From: {user} (Cron Daemon)\nTo: ada@far.example\n"
                 f"Subject: Cron <{user}@host> /usr/local/bin/backup\nMIME-Version: 1.0\n"
                 "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
                 f"X-Cron-Env: <SHELL=/bin/sh>\n\n10%\r20%\r\ndisk f\u00fcll\n{'x' * 3000}\n")
        mail = self.taken()[0][1]
        self.assertIn(f"{user}@mx.example.test", mail["From"])
        lines = mail.get_content().splitlines()
        self.assertEqual(lines[:3], ["10%", "20%", "disk f\u00fcll"])
        self.assertEqual("\n".join(lines[3:]).replace("\n ", ""), "x" * 3000)

    def test_a_text_alone_is_a_mail(self):
        self.sendmail("-f", "shop@example.test", "-F", "The Shop", "ada@far.example",
                      mail="disk full\nSubject: not a header\n")
        mail = self.taken()[0][1]
        self.assertEqual(mail["From"], "The Shop <shop@example.test>")
        self.assertIsNone(mail["Subject"])
        self.assertEqual(mail.get_content(), "disk full\nSubject: not a header")

    def test_who_submits_stands_for_who_sends(self):
        self.server.cli("identity", "remove", "example.test")
        user = pwd.getpwuid(os.geteuid()).pw_name
        done = self.sendmail("ada@far.example", mail="disk full\n", status=EX_NOPERM)
        self.assertIn(f"{user}@mx.example.test".encode(), done.stderr)
        self.assertIn(b"is not verified", done.stderr)
        self.server.cli("identity", "add", f"{user}@mx.example.test", "--trusted")
        self.sendmail("ada@far.example", mail="disk full\n")
        self.assertEqual(self.taken()[0][1]["From"], f"{user}@mx.example.test")
        self.sendmail("ada@far.example", status=EX_NOPERM)

    def test_options(self):
        for number, options in enumerate([
                ["-om", "-oo", "-or1h", "-G", "-U", "-v", "-vv", "-n", "-m", "-x"],
                ["-h", "3", "-p", "x", "-L", "x", "-O", "Timeout=3", "-X", "/dev/null", "-Am"],
                ["-B", "7BIT", "-N", "success,failure", "-R", "hdrs", "-V", "abc", "-bm"],
                ["-N", "never", "-o", "i", "-r", "shop@example.test"], ["-f", "<>"], ["-f", ""],
                ["-f", "shop@example.test", "--"]]):
            with self.subTest(options=options):
                self.sendmail(*options, "ada@far.example")
                self.taken(number + 1)
        for options in [
                ["-bs"], ["-bd"], ["-bv"], ["-bh"], ["-bl"], ["-q1h"], ["-qSx"], ["-z"], ["-N", "x"],
                ["-R", "x"], ["-B", "x"], ["-V", "a=b"], ["-V", "a\r\nb"], ["-f"], []]:
            with self.subTest(options=options):
                arguments = [*options, "ada@far.example"] if options not in ([], ["-f"]) else options
                done = self.sendmail(*arguments, status=EX_USAGE)
                self.assertTrue(done.stderr.startswith(b"sendmail: "), done.stderr)
        self.sendmail("-bi", mail="")
        self.run_as("newaliases", mail="")
        self.assertIn(b"SMTP", self.sendmail("-bs", status=EX_USAGE).stderr)
        self.assertIn("sysexits.h", martlet("sendmail", "--help").stdout)

    def test_what_is_wrong_is_said_by_the_status(self):
        """S13: nothing in addresses, names and headers can be another command or field."""
        many = [f"a{number}@far.example" for number in range(51)]
        for arguments, mail, status in [
                (["ada@"], MAIL, EX_NOUSER), (["a b"], MAIL, EX_NOUSER), ([""], MAIL, EX_NOUSER),
                (["ada@far.example\r\nRCPT TO:<x@y.example>"], MAIL, EX_NOUSER),
                (["ada@far.example\n"], MAIL, EX_NOUSER), (["ada\r@far.example"], MAIL, EX_NOUSER),
                (["-f", "a@example.test\r\nX", "ada@far.example"], MAIL, EX_NOPERM),
                (["-f", "a@other.example", "ada@far.example"], MAIL, EX_NOPERM),
                (["-F", "Eve\r\nBcc: x@far.example", "ada@far.example"], "x\n", EX_USAGE),
                (many, MAIL, EX_DATAERR), (["-t"], "From: a@example.test\n\nx\n", EX_DATAERR),
                (["-t"], MAIL.replace("ada@far.example", "ada@@far.example"), EX_DATAERR),
                (["ada@far.example"], "From: a@example.test\rBcc: x@far.example\n\nx\n", EX_DATAERR),
                (["ada@far.example"], "From: a@example.test\nX: a\0b\n\nx\n", EX_DATAERR),
                (["ada@far.example"], "From: a@example.test\nFrom: b@other.example\n\nx\n",
                 EX_DATAERR),
                (["ada@far.example"], f"From: a@example.test\nX: {'x' * 999}\n\nx\n", EX_DATAERR),
                (["ada@far.example"], MAIL.replace("example.test", "other.example"), EX_NOPERM),
                (["-C", "/nowhere", "ada@far.example"], MAIL, EX_CONFIG)]:
            with self.subTest(arguments=arguments, mail=mail):
                done = self.sendmail(*arguments, mail=mail, status=status)
                self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        self.assertEqual(self.server.json("queue", "sent"), [])
        self.assertEqual(self.hop.taken, [])

    def test_a_header_is_told_of_by_the_lines_of_its_text(self):
        for mail, line in [
                ("To: a\nX: b\nY: \0\n\nx\n", 3),
                ("From ada\nFrom: a@example.test\nY: \0\n\nx\n", 3),
                ("From: a@example.test\nX: " + "word " * 300 + "\nY: \0\n\nx\n", 3)]:
            with self.subTest(mail=mail):
                done = self.sendmail("ada@far.example", mail=mail, status=EX_DATAERR)
                self.assertIn(f"(line {line})".encode(), done.stderr)

    def test_long_lines_are_broken(self):
        """RFC 5322 2.1.1, in the header where there is a space."""
        self.sendmail(
            "ada@far.example", mail="From: Shop <shop@example.test>\nX-Words: " + "word " * 300
            + "\n\n" + "x" * 3_000 + "\n")
        (_, mail), = self.taken()
        self.assertEqual(mail["X-Words"].split(), ["word"] * 300)
        self.assertEqual(mail.get_content().replace("\n ", ""), "x" * 3_000)
        lines = self.hop.taken[0].content.split(b"\r\n")
        self.assertLessEqual(max(map(len, lines)), 998)

    def test_the_server_is_away(self):
        self.server.stop()
        done = self.sendmail("ada@far.example", status=EX_TEMPFAIL)
        self.assertIn(b"is it running", done.stderr)
        self.run_as("mailq", status=EX_TEMPFAIL)

    def test_the_queue_is_printed(self):
        self.assertEqual(self.run_as("mailq").stdout, b"Mail queue is empty\n")
        self.sendmail("later1@far.example", "later2@far.example", "ada@far.example")
        self.taken()
        eventually(
            lambda: [entry["attempts"] for entry in self.server.json("queue", "sent")] == [1, 1],
            "both were tried")
        text = self.sendmail("-bp").stdout.decode()
        self.assertEqual(self.run_as("mailq").stdout.decode(), text)
        lines = text.splitlines()
        self.assertTrue(lines[0].startswith("-Queue ID-"))
        self.assertRegex(lines[1], r"^0100\S{56}  +\d+ \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d  shop@")
        self.assertRegex(lines[2], r"^\(.*451 4\.7\.1 Greylisted\)$")
        self.assertEqual(lines[3].strip(), "later1@far.example")
        self.assertRegex(lines[-1], r"^-- 1 Kbytes in 1 Request\.$")
        before = self.server.json("queue", "sent")[0]["attempts"]
        self.sendmail("-q")
        eventually(
            lambda: self.server.json("queue", "sent")[0]["attempts"] > before, "it is tried again")
        self.sendmail("-qRfar.example")
        self.sendmail("-qInothing", status=EX_UNAVAILABLE)

    def test_a_queue_that_is_longer_than_is_printed(self):
        self.sendmail("later1@far.example", "later2@far.example")
        eventually(lambda: len(self.server.json("queue", "sent")) == 2, "both wait")
        self.server.cli("queue", "sent", "hold", "--all")
        self.assertEqual(self.run_as("mailq").stderr, b"")
        self.server.stop()
        with contextlib.closing(sqlite3.connect(
                self.server.path("data", "spool", "martlet.sqlite"))) as database, database:
            database.execute("""
                WITH RECURSIVE number(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number LIMIT 10005)
                INSERT INTO sent_recipient SELECT mail, n, 'ada' || n || '@far.example', destination,
                    state, due_ms, expires_ms, attempts, last_ms, detail, notification
                FROM sent_recipient, number WHERE position = 0""")
        self.server.launch()
        self.server.eventually(self.server.is_ready, "the server is ready again")
        for done in (self.run_as("mailq"), self.sendmail("-bp")):
            self.assertEqual(done.stdout.count(b"@far.example\n"), 10_000)
            self.assertRegex(done.stdout.splitlines()[-1], rb"^-- 1 Kbytes in 1 Request\.$")
            self.assertEqual(
                done.stderr, b"7 more recipients wait; martlet queue sent lists those that its "
                b"options choose\n")

    @unittest.skipUnless(shutil.which("s-nail"), "s-nail is not there")
    def test_a_mailer_calls_it(self):
        subprocess.run(
            ["s-nail", "-:/", "-S", f"mta={self.program}", "-S", "v15-compat=yes",
             "-r", "shop@example.test", "-s", "Gr\u00fc\u00dfe", "ada@far.example"],
            input="Hello.\n".encode(), check=True, timeout=DEADLINE_SECONDS,
            env={**os.environ, "MARTLET_CONFIG": self.server.config_path, "LC_ALL": "C.UTF-8"})
        mail = self.taken()[0][1]
        self.assertEqual(mail["Subject"], "Gr\u00fc\u00dfe")
        self.assertEqual(mail.get_content(), "Hello.")

    @unittest.skipUnless(shutil.which("php"), "PHP is not there")
    def test_php_calls_it(self):
        script = ("mail('ada@far.example', 'Order', \"Hello.\\nMore.\", "
                  "\"From: shop@example.test\\r\\nBcc: eve@far.example\");")
        subprocess.run(
            ["php", "-d", f"sendmail_path={self.program} -t -i", "-r", script],
            check=True, timeout=DEADLINE_SECONDS,
            env={**os.environ, "MARTLET_CONFIG": self.server.config_path})
        self.assertEqual({to for to, _ in self.taken(2)}, {"ada@far.example", "eve@far.example"})


class SubmitSocket(unittest.TestCase):
    """The socket by hand: who may, how much, and for how long."""

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        self.addCleanup(connection.close)
        connection.settimeout(DEADLINE_SECONDS)
        connection.connect(self.server.path("data", "submit.sock"))
        return connection

    @staticmethod
    def answer(connection):
        text = b""
        while not text.endswith(b"\n"):
            piece = connection.recv(65536)
            if not piece:
                return None
            text += piece
        return json.loads(text)

    @staticmethod
    def request(**changes):
        return (json.dumps({
            "recipients": ["ada@far.example"], "takesHeaderRecipients": False,
            "notification": {}, "bytes": 0, **changes}) + "\n").encode()

    def refusal(self, content):
        connection = self.connect()
        connection.sendall(content)
        return self.answer(connection)["refused"]["_0"]

    def start(self, limits=None, **sending):
        self.server, self.hop = sending_server(self, start=False, **sending)
        self.server.config["limits"].update(limits or {})
        self.server.start()

    def test_only_our_own_user_may_unless_there_is_a_group(self):
        self.start()
        place = os.stat(self.server.path("data", "submit.sock"))
        self.assertEqual(stat.S_IMODE(place.st_mode), 0o600)
        self.server.stop()
        self.assertFalse(os.path.exists(self.server.path("data", "submit.sock")))

    def test_what_is_no_request(self):
        self.start()
        for content in [b"\n", b"{}\n", b"GET / HTTP/1.1\r\n\r\n", self.request(bytes=-1),
                        self.request(bytes="x"), b"x" * 65_537, self.request(recipients=[])]:
            with self.subTest(content=content[:60]):
                self.assertIn(self.refusal(content)["kind"], ["request", "tooLarge"])
        # And nothing else can be asked there.
        self.assertEqual(self.refusal(b'{"status":{}}\n')["kind"], "request")

    def test_how_large_a_mail_may_be(self):
        self.start({"mailBytesMax": 2_000})
        head = MAIL.encode()
        mail = head + b"x" * (1_999 - len(head)) + b"\n"
        connection = self.connect()
        connection.sendall(self.request(bytes=len(mail)) + mail)
        self.assertIn("sent", self.answer(connection))
        mail += b"\n"
        self.assertEqual(
            self.refusal(self.request(bytes=len(mail)) + mail)["kind"], "tooLarge")
        done = subprocess.run(
            [BINARY, "sendmail", "-C", self.server.config_path, "ada@far.example"], input=mail,
            capture_output=True, check=False, timeout=DEADLINE_SECONDS)
        self.assertEqual(done.returncode, EX_UNAVAILABLE, done.stderr)

    def test_a_large_mail_goes_through_a_file(self):
        self.start()
        mail = MAIL.encode() + b"0123456789\n" * 500_000
        connection = self.connect()
        connection.sendall(self.request(bytes=len(mail)) + mail)
        self.assertIn("sent", self.answer(connection))
        eventually(lambda: self.hop.taken, "it has arrived")
        body = arrived(self.hop)[0][1].partition("\n\n")[2]
        self.assertEqual(body + "\n", "Hello.\n" + "0123456789\n" * 500_000)

    def test_who_goes_before_the_end_sends_nothing(self):
        self.start()
        mail = MAIL.encode()
        connection = self.connect()
        connection.sendall(self.request(bytes=len(mail)) + mail[:-1])
        connection.close()
        connection = self.connect()
        connection.sendall(self.request(bytes=len(mail)) + mail[:-1])
        connection.shutdown(socket.SHUT_WR)
        self.assertIsNone(self.answer(connection))
        self.assertEqual(self.server.json("queue", "sent", "--state", "queued"), [])
        self.assertEqual(self.hop.taken, [])

    def test_who_says_nothing_is_not_waited_for(self):
        self.start()
        connection = self.connect()
        began = time.monotonic()
        connection.sendall(b"{")
        self.assertIsNone(self.answer(connection))
        self.assertLess(time.monotonic() - began, 30)

    def test_how_many_may_at_once(self):
        self.start()
        connections = [self.connect() for _ in range(33)]
        # They are counted as they are served, and one of them is too many.
        (refused, *others), _, _ = select.select(connections, [], [], DEADLINE_SECONDS)
        self.assertEqual(others, [])
        connections.remove(refused)
        self.assertEqual(self.answer(refused)["refused"]["_0"]["kind"], "later")
        done = subprocess.run(
            [BINARY, "sendmail", "-C", self.server.config_path, "ada@far.example"],
            input=MAIL.encode(), capture_output=True, check=False, timeout=DEADLINE_SECONDS)
        self.assertEqual(done.returncode, EX_TEMPFAIL, done.stderr)
        mail = MAIL.encode()
        connections[0].sendall(self.request(bytes=len(mail)) + mail)
        self.assertIn("sent", self.answer(connections[0]))
        connections[0].close()

        def is_taken():
            connection = self.connect()
            connection.sendall(self.request(bytes=len(mail)) + mail)
            return "sent" in self.answer(connection)

        eventually(is_taken, "there is room for another one")

    @unittest.skipUnless(IS_ROOT, "only root can become another user")
    def test_a_server_without_root_gives_it_to_a_group_of_its_own(self):
        self.server, self.hop = sending_server(
            self, start=False, submitSocket={"group": "games"})
        del self.server.config["sending"]["eventsTopic"]
        self.server.config["topics"] = {}
        self.server.config["user"] = "games"
        os.makedirs(self.server.path("buckets", "mail"))
        shutil.chown(self.server.path("buckets", "mail"), "games")
        self.server.start()
        place = os.stat(self.server.path("data", "submit.sock"))
        self.assertEqual(stat.S_IMODE(place.st_mode), 0o660)
        self.assertEqual(place.st_uid, pwd.getpwnam("games").pw_uid)
        self.assertEqual(place.st_gid, grp.getgrnam("games").gr_gid)
        self.server.stop()
        # A group that is not its own is refused before anything is served.
        self.server.config["sending"]["submitSocket"] = {"group": "mail"}
        self.server.write_config()
        done = self.server.cli("serve", status=1)
        self.assertIn("usermod -aG mail games", done.stderr)
        self.assertIn("usermod -aG mail games", self.server.cli("check", status=None).stderr)

    @unittest.skipUnless(IS_ROOT, "other users are tried as root")
    def test_a_group_may(self):
        group = grp.getgrnam("games")
        self.start(submitSocket={"group": "games", "domain": "example.test"})
        for name in ("data", "."):
            os.chmod(self.server.path(name), 0o711)
        os.chmod(self.server.config_path, 0o644)
        place = os.stat(self.server.path("data", "submit.sock"))
        self.assertEqual((stat.S_IMODE(place.st_mode), place.st_gid), (0o660, group.gr_gid))
        folder = tempfile.mkdtemp(prefix="martlet-bin-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        program = os.path.join(folder, "sendmail")
        shutil.copy(BINARY, program)

        def call(*arguments, groups):
            return subprocess.run(
                [program, "-C", self.server.config_path, *arguments], input=b"disk full\n",
                capture_output=True, check=False, timeout=DEADLINE_SECONDS, user="www-data",
                group="www-data", extra_groups=groups)

        done = call("root@far.example", groups=[])
        self.assertEqual(done.returncode, EX_NOPERM, done.stderr)
        self.assertIn(b"sending.submitSocket", done.stderr)
        done = call("root@far.example", groups=[group.gr_gid])
        self.assertEqual(done.returncode, EX_OK, done.stderr)
        eventually(lambda: self.hop.taken, "it has arrived")
        mail = email.message_from_bytes(arrived(self.hop)[0][1].encode(), policy=email.policy.default)
        self.assertEqual(mail["From"], "www-data@example.test")
        self.assertIn(f"(from user www-data, uid {pwd.getpwnam('www-data').pw_uid})",
                      mail["Received"])
        # It may submit, and nothing else.
        self.assertEqual(call("-bp", groups=[group.gr_gid]).returncode, EX_NOPERM)


if __name__ == "__main__":
    unittest.main()
