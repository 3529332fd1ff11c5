"""Mails that lie in buckets, run again where the spool has long forgotten them."""

import base64
import json
import os
import re
import shutil
import subprocess
import unittest

import test_buckets
from buckets import Moto, settings
from support import BINARY, IS_ROOT, large_body, message, new_server
from test_privileges import ACCOUNT, AS_ACCOUNT
from test_replay import AFTER, BEFORE, HANDLER
from test_sns import ENVIRONMENT

AMAZONS = "o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1"
# As Amazon's receiver writes it above what it stores.
BLOCK = f"""\
Return-Path: <ada@sender.example>
Received: from mail.sender.example (mail.sender.example [192.0.2.7])
 by inbound-smtp.eu-west-1.amazonaws.com with SMTP id {AMAZONS}
 for orders@example.test;
 Sun, 01 Nov 2026 10:00:00 +0000 (UTC)
X-SES-Spam-Verdict: PASS
X-SES-Virus-Verdict: FAIL
Received-SPF: pass (spfCheck: domain of sender.example designates 192.0.2.7 as permitted sender)\
 client-ip=192.0.2.7; envelope-from=ada@sender.example; helo=mail.sender.example;
Authentication-Results: amazonses.com;
 spf=pass (spfCheck: domain of sender.example designates 192.0.2.7 as permitted sender)\
 client-ip=192.0.2.7; envelope-from=ada@sender.example; helo=mail.sender.example;
 dkim=pass header.i=@sender.example;
 dmarc=fail header.from=sender.example;
X-SES-RECEIPT: AEFBQUFBQUFBQUFGZ3c=
X-SES-DKIM-SIGNATURE: a=rsa-sha256; q=dns/txt; b=AAAA
""".replace("\n", "\r\n").encode()


class BucketReplays(unittest.TestCase):
    def new_server(self, rules=BEFORE, **config):
        server = new_server(self, rules, **config)
        server.add_handler("ticket", HANDLER)
        server.config["spool"]["bodyFileThresholdBytes"] = 2_000
        server.config["limits"]["mailBytesMax"] = 65_536
        server.config["sending"] = {"enabled": True}
        with open(server.path("out", "mended"), "w", encoding="ascii"):
            pass
        return server

    def forget(self, server, rules=AFTER):
        """A server that has the buckets, and nothing else of what was."""
        server.stop()
        shutil.rmtree(server.path("data"))
        server.write_rules(rules)
        server.start()

    def put(self, server, key, content):
        path = server.path("buckets/mail", key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def replay(self, server, *arguments, status=0):
        done = server.cli("replay", *arguments, "--yes", "--json", status=status)
        replay = json.loads(done.stdout)
        server.eventually(
            lambda: all(mail["state"] == "retired"
                        for mail in server.mails("--limit", "1000")), "all have ended")
        return replay

    def preview(self, server, *arguments, status=0):
        """By its object, what a replay would do; and the sum."""
        lines = [json.loads(line) for line in
                 server.cli("replay", *arguments, "--json", status=status).stdout.splitlines()]
        return {line["object"]: line for line in lines[:-1]}, lines[-1]

    def seen(self, server):
        path = server.path("out", "seen")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]


