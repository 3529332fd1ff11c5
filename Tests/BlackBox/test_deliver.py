"""Mails that rules put into Maildirs."""

import contextlib
import mailbox
import os
import sqlite3
import unittest

from support import message, new_server

RULES = """
    ruleSet: main
    rules:
      - name: users
        recipients: [example.test]
        actions:
          - addHeader: {name: X-Team, value: yes}
          - deliver: {maildir: home}
      - name: all
        recipients: [all.test]
        actions:
          - deliver: {maildir: shared}
    """


class Deliver(unittest.TestCase):
    def setUp(self):
        server = new_server(self, RULES)
        os.mkdir(server.path("vmail"))
        server.config["maildirs"] = {
            "home": {"path": server.path("vmail") + "/${recipientDomain}/${recipientUser}"},
            "shared": {"path": server.path("vmail") + "/shared"}}
        self.server = server.start(("example.test", "all.test"))

    def files(self, *place):
        """The paths and bytes of what is new in a Maildir."""
        folder = self.server.path("vmail", *place, "new")
        if not os.path.isdir(folder):
            return {}
        found = {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                found[os.path.join(folder, name)] = file.read()
        return found

    def outcome(self, mail):
        return [(action["state"], action["detail"])
                for action in self.server.settled(mail)["actions"]
                if action["kind"] == "deliver"]

    def test_each_recipient_has_a_file(self):
        mail = message(body="Hello.\n..dot\n")
        id = self.server.send(
            mail, ["Ada+x@example.test", "ada@example.test", "bob@example.test"],
            sender="eve@sender.example")
        (state, detail), = self.outcome(id)
        self.assertEqual(state, "done", detail)
        ada, = self.files("example.test", "ada").values()
        lines = ada.decode().split("\n")
        self.assertEqual(lines[:4], [
            "Return-Path: <eve@sender.example>", "Delivered-To: Ada+x@example.test",
            "Delivered-To: ada@example.test", "X-Team: yes"])
        self.assertTrue(lines[4].startswith("Received: from "), lines)
        self.assertTrue(ada.endswith(mail.replace(b"\r\n", b"\n")), ada)
        self.assertEqual(ada.count(b"Return-Path"), 1)
        bob, = self.files("example.test", "bob").values()
        self.assertIn(b"Delivered-To: bob@example.test\n", bob)
        # Python's own reader of Maildirs finds it.
        box = mailbox.Maildir(self.server.path("vmail", "example.test", "bob"), create=False)
        self.assertEqual([each["Return-Path"] for each in box], ["<eve@sender.example>"])
        self.assertIn("deliver into home", self.server.cli("mail", "trace", id).stdout)

    def test_a_large_mail_is_whole(self):
        body = "".join("%07d" % number + "x" * 60 + "\r\n" for number in range(40_000))
        mail = b"From: eve@sender.example\r\n\r\n" + body.encode()
        self.server.settled(self.server.send(mail, "list@all.test"))
        kept, = self.files("shared").values()
        self.assertTrue(kept.endswith(mail.replace(b"\r\n", b"\n")))

    def test_no_address_leaves_its_place(self):
        before = set(os.listdir(self.server.path()))
        for recipient in ('"../../out"@example.test', '".."@example.test', '"."@example.test',
                          "a/b@example.test"):
            (state, detail), = self.outcome(self.server.send(message(), recipient))
            self.assertEqual(state, "done", detail)
        self.assertEqual(set(os.listdir(self.server.path())), before)
        self.assertEqual(
            sorted(os.listdir(self.server.path("vmail", "example.test"))),
            ["%2E", "%2E.", "%2E.%2F..%2Fout", "a%2Fb"])

    def test_a_mail_is_there_once(self):
        """The action is tried again, as after a crash before its journal; a reader moved the file."""
        id = self.server.send(message(), "ada@example.test")
        self.server.settled(id)
        path, = self.files("example.test", "ada")
        cur = self.server.path("vmail", "example.test", "ada", "cur")
        os.rename(path, os.path.join(cur, os.path.basename(path) + ":2,S"))
        self.server.stop()
        path = self.server.path("data", "spool", "martlet.sqlite")
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("DELETE FROM action")
            database.execute("UPDATE mail SET state = 'acting', due_ms = 0")
        self.server.launch()
        self.server.eventually(self.server.is_ready, "the server is ready again")
        self.assertEqual([state for state, _ in self.outcome(id)], ["done"])
        self.assertEqual(self.files("example.test", "ada"), {})
        self.assertEqual(len(os.listdir(cur)), 1)

    def test_a_folder_that_is_away_is_waited_for(self):
        away = self.server.path("away")
        os.rename(self.server.path("vmail"), away)
        id = self.server.send(message(), "ada@example.test")

        def state():
            return [action["state"] for action in self.server.json("mail", "show", id)["actions"]
                    if action["kind"] == "deliver"]

        self.server.eventually(lambda: state() == ["retrying"], "it is tried again")
        self.assertFalse(os.path.exists(self.server.path("vmail")))
        self.assertIn("is not there", self.server.cli("check").stderr)
        os.rename(away, self.server.path("vmail"))
        self.server.cli("queue", "retry", id)
        self.assertEqual([state for state, _ in self.outcome(id)], ["done"])
        self.assertEqual(len(self.files("example.test", "ada")), 1)


class Faults(unittest.TestCase):
    """The server is killed between any two calls on a Maildir, or the disk refuses one: in the end
    there is one file, and all of it."""

    def setUp(self):
        self.server = new_server(self, RULES, is_faulty=True)
        os.mkdir(self.server.path("vmail"))
        self.server.config["maildirs"] = {
            name: {"path": self.server.path("vmail") + "/${recipientDomain}/${recipientUser}"}
            for name in ("home", "shared")}
        self.server.config["limits"]["retryFirstDelaySeconds"] = 1
        self.server.start(("example.test", "all.test"))

    def assert_delivered(self, id, mail, user):
        (state, detail), = [
            (action["state"], action["detail"])
            for action in self.server.settled(id)["actions"] if action["kind"] == "deliver"]
        self.assertEqual(state, "done", detail)
        maildir = self.server.path("vmail", "example.test", user)
        name, = os.listdir(os.path.join(maildir, "new"))
        with open(os.path.join(maildir, "new", name), "rb") as file:
            self.assertTrue(file.read().endswith(mail.replace(b"\r\n", b"\n")))
        self.assertEqual(os.listdir(os.path.join(maildir, "tmp")), [])

    def test_a_server_that_is_killed_delivers_once(self):
        for number, moment in enumerate((
                "mkdir vmail/example.test 1 kill-after", "mkdir vmail/*/tmp 1 kill-after",
                "create vmail/*/tmp/* 1 kill-after", "write vmail/*/tmp/* 1 kill-after",
                "sync vmail/*/tmp/* 1 kill-after", "rename vmail/*/new/* 1 kill-before",
                "rename vmail/*/new/* 1 kill-after", "dirsync vmail/*/new 1 kill-after")):
            with self.subTest(moment):
                self.server.faults.set(moment)
                mail = message(subject=f"mail {number}")
                id = self.server.send(mail, f"killed{number}@example.test")
                self.server.wait()
                self.server.faults.clear()
                self.server.launch()
                self.server.eventually(self.server.is_ready, "the server is ready again")
                self.assert_delivered(id, mail, f"killed{number}")

    def test_a_disk_that_refuses_is_tried_again(self):
        for number, fault in enumerate((
                "mkdir vmail/* 1+ EROFS", "create vmail/*/tmp/* 1+ ENOSPC",
                "write vmail/*/tmp/* 1+ ENOSPC", "write vmail/*/tmp/* 1+ EIO",
                "rename vmail/*/new/* 1+ EDQUOT")):
            with self.subTest(fault):
                self.server.faults.set(fault)
                mail = message(subject=f"mail {number}")
                id = self.server.send(mail, f"refused{number}@example.test")
                self.server.eventually(
                    lambda: [action["state"] for action
                             in self.server.json("mail", "show", id)["actions"]
                             if action["kind"] == "deliver"] == ["retrying"], "it is tried again")
                self.server.faults.clear()
                self.assert_delivered(id, mail, f"refused{number}")


if __name__ == "__main__":
    unittest.main()
