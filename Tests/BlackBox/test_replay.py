"""Past mails, run again: what a replay would do, what it does and leaves out, how it is marked, and
that it is whole whenever the server ends."""

import contextlib
import json
import os
import sqlite3
import subprocess
import unittest

from support import BINARY, large_body, message, new_server

# Fails until the file `mended` is there, and writes down what it was given.
HANDLER = """\
import json, os, sys
out = os.environ["OUT"]
if not os.path.exists(out + "/mended"):
    sys.exit(1)
with open(os.environ["MARTLET_EVENT_FILE"]) as file:
    event = json.load(file)["Records"][0]["ses"]
with open(out + "/seen", "a") as file:
    file.write(json.dumps({
        "id": os.environ["MARTLET_MAIL_ID"], "action": os.environ["MARTLET_ACTION_ID"],
        "of": os.environ.get("MARTLET_REPLAY_OF"), "messageId": event["mail"]["messageId"],
        "replay": event["receipt"].get("replay"), "bytes": len(sys.stdin.buffer.read()),
    }) + "\\n")
"""
BEFORE = """\
ruleSet: main
rules:
  - name: orders
    recipients: [orders@example.test]
    actions:
      - store: {bucket: mail, prefix: first}
  - name: others
    recipients: [someone@example.test]
    actions: [drop]
"""
AFTER = """\
ruleSet: main
rules:
  - name: tickets
    recipients: [example.test]
    actions:
      - store: {bucket: mail, prefix: second}
      - invoke: {handler: ticket}
      - forward: {to: [someone@elsewhere.example]}
"""