class FromAFolder(BucketReplays):
    def test_mails_whose_rows_are_gone_come_as_they_came(self):
        server = self.new_server().start()
        mails = [server.send(message(body=body), "orders@example.test")
                 for body in ("small", large_body(9_000))]
        before = {mail: server.settled(mail) for mail in mails}
        stored = {mail: server.objects()[f"first/{mail}"] for mail in mails}
        self.forget(server)
        self.assertEqual(server.mails(), [])

        with self.subTest("dry: nothing is done"):
            text = server.cli("replay", "--bucket", "mail").stdout
            for mail in mails:
                self.assertIn(f"mail/first/{mail}  {before[mail]['mail']['receivedAt']}  "
                              "<ada@sender.example> to orders@example.test", text)
            self.assertIn("tickets: store mail/second", text)
            self.assertIn("is left out without --send", text)
            self.assertIn("2 mail(s) would be run again; --yes does it", text)
            self.assertEqual(server.mails(), [])

        # What it stores lies behind in the same bucket, and is not run again.
        done = self.replay(server, "--bucket", "mail")
        self.assertEqual((done["bucket"], done["replayed"], done["left"]), ("mail/", 2, {}))
        rows = server.mails()
        self.assertEqual(len(rows), 2)
        entries = {entry["id"]: entry for entry in self.seen(server)}
        for row in rows:
            detail = server.json("mail", "show", row["id"])
            mail = row["replay"]["messageID"]
            was = before[mail]
            for fact in ("receivedAt", "mailFrom", "recipients"):
                self.assertEqual(detail["mail"][fact], was["mail"][fact])
            for fact in ("peerAddress", "helo"):
                self.assertEqual(detail[fact], was[fact])
            self.assertEqual(server.objects()[f"second/{mail}"], stored[mail])
            entry = entries[mail]
            self.assertEqual((entry["action"], entry["of"]), (f"{mail}/tickets/1", mail))
            self.assertEqual(entry["replay"]["object"], f"mail/first/{mail}")
            self.assertEqual(entry["bytes"], len(stored[mail]))
            actions = server.actions(row["id"])
            self.assertEqual(actions["tickets", 2]["detail"], "nothing is sent: this is a replay")
            self.assertIn(f"from mail/first/{mail}", server.cli("mail", "trace", row["id"]).stdout)
            server.logged(" replayed", f"object=mail/first/{mail}")

        with self.subTest("again, with new ids; the two objects of a mail are one mail"):
            twice = "the same mail was run again before, from another object"
            found, sum = self.preview(server, "--bucket", "mail", "--as-new", status=1)
            self.assertEqual((sum["replayed"], sum["left"]), (2, {twice: 2}))
            self.assertEqual(found[f"mail/second/{mails[0]}"]["obstacle"], twice)
            self.assertEqual(found[f"mail/second/{mails[0]}"]["steps"], [])
            done = self.replay(server, "--bucket", "mail", "--as-new", status=1)
            self.assertEqual(done["replayed"], 2)
            self.assertEqual(list(done["left"].values()), [2])
            self.assertEqual(len({entry["id"] for entry in self.seen(server)}), 4)
            self.assertEqual({entry["of"] for entry in self.seen(server)}, set(mails))

    def test_a_mail_that_the_spool_has_is_run_from_there(self):
        server = self.new_server().start()
        mail = server.send(message(), ["orders@example.test", "orders@example.test"])
        server.settled(mail)
        with open(server.path("buckets/mail/first", mail), "wb") as file:
            file.write(b"not looked at")
        server.write_rules(AFTER)
        server.cli("rules", "reload")
        self.replay(server, "--bucket", "mail", "--prefix", "first/")
        [row] = server.json("mail", "show", mail)["replays"]
        self.assertEqual(server.raw(row), server.raw(mail))

    def test_tells_what_it_cannot_run(self):
        server = self.new_server().start()
        both = server.send(message(), ["orders@example.test", "someone@example.test"])
        server.settled(both)
        self.forget(server)
        self.put(server, "first/notes.txt", b"Shopping: milk\nTime: 5\n")
        self.put(server, "first/large.eml", message(body=large_body(70_000)))
        self.put(server, "first/raw.eml", message())
        self.put(server, "second/raw.eml", message())
        found, sum = self.preview(server, "--bucket", "mail", "--prefix", "first", status=1)
        nobody = "nothing tells for whom it was, and --to does not say it"
        self.assertEqual(
            {name: line["obstacle"] for name, line in found.items()},
            {f"mail/first/{both}": nobody, "mail/first/notes.txt": "it is no mail",
             "mail/first/large.eml": "it is larger than a mail may be",
             "mail/first/raw.eml": nobody})
        self.assertEqual((sum["replayed"], sum["left"][nobody]), (0, 2))

        with self.subTest("--to says for whom those were of which nothing tells"):
            arguments = ("--bucket", "mail", "--prefix", "first", "--to", "orders@example.test",
                         "--to", "someone@example.test")
            done = self.replay(server, *arguments, status=1)
            self.assertEqual(done["left"], {"it is no mail": 1,
                                            "it is larger than a mail may be": 1})
            server.logged("not replayed", "object=mail/first/notes.txt")
            by_object = {entry["replay"]["object"]: entry for entry in self.seen(server)}
            self.assertEqual(set(by_object), {f"mail/first/{both}", "mail/first/raw.eml"})
            row, = [row for row in server.mails() if row["replay"]["original"] == both]
            self.assertEqual(row["recipients"], ["orders@example.test", "someone@example.test"])
            self.assertEqual(row["mailFrom"], "ada@sender.example")

        with self.subTest("an object without an id has the same each time"):
            own = by_object["mail/first/raw.eml"]["id"]
            self.assertRegex(own, "^000000000[0-9a-v]{31}$")
            self.assertIn(f"second/{own}", server.objects())
            arguments = ("--bucket", "mail", "--prefix", "first/raw", "--to", "a@example.test")
            self.replay(server, *arguments)
            self.assertEqual(self.seen(server)[-1]["id"], own)
            self.replay(server, *arguments, "--as-new")
            entry = self.seen(server)[-1]
            self.assertNotEqual(entry["id"], own)
            self.assertEqual(entry["of"], own)

    def test_is_chosen_by_time_and_recipient(self):
        server = self.new_server().start()
        for name, age in (("old", 3 * 86_400), ("new", 60)):
            key = f"in/{name}.eml"
            self.put(server, key, message())
            path = server.path("buckets/mail", key)
            now = os.stat(path).st_mtime
            os.utime(path, (now - age, now - age))
        base = ("--bucket", "mail", "--to", "orders@example.test")
        for arguments, names in (
                ((), {"old", "new"}), (("--since", "2d"), {"new"}), (("--until", "2d"), {"old"}),
                (("--recipient", "ORDERS@"), {"old", "new"}), (("--prefix", "in/o"), {"old"})):
            found, _ = self.preview(server, *base, *arguments)
            self.assertEqual(set(found), {f"mail/in/{name}.eml" for name in names}, arguments)
        self.preview(server, *base, "--recipient", "sales@", status=1)

    def test_asks_for_what_makes_sense(self):
        server = self.new_server().start()
        for arguments in (("--prefix", "a", "--all"), ("--to", "a@example.test", "--all"),
                          ("--bucket", "mail", "--rule", "orders"),
                          ("--bucket", "mail", "--all"), ("--bucket", "mail", "0123")):
            server.cli("replay", *arguments, status=64)
        self.assertIn("there is no bucket “mial”; did you mean “mail”?",
                      server.cli("replay", "--bucket", "mial", status=1).stderr)
        self.assertIn("“nobody” is no address",
                      server.cli("replay", "--bucket", "mail", "--to", "nobody", status=1).stderr)

    def test_what_amazon_stored(self):
        server = self.new_server(AFTER.replace(
            "    actions:\n", "    tls: require\n    when: [{spf: PASS}, {dkim: PASS}, {dmarc: FAIL}, "
            "{virus: FAIL}, {peer: 192.0.2.0/24}]\n    actions:\n")).start()
        mail = message(body="from Amazon")
        self.put(server, f"orders/{AMAZONS}", BLOCK + mail)
        self.put(server, "AMAZON_SES_SETUP_NOTIFICATION", b"Subject: x\r\n\r\nWelcome.\r\n")
        done = self.replay(server, "--bucket", "mail", status=1)
        self.assertEqual(done["left"], {"it is no mail": 1})
        [entry] = self.seen(server)
        self.assertEqual((entry["id"], entry["messageId"]), (AMAZONS, AMAZONS))
        [row] = server.mails()
        self.assertEqual(row["receivedAt"], "2026-11-01T10:00:00.000Z")
        self.assertEqual(server.raw(row["id"]), mail)
        stored = server.objects()[f"second/{AMAZONS}"]
        self.assertTrue(stored.startswith(b"Return-Path: <ada@sender.example>\r\nReceived: from "))
        self.assertIn(b"Authentication-Results: amazonses.com;\r\n spf=pass ", stored)
        self.assertEqual(stored.count(b"Authentication-Results"), 1)

        with self.subTest("a block with another id is the sender's own, and not believed"):
            other = "p" + AMAZONS[1:]
            self.put(server, f"forged/{other}", BLOCK + mail)
            found, _ = self.preview(server, "--bucket", "mail", "--prefix", "forged", status=1)
            self.assertIn("nothing tells for whom", found[f"mail/forged/{other}"]["obstacle"])


class Closed(BucketReplays):
    """What the server's user may not read is left, and told, and keeps nothing waiting."""

    def test_objects_and_folders(self):
        server = self.new_server(AFTER)
        for key in ("in/a", "in/closed", "in/z", "lost+found/x", "sub/listed/x", "z"):
            self.put(server, key, message())
        server.write_config()
        if IS_ROOT:
            if subprocess.run([*AS_ACCOUNT, "test", "-x", BINARY], check=False).returncode != 0:
                self.skipTest(f"{ACCOUNT} cannot reach {BINARY}")
            server.wrapper = AS_ACCOUNT
            subprocess.run(["chown", "-R", f"{ACCOUNT}:", server.folder], check=True)
        closed = {"in/closed": 0, "lost+found": 0, "sub/listed": 0o400}
        for key, mode in closed.items():
            self.addCleanup(os.chmod, server.path("buckets/mail", key), 0o700)
            os.chmod(server.path("buckets/mail", key), mode)
        server.start()
        arguments = ("--bucket", "mail", "--to", "orders@example.test")
        unreadable = "it cannot be read or decrypted"
        found, sum = self.preview(server, *arguments, status=1)
        self.assertEqual(
            {name: line.get("obstacle") for name, line in found.items()},
            {"mail/in/a": None, "mail/in/closed": unreadable, "mail/in/z": None,
             "mail/lost+found/": unreadable, "mail/sub/listed/": unreadable, "mail/z": None})
        self.assertIn("Permission denied", found["mail/in/closed"]["detail"])
        self.assertIn("Permission denied", found["mail/lost+found/"]["detail"])
        self.assertEqual((sum["replayed"], sum["left"]), (3, {unreadable: 3}))
        done = self.replay(server, *arguments, status=1)
        self.assertEqual((done["replayed"], done["left"]), (3, {unreadable: 3}))
        for key in ("in/closed", "lost+found/", "sub/listed/"):
            self.assertTrue(
                server.log_lines("not replayed", f"object=mail/{key} ", "Permission denied"))
        self.assertFalse(server.log_lines("a replay waits"))