class Replays(unittest.TestCase):
    def start(self, rules=BEFORE, **config):
        server = new_server(self, rules, **config)
        server.add_handler("ticket", HANDLER)
        server.config["spool"]["bodyFileThresholdBytes"] = 2_000
        server.config["sending"] = {"enabled": True}
        return server.start()

    def mend(self, server, rules=AFTER):
        with open(server.path("out", "mended"), "w", encoding="ascii"):
            pass
        server.write_rules(rules)
        server.cli("rules", "reload")

    def seen(self, server):
        if not os.path.exists(server.path("out", "seen")):
            return []
        with open(server.path("out", "seen"), encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def replays_of(self, server, mail):
        return server.json("mail", "show", mail)["replays"]

    def test_runs_what_failed_under_the_id_that_the_mail_had(self):
        server = self.start()
        mails = [server.send(message(body=body), "orders@example.test")
                 for body in ("small", large_body(9_000))]
        other = server.send(message(), "someone@example.test")
        for mail in (*mails, other):
            server.settled(mail)
        self.mend(server)

        with self.subTest("dry: nothing is done"):
            text = server.cli("replay", "--rule", "orders").stdout
            self.assertIn("tickets: store mail/second", text)
            self.assertIn("forward to someone@elsewhere.example  is left out without --send", text)
            self.assertIn("2 mail(s) would be run again; --yes does it", text)
            self.assertNotIn(other, text)
            self.assertEqual(server.json("replay", "list"), [])

        with self.subTest("the rule whose actions leave no journal"):
            lines = server.cli("replay", "--rule", "others", "--json").stdout.splitlines()
            self.assertEqual([json.loads(line).get("id") for line in lines], [other, None])

        done = json.loads(server.cli("replay", "--rule", "orders", "--yes", "--json").stdout)
        self.assertEqual((done["number"], done["state"], done["replayed"], done["left"]),
                         (1, "ended", 2, {}))
        rows = [self.replays_of(server, mail) for mail in mails]
        self.assertEqual([len(row) for row in rows], [1, 1])
        for [row] in rows:
            server.settled(row)

        with self.subTest("who gets it sees the mail that it knows, and that it is a replay"):
            by_id = {entry["id"]: entry for entry in self.seen(server)}
            self.assertEqual(set(by_id), set(mails))
            for mail, [row] in zip(mails, rows):
                entry = by_id[mail]
                self.assertEqual(entry["messageId"], mail)
                self.assertEqual(entry["action"], f"{mail}/tickets/1")
                self.assertEqual(entry["of"], mail)
                self.assertEqual(entry["replay"]["number"], 1)
                self.assertEqual(entry["replay"]["originalMessageId"], mail)
                self.assertEqual(entry["bytes"], len(server.raw(mail, "--stored")))
                self.assertIn(f"second/{mail}", server.objects())
                self.assertEqual(server.raw(row), server.raw(mail))

        with self.subTest("the first history stands, and the second says what it is"):
            self.assertEqual(list(server.actions(mails[0])), [("orders", 0)])
            actions = server.actions(rows[0][0])
            self.assertEqual(actions["tickets", 2]["detail"], "nothing is sent: this is a replay")
            trace = server.cli("mail", "trace", rows[0][0]).stdout
            self.assertIn(f"replay 1 of {mails[0]}, as that mail", trace)
            server.logged(" replayed", rows[0][0], mails[0], "replay=1")

        with self.subTest("nobody replays a replay"):
            text = server.cli("replay", "--recipient", "orders@").stdout
            self.assertIn("2 mail(s) would be run again", text)
            self.assertNotIn(rows[0][0], text)

    def test_gives_new_ids(self):
        server = self.start()
        mail = server.send(message(), "orders@example.test")
        server.settled(mail)
        self.mend(server)
        server.cli("replay", mail[:30], "--as-new", "--yes")
        [row] = self.replays_of(server, mail)
        server.settled(row)
        [entry] = self.seen(server)
        self.assertEqual((entry["id"], entry["messageId"], entry["of"]), (row, row, mail))
        self.assertEqual(entry["action"], f"{row}/tickets/1")
        self.assertIn(f"second/{row}", server.objects())

    def test_tells_what_it_cannot_run_again(self):
        server = self.start()
        gone = server.send(message(), "orders@example.test")
        server.settled(gone)
        server.stop()
        # As retention leaves it, which looks once a minute.
        with contextlib.closing(
                sqlite3.connect(server.path("data/spool/martlet.sqlite"))) as database:
            database.execute("UPDATE mail SET body_place = 'expired' WHERE id = ?", [gone])
            database.execute("DELETE FROM mail_body WHERE mail = ?", [gone])
            database.commit()
        server.start(identities=())
        self.mend(server)
        os.remove(server.path("out", "mended"))
        failing = server.send(message(), "orders@example.test")
        server.eventually(lambda: ("tickets", 1) in server.actions(failing), "it was tried")
        text = server.cli("replay", "--since", "1h", status=1).stdout
        self.assertIn("not: its raw bytes have expired", text)
        self.assertIn("not: its actions have not ended", text)
        self.assertIn("0 mail(s) would be run again, 1 not: its actions have not ended, "
                      "1 not: its raw bytes have expired", text)
        done = json.loads(server.cli("replay", gone, failing, "--yes", "--json", status=1).stdout)
        self.assertEqual(done["left"], {"its raw bytes have expired": 1,
                                        "its actions have not ended": 1})
        self.assertEqual(done["replayed"], 0)
        server.logged("not replayed", gone, "have expired")
        self.assertEqual(self.replays_of(server, gone), [])

    def test_asks_for_a_choice(self):
        server = self.start()
        server.cli("replay", status=64)
        server.cli("replay", "--all", "--rule", "orders", status=64)
        server.cli("replay", "0123456789", status=1)
        self.assertIn("0 mail(s) would be", server.cli("replay", "--all", status=1).stdout)
        server.cli("replay", "cancel", "7", status=1)


class Killed(unittest.TestCase):
    COUNT = 300

    def test_runs_each_mail_again_once(self):
        server = new_server(self, BEFORE.replace("[drop]", "[store: {bucket: mail}]"))
        server.start()
        with server.client() as client:
            client.ehlo()
            for _ in range(self.COUNT):
                client.mail("ada@sender.example")
                client.rcpt("orders@example.test")
                client.data(message())
        listed = server.mails("--limit", "1000")
        self.assertEqual(len(listed), self.COUNT)
        server.eventually(
            lambda: all(mail["state"] == "retired"
                        for mail in server.mails("--limit", "1000")), "all have ended")
        # Whoever asks goes with the server; the replay does not.
        with subprocess.Popen(
                [BINARY, "replay", "--all", "--yes", "-c", server.config_path],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as asking:
            server.eventually(lambda: server.json("replay", "list"), "it is accepted")
            server.kill()
            asking.wait()
        server.start(identities=())
        server.eventually(
            lambda: server.json("replay", "list")[0]["state"] == "ended", "it has ended")
        [replay] = server.json("replay", "list")
        self.assertEqual((replay["replayed"], replay["left"]), (self.COUNT, {}))
        after = server.mails("--limit", "1000")
        originals = [mail["replay"]["original"] for mail in after if mail.get("replay")]
        self.assertEqual(sorted(originals), sorted(mail["id"] for mail in listed))


if __name__ == "__main__":
    unittest.main()