class Sealed(BucketReplays):
    KEYS = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]

    def test_encrypted_objects(self):
        server = self.new_server()
        server.config["buckets"]["mail"]["encryption"] = {"keyFile": "mail.keys"}
        with open(server.path("mail.keys"), "w", encoding="ascii") as file:
            file.write(self.KEYS[0] + "\n")
        server.start()
        mails = {server.send(message(body=body), "orders@example.test"): body
                 for body in ("small", large_body(9_000), "spoilt")}
        raw = {mail: server.settled(mail) and server.raw(mail) for mail in mails}
        spoilt = list(mails)[2]
        with open(server.path("buckets/mail/first", spoilt), "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"?")
        self.put(server, "first/plain", message())
        self.forget(server)
        found, _ = self.preview(server, "--bucket", "mail", "--prefix", "first", status=1)
        unreadable = "it cannot be read or decrypted"
        self.assertEqual(
            {name: line.get("obstacle") for name, line in found.items()},
            {**{f"mail/first/{mail}": None for mail in mails}, f"mail/first/{spoilt}": unreadable,
             "mail/first/plain": unreadable})
        self.assertIn("it is not sealed", found["mail/first/plain"]["detail"])
        done = self.replay(server, "--bucket", "mail", "--prefix", "first", status=1)
        self.assertEqual((done["replayed"], done["left"]), (2, {unreadable: 2}))
        for row in server.mails():
            self.assertEqual(server.raw(row["id"]), raw[row["replay"]["original"]])

        with self.subTest("without its key"):
            server.stop()
            with open(server.path("mail.keys"), "w", encoding="ascii") as file:
                file.write(self.KEYS[1] + "\n")
            server.start(identities=())
            text = server.cli("replay", "--bucket", "mail", "--prefix", "first", status=1).stdout
            self.assertIn("not: it cannot be read or decrypted", text)
            self.assertIn("it is sealed under a key that is not in the key file", text)
            self.assertIn("0 mail(s) would be run again, 4 not", text)


class Killed(BucketReplays):
    COUNT = 300

    def test_runs_each_mail_once(self):
        server = self.new_server(BEFORE).start()
        keys = [f"in/{number:04}" for number in range(self.COUNT)]
        for number, key in enumerate(keys):
            # Every other one is a file in the spool, too.
            self.put(server, key, message(body=large_body(3_000 if number % 2 else 10)))
        with subprocess.Popen(
                [BINARY, "replay", "--bucket", "mail", "--prefix", "in/", "--to",
                 "orders@example.test", "--yes", "-c", server.config_path],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as asking:
            server.eventually(lambda: server.json("replay", "list"), "it is accepted")
            server.kill()
            asking.wait()
        server.start(identities=())
        server.eventually(
            lambda: server.json("replay", "list")[0]["state"] == "ended", "it has ended")
        [replay] = server.json("replay", "list")
        self.assertEqual((replay["replayed"], replay["left"]), (self.COUNT, {}))
        rows = server.mails("--limit", "1000")
        self.assertEqual(sorted(row["replay"]["object"] for row in rows),
                         [f"mail/{key}" for key in keys])


def setUpModule():
    test_buckets.setUpModule()


class FromAnEndpoint(BucketReplays):
    def start(self, moto, **more):
        s3 = test_buckets.client(moto.url)
        s3.create_bucket(
            Bucket="example-mail",
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        server = self.new_server(BEFORE.replace("bucket: mail", "bucket: far"))
        server.config["buckets"]["far"] = settings(server, moto.url, **more)
        return s3, server.start()

    def test_what_rules_stored_there_and_others_put(self):
        moto = Moto(self, ENVIRONMENT)
        s3, server = self.start(moto)
        mails = [server.send(message(body=body), "orders@example.test")
                 for body in ("small", large_body(50_000))]
        raw = {mail: server.settled(mail) and server.raw(mail) for mail in mails}
        self.forget(server)
        s3.put_object(Bucket="example-mail", Key=f"first/{AMAZONS}", Body=BLOCK + message())
        s3.put_object(Bucket="example-mail", Key="first/a <b> & c\u0301.txt", Body=b"no mail")
        s3.put_object(Bucket="example-mail", Key="first/folder/", Body=b"")
        s3.put_object(Bucket="example-mail", Key="first/large", Body=b"x" * 1_200_000)
        found, sum = self.preview(server, "--bucket", "far", "--prefix", "first/", status=1)
        self.assertEqual(
            {name: line.get("obstacle") for name, line in found.items()},
            {**{f"far/first/{mail}": None for mail in (*mails, AMAZONS)},
             "far/first/a <b> & c\u0301.txt": "it is no mail",
             "far/first/large": "it is larger than a mail may be"})
        done = self.replay(server, "--bucket", "far", "--prefix", "first/", status=1)
        self.assertEqual(done["replayed"], 3)
        for row in server.mails():
            if row["replay"]["original"] in raw:
                self.assertEqual(server.raw(row["id"]), raw[row["replay"]["original"]])
        self.assertEqual({entry["id"] for entry in self.seen(server)}, {*mails, AMAZONS})

    def test_more_than_a_page_that_is_encrypted(self):
        moto = Moto(self, ENVIRONMENT)
        with open(os.path.join(ENVIRONMENT, "keys"), "w", encoding="ascii") as file:
            file.write(Sealed.KEYS[0] + "\n")
        s3, server = self.start(
            moto, encryption={"keyFile": os.path.join(ENVIRONMENT, "keys")})
        with server.client() as client:
            client.ehlo()
            for _ in range(230):
                client.mail("ada@sender.example")
                client.rcpt("orders@example.test")
                client.data(message())
        mails = {mail["id"] for mail in server.mails("--limit", "1000")}
        for mail in mails:
            server.settled(mail)
        # One that is not encrypted, as the server's own users might put there.
        s3.put_object(Bucket="example-mail", Key="first/0", Body=message())
        self.forget(server)
        done = self.replay(server, "--bucket", "far", status=1)
        self.assertEqual((done["replayed"], done["left"]),
                         (230, {"it cannot be read or decrypted": 1}))
        self.assertEqual({row["replay"]["original"] for row in server.mails("--limit", "1000")},
                         mails)

    def test_another_martlets_bucket(self):
        other = new_server(self)
        other.config["s3"] = {"address": "127.0.0.1", "port": 0}
        other.start()
        key = other.json("credentials", "create", "stores")
        other.stop()
        other.config["buckets"]["mail"]["writers"] = [key["id"]]
        other.write_config()
        other.launch()
        other.eventually(other.is_ready, "the other server is ready again")
        listens = other.eventually(
            lambda: re.search(r" s3 listens address=127\.0\.0\.1 port=(\d+)", other.log()),
            "objects are served")
        for number in range(120):
            self.put(other, f"in/{number:03}/a+b & c.eml", message())
        server = self.new_server(AFTER)
        server.config["buckets"]["far"] = settings(
            server, f"http://127.0.0.1:{listens[1]}", bucket="mail", accessKeyId=key["id"])
        with open(server.path("bucket.secret"), "w", encoding="ascii") as file:
            file.write(key["secret"])
        server.start()
        done = self.replay(server, "--bucket", "far", "--to", "orders@example.test")
        self.assertEqual((done["replayed"], done["left"]), (120, {}))
        self.assertEqual(len({entry["id"] for entry in self.seen(server)}), 120)

    def test_a_bucket_that_does_not_answer_is_waited_for(self):
        moto = Moto(self, ENVIRONMENT)
        server = self.new_server(AFTER)
        server.config["buckets"]["far"] = settings(server, moto.url)
        server.start()
        told = server.cli("replay", "--bucket", "far", status=1)
        self.assertIn("answered 404 NoSuchBucket", told.stderr)
        with subprocess.Popen(
                [BINARY, "replay", "--bucket", "far", "--yes", "-c", server.config_path],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as asking:
            server.eventually(
                lambda: server.log_lines("a replay waits", "404 NoSuchBucket"), "it waits")
            said = asking.stderr.readline()
            self.assertRegex(said, r"^replay 1 waits, and goes on by itself: .*404 NoSuchBucket")
            self.assertIn("404 NoSuchBucket", server.json("replay", "show", "1")["waitsFor"])
            self.assertRegex(
                server.cli("replay", "show", "1", status=None).stdout,
                r"replay 1 \(open\)[^\n]*\n    waits: .*404 NoSuchBucket")
            self.assertIn("open, waits", server.cli("replay", "list").stdout)
            s3 = test_buckets.client(moto.url)
            s3.create_bucket(
                Bucket="example-mail",
                CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
            asking.wait()
        [replay] = server.json("replay", "list")
        self.assertEqual((replay["state"], replay["replayed"]), ("ended", 0))
        self.assertNotIn("waitsFor", replay)


if __name__ == "__main__":
    unittest.main()
