"""Faults of the disk, injected by the fault layer (Tests/FaultLayer): what peers are told, how the
server ends, and that nothing that was acknowledged is lost or torn. The names of attacks (D1 to D8)
stand with the tests."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import unittest
import urllib.request

from support import (
    BINARY, DEADLINE_SECONDS, PROJECT, eventually, large_body, message, new_server)

from hop import USUAL
from local_sending import sending_server
from power_cut import PowerCut
from test_operation import WAITING, get

CRASH = os.path.join(PROJECT, "scripts/crash.py")
WATCHED = ["data/spool/martlet.sqlite*", "data/lock", "out/*", "log"]

# A rule that stores, and tells a topic whose subscriber is a file.
RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail}
          - notify: {topic: arrivals}
    """

QUARANTINE_RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - quarantine
          - store: {bucket: mail}
    """

HANDLER_RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - invoke: {handler: waiting}
    """


def faulty_server(test, **config):
    server = new_server(test, RULES, is_faulty=True, **config)
    server.config["topics"] = {"arrivals": {"log": {"file": server.path("out", "lines")}}}
    # The next try of an action comes soon.
    server.config["limits"]["retryFirstDelaySeconds"] = 1
    return server


def small(number):
    return message(subject=f"small {number}", body="short")


def large(number):
    return message(subject=f"large {number}", body=large_body(60_000))


def try_to_send(server, content):
    """The id of a mail that was taken, or the code that it was refused with."""
    try:
        dialog = server.dialog()
    except OSError:
        return None  # it has ended
    with dialog:
        try:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            dialog.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            code, text = dialog.reply()
        except (AssertionError, OSError) as error:
            found = re.search(r"\((\d{3}),", str(error))
            return int(found[1]) if found else None
    return re.search(r"queued as (\w+)", text)[1] if code == 250 else code


class CrashTests(unittest.TestCase):
    """D1 and D2, in short; `make crash` is the long form."""

    def crash(self, kind, seed, ways="receive,send"):
        """What was printed."""
        done = subprocess.run(
            [sys.executable, CRASH, "--martlet", BINARY, "--kinds", kind, "--runs", "16",
             "--ways", ways, "--no-controls", "--seed", seed],
            capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = re.match(
            rf"crash \w+ kind={kind} runs=16 acknowledged=(\d+) lost=0 torn=0 "
            r"(doubled=\d+ )?doubled_without_id=0\n", done.stdout)
        self.assertTrue(found, done.stdout)
        self.assertGreater(int(found[1]), 50)
        return done.stdout

    def test_d1_kill_at_chosen_calls(self):
        self.crash("kill", "41")

    def test_d2_power_cut_at_chosen_calls(self):
        self.crash("power", "42")

    def test_every_action_is_done_whatever_strikes(self):
        """And with its id, where it is done once more."""
        for kind, seed in (("kill", "43"), ("power", "44")):
            figures = re.findall(
                r"action=(\S+) effects=(\d+) lost=0 doubled=\d+ doubled_without_id=0\n",
                self.crash(kind, seed, "actions"))
            self.assertEqual(len(figures), 22)
            self.assertEqual([action for action, effects in figures if effects == "0"], [])


class BacklogTests(unittest.TestCase):
    """Mails that an ended process has left, more than are brought at once."""

    MAILS = 1_000

    def counts(self, server):
        return server.json("status")["mails"]

    def test_what_is_kept_apart_stays_so(self):
        server = new_server(self, QUARANTINE_RULES).start()
        with server.client() as client:
            for number in range(self.MAILS):
                client.sendmail("ada@sender.example", ["someone@example.test"], small(number))
        server.eventually(lambda: self.counts(server)["held"] == self.MAILS, "all are held")
        server.stop()
        # As a process leaves them that was killed behind their 250s.
        database = sqlite3.connect(server.path("data/spool/martlet.sqlite"))
        with contextlib.closing(database), database:
            database.execute("DELETE FROM action")
            database.execute("UPDATE mail SET state = 'acting', due_ms = received_ms")
        server.start()
        server.eventually(lambda: self.counts(server)["acting"] == 0, "all are done with")
        self.assertEqual(len(server.objects()), 0, "released by nobody")
        self.assertEqual(self.counts(server)["held"], self.MAILS)


class RefusedWriteTests(unittest.TestCase):
    """D3: the disk refuses a write, and goes on."""

    def check(self, rule, content, codes):
        """One mail before the fault, one at it, one after it; then all that was acknowledged is
        there, and of the refused one nothing."""
        server = faulty_server(self).start()
        first = server.send(small(1))
        server.settled(first)
        server.faults.set(rule)
        self.assertIn(try_to_send(server, content), codes)
        server.faults.clear()
        last = server.send(large(3))
        server.settled(last)
        self.assertEqual(set(server.objects()), {first, last})
        self.assertEqual(
            set(os.listdir(server.path("data/spool/bodies"))) - {last}, set(), "no half file")
        server.logged("error", "the spool refused a mail")
        with urllib.request.urlopen(
                f"http://127.0.0.1:{server.health_port}/metrics") as answer:
            self.assertIn("martlet_spool_failures_total 1", answer.read().decode())

    def test_d3_a_full_disk_under_a_body_file(self):
        for kind in ("write", "create"):
            for code in ("ENOSPC", "EDQUOT"):
                with self.subTest(kind=kind, code=code):
                    self.check(f"{kind} data/spool/bodies/* 1+ {code}", large(2), [452])

    def test_d3_a_disk_that_refuses_a_body_file(self):
        for kind in ("create", "write", "rename"):
            with self.subTest(kind=kind):
                self.check(f"{kind} data/spool/bodies/* 1+ EIO", large(2), [451])

    def test_d3_a_full_disk_under_the_database(self):
        for code in ("ENOSPC", "EDQUOT"):
            with self.subTest(code=code):
                self.check(f"write data/spool/martlet.sqlite-wal 1+ {code}", small(2), [452])

    def test_d3_a_full_disk_under_a_checkpoint(self):
        """What is committed stays in the log, and is moved when there is room again."""
        for code in ("ENOSPC", "EDQUOT"):
            with self.subTest(code=code):
                server = faulty_server(self).start()
                server.faults.set(f"write data/spool/martlet.sqlite 1+ {code}")
                first = server.send(small(1))
                server.settled(first)
                server.eventually(
                    lambda: server.log_lines("the checkpoint failed", "storage is full"),
                    "the checkpoint failed")
                server.faults.clear()
                second = server.send(small(2))
                server.settled(second)
                self.assertEqual(set(server.objects()), {first, second})

    def test_d3_short_writes_are_continued(self):
        server = faulty_server(self).start()
        server.faults.set("write * 1+ short")
        sent = {}
        for number in range(4):
            content = (small, large)[number % 2](number)
            mail = try_to_send(server, content)
            # SQLite takes a short write for a full disk; everything else goes on where it stopped.
            if isinstance(mail, str):
                sent[mail] = content
        server.faults.set("write data/spool/bodies/* 1+ short", "write data/spool/objects/* 1+ short",
                          "write out/lines 1+ short")
        for number in range(4, 8):
            content = (small, large)[number % 2](number)
            sent[server.send(content)] = content
        for mail, content in sent.items():
            server.settled(mail)
            self.assertTrue(server.objects()[mail].endswith(content))
        self.assertEqual(set(server.objects()), set(sent))


class FailedSyncTests(unittest.TestCase):
    """D3: a sync fails, and Linux marks what it was to write as clean. The mails that waited for it
    get 451, the process ends with status 1, the log says so; and the next start loses nothing
    that was acknowledged, also when the power goes right after it."""

    RULES = [
        ("sync data/spool/bodies/* 1 EIO", large),
        ("dirsync data/spool/bodies 1 EIO", large),
        ("sync data/spool/martlet.sqlite-wal 1 EIO", small),
        ("write data/spool/martlet.sqlite-wal 1 EIO", small),
    ]

    def test_d3_a_failed_sync_ends_the_process(self):
        for rule, content in self.RULES:
            with self.subTest(rule=rule):
                self.check(rule, content)

    def check(self, rule, content):
        server = faulty_server(self)
        cut = PowerCut(server.faults, WATCHED)
        server.start()
        # Mails that are acknowledged and whose actions have not run yet.
        server.faults.set("rename buckets/mail/* 1+ EIO")
        sent = {}
        for number in range(4):
            each = (small, large)[number % 2](number)
            sent[server.send(each)] = each
        server.faults.set("rename buckets/mail/* 1+ EIO", rule)
        # 421 where the journal of an action met the fault before the mail did.
        self.assertIn(try_to_send(server, content(9)), (451, 421))
        self.assertEqual(server.wait(), 1)
        server.logged("critical", "the spool failed")
        server.faults.clear()
        server.launch()
        server.eventually(server.is_ready, "the server is ready again")
        server.kill()
        # What the failed sync was to write has never reached the disk.
        cut.apply()
        server.launch()
        server.eventually(server.is_ready, "the server is ready after the power cut")
        for mail, each in sent.items():
            server.settled(mail)
            self.assertTrue(server.objects()[mail].endswith(each), mail)

    def test_d3_a_failed_sync_of_an_object(self):
        for rule in ("syncfs * 1 EIO", "sync data/spool/objects/* 1 EIO",
                     "dirsync buckets/mail 1 EIO", "sync out/lines 1 EIO"):
            with self.subTest(rule=rule):
                server = faulty_server(self).start()
                server.settled(server.send(small(0)))
                server.faults.set(rule)
                sent = {}
                for number in range(6 if "syncfs" in rule else 1):
                    mail = try_to_send(server, small(number))
                    if isinstance(mail, str):
                        sent[mail] = small(number)
                self.assertEqual(server.wait(), 1)
                server.faults.clear()
                server.launch()
                server.eventually(server.is_ready, "the server is ready again")
                for mail, content in sent.items():
                    server.settled(mail)
                    self.assertTrue(server.objects()[mail].endswith(content))

    def told(self, server):
        """The mails that the topic's file tells of."""
        try:
            with open(server.path("out", "lines"), encoding="utf-8") as file:
                return {json.loads(json.loads(line)["Message"])["mail"]["messageId"]
                        for line in file}
        except (FileNotFoundError, ValueError):
            return set()

    def test_d3_actions_are_tried_again(self):
        """What an action cannot do now is done later; nothing half is seen meanwhile."""
        for rule in ("write data/spool/objects/* 1 ENOSPC", "rename buckets/mail/* 1 EIO",
                     "mkdir buckets/mail* 1 EIO", "write out/lines 1 EDQUOT",
                     "link data/spool/objects/* 1 EIO"):
            with self.subTest(rule=rule):
                server = faulty_server(self).start()
                server.faults.set(rule)
                sent = {server.send(each): each for each in (small(1), large(2))}
                for mail, content in sent.items():
                    server.settled(mail)
                    self.assertTrue(server.objects()[mail].endswith(content))
                server.eventually(lambda: self.told(server) == set(sent), "both were told")


class LastWordsTests(unittest.TestCase):
    """What was done last and cannot be written is said by the end, and done again."""

    def test_d3_a_delivery_that_cannot_be_written(self):
        server, hop = sending_server(self, is_faulty=True)
        goes_on = threading.Event()

        def taken_late(session):
            session.keep()
            goes_on.wait(DEADLINE_SECONDS)
            session.say(USUAL["end"])
        hop.acts["end"] = [taken_late]
        sent = server.cli("send", "--from", "shop@example.test", "--to", "ada@far.example",
                          "--text", "x").stdout.strip()
        eventually(lambda: hop.taken, "the mail is on its way")
        server.faults.set("write data/spool/martlet.sqlite-wal 1+ ENOSPC")
        server.terminate()
        goes_on.set()
        self.assertEqual(server.wait(), 1, server.log_tail())
        self.assertIn("what was done last could not be written", server.log_tail())
        server.faults.clear()
        server.start(identities=())
        eventually(lambda: len(hop.taken) == 2, "it is delivered again")
        server.eventually(
            lambda: server.json("queue", "sent", "show", sent)["recipients"][0]["state"]
            == "delivered", "that is known")


class DamageTests(unittest.TestCase):
    """D4: what is truncated or has a flipped bit is seen by its checksum, set aside and counted."""

    def held_up(self, *contents):
        """A server with mails whose object cannot be stored yet, and their ids."""
        server = faulty_server(self).start()
        server.faults.set("rename buckets/mail/* 1+ EIO")
        mails = [server.send(content) for content in contents]
        for mail in mails:
            server.eventually(lambda each=mail: server.actions(each), "it was tried")
        return server, mails

    def assert_damaged(self, server, damaged, whole):
        server.faults.clear()
        server.settled(whole)
        server.eventually(
            lambda: server.json("mail", "show", damaged)["mail"]["state"] == "damaged",
            "the mail is set aside")
        self.assertEqual(set(server.objects()), {whole})
        with urllib.request.urlopen(
                f"http://127.0.0.1:{server.health_port}/metrics") as answer:
            self.assertIn('martlet_mails{state="damaged"} 1\n', answer.read().decode())
        # Never deleted.
        self.assertTrue(server.raw(damaged))

    def damage(self, path, kind):
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            if kind == "truncated":
                file.truncate(os.path.getsize(path) - 1)
            else:
                file.seek(30_000)
                byte = file.read(1)[0]
                file.seek(30_000)
                file.write(bytes([byte ^ 0x10]))

    def test_d4_a_damaged_body_file(self):
        for kind in ("truncated", "flipped"):
            for is_running in (True, False):
                with self.subTest(kind=kind, is_running=is_running):
                    server, (damaged, whole) = self.held_up(large(1), large(2))
                    if not is_running:
                        server.kill()
                    self.damage(server.path("data/spool/bodies", damaged), kind)
                    if not is_running:
                        server.faults.clear()
                        server.launch()
                        server.eventually(server.is_ready, "the server is ready again")
                    self.assert_damaged(server, damaged, whole)
                    self.assertEqual(os.listdir(server.path("data/spool/damaged")), [damaged])

    def test_d4_a_damaged_object(self):
        """An object may be a link to the mail's body: what is damaged in it is not handed on to
        the actions that are still open."""
        server = faulty_server(self)
        server.config["buckets"]["other"] = {"directory": "buckets/other"}
        server.write_rules("""
            ruleSet: main
            rules:
              - name: all
                actions:
                  - store: {bucket: mail}
                  - store: {bucket: other}
            """)
        server.start()
        server.faults.set("rename buckets/other/* 1+ EIO")
        mail = server.send(large(1))
        server.eventually(
            lambda: len(server.actions(mail)) == 2 and server.objects(), "the first is stored")
        self.damage(server.path("buckets/mail", mail), "flipped")
        server.faults.clear()
        server.eventually(
            lambda: server.json("mail", "show", mail)["mail"]["state"] == "damaged",
            "the mail is set aside")
        self.assertEqual(server.objects("other"), {})

    def test_d4_a_damaged_row(self):
        for column, value in (("bytes", None), ("recipients", "''"), ("state", "'actinh'")):
            with self.subTest(column=column):
                server, (damaged, whole) = self.held_up(small(1), small(2))
                server.kill()
                server.faults.clear()
                if column == "bytes":
                    statement = (f"UPDATE mail_body SET bytes = CAST(substr(bytes, 2) AS BLOB) "
                                 f"WHERE mail = '{damaged}'")
                else:
                    statement = f"UPDATE mail SET {column} = {value} WHERE id = '{damaged}'"
                with sqlite3.connect(server.path("data/spool/martlet.sqlite")) as database:
                    database.execute(statement)
                database.close()
                server.launch()
                server.eventually(server.is_ready, "the server is ready again")
                server.settled(whole)
                server.eventually(
                    lambda: server.json("status")["mails"]["damaged"] == 1, "it is set aside")
                self.assertEqual(set(server.objects()), {whole})
                server.logged("error", damaged)


class DatabaseTests(unittest.TestCase):
    """D6, as far as it is about the embedded database."""

    def test_d6_a_slow_disk_delays_the_answer(self):
        server = faulty_server(self).start()
        server.faults.set("sync data/spool/martlet.sqlite-wal 1 delay=1500")
        mail = server.send(small(1))
        server.settled(mail)
        self.assertEqual(set(server.objects()), {mail})

    def test_d6_a_locked_database_is_451(self):
        """Somebody holds the write lock for longer than the server waits."""
        server = faulty_server(self).start()
        before = server.send(small(1))
        server.settled(before)
        other = sqlite3.connect(server.path("data/spool/martlet.sqlite"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        self.assertEqual(try_to_send(server, small(2)), 451)
        # Once it is seen that commits fail, new sessions are sent away.
        self.assertIn(try_to_send(server, large(3)), (451, 421))
        server.eventually(lambda: server.log_lines("takes no mail: commits fail"), "it is seen")
        other.execute("ROLLBACK")
        other.close()
        server.eventually(lambda: server.log_lines("takes mail again"), "it is over")
        after = server.send(large(4))
        server.settled(after)
        self.assertEqual(set(server.objects()), {before, after})

    def test_d6_a_database_that_is_unlinked_takes_no_mail(self):
        for name in ("martlet.sqlite", "martlet.sqlite-wal"):
            with self.subTest(name=name):
                server = faulty_server(self).start()
                server.settled(server.send(large(1)))
                os.unlink(server.path("data/spool", name))
                self.assertIn(try_to_send(server, small(2)), (451, 421, None))
                self.assertEqual(server.wait(), 1)
                server.logged("critical", "is not the file that was opened")

    def database(self, server):
        """The database's files, by name."""
        files = {}
        for name in os.listdir(server.path("data/spool")):
            if name.startswith("martlet.sqlite"):
                with open(server.path("data/spool", name), "rb") as file:
                    files[name] = file.read()
        return files

    def test_an_older_database_deletes_no_later_mail(self):
        """Restored without its files: the later ones are set aside, and come back with it."""
        server = faulty_server(self).start()
        server.settled(server.send(large(1)))
        server.stop()
        backup = self.database(server)
        server.launch()
        server.eventually(server.is_ready, "the server is ready")
        server.faults.set("rename buckets/mail/* 1+ EIO")
        later = server.send(large(2))
        server.eventually(lambda: server.actions(later), "it was tried")
        server.stop()
        newest = self.database(server)
        server.faults.clear()
        for files, aside in ((backup, [later]), (newest, [])):
            for name in self.database(server):
                os.unlink(server.path("data/spool", name))
            for name, content in files.items():
                with open(server.path("data/spool", name), "wb") as file:
                    file.write(content)
            server.launch()
            server.eventually(server.is_ready, "the server is ready")
            self.assertEqual(os.listdir(server.path("data/spool/damaged")), aside)
            if not aside:
                server.settled(later)
                self.assertTrue(server.objects()[later].endswith(large(2)))
            server.stop()
        server.launch()
        server.eventually(server.is_ready, "the server is ready")


class LoadGuardTests(unittest.TestCase):
    """D6: while the store is slow or refuses, peers are sent away and the server is not ready; and
    both end by themselves."""

    def check(self, rule, cause, code):
        server = faulty_server(self, limits={"commitSecondsMax": 1}).start()
        server.settled(server.send(small(1)))
        self.assertEqual(get(server, "/healthz/ready")[0], 200)
        server.faults.set(rule)
        answers = []
        sender = threading.Thread(target=lambda: answers.append(try_to_send(server, small(2))))
        sender.start()
        server.eventually(lambda: server.log_lines(f"takes no mail: {cause}"), "it is seen")
        status, text = get(server, "/healthz/ready")
        self.assertEqual(status, 503)
        self.assertIn(cause, text)
        self.assertEqual(get(server, "/healthz/live")[0], 200)
        self.assertEqual(try_to_send(server, small(3)), 421)
        server.faults.clear()
        sender.join()
        server.eventually(lambda: get(server, "/healthz/ready")[0] == 200, "it is ready again")
        server.logged("takes mail again")
        kept = server.send(small(4))
        server.settled(kept)
        self.assertIn(kept, server.objects())
        if code is None:
            self.assertIn(answers[0], server.objects())
        else:
            self.assertEqual(answers, [code])

    def test_d6_a_slow_store(self):
        self.check("sync data/spool/martlet.sqlite-wal 1+ delay=4000", "commits are slow", None)

    def test_d6_a_store_that_refuses(self):
        self.check("write data/spool/martlet.sqlite-wal 1+ ENOSPC", "commits fail", 452)


class SlowBucketTests(unittest.TestCase):
    """D6: buckets that do not answer hold up what is stored there and nothing else."""

    def test_d6_a_bucket_that_hangs_holds_up_nothing_else(self):
        server = faulty_server(self).start()
        server.faults.set("sync,syncfs data/spool/objects* 1+ hold")
        mails = []
        for number in range(4):
            mails.append(server.send(small(number)))
            server.eventually(
                lambda: len(os.listdir(server.path("data/spool/objects"))) >= min(number + 1, 2),
                "a lane is at work")
        # Both lanes wait for the disk.
        self.assertEqual(get(server, "/healthz/ready")[0], 200)
        get(server, "/metrics")
        self.assertEqual(len(server.mails()), 4)
        server.cli("backup", server.path("backup"))
        self.assertEqual(server.objects(), {})
        server.faults.clear()
        for mail in mails:
            server.settled(mail)


class ActionsOnAFullDiskTests(unittest.TestCase):
    """D3: what was done cannot be written down."""

    def test_d3_a_handler_whose_outcome_has_no_room_runs_once(self):
        for code in ("ENOSPC", "EDQUOT"):
            with self.subTest(code=code):
                server = new_server(self, HANDLER_RULES, is_faulty=True)
                server.add_handler("waiting", WAITING)
                server.start()
                mail = server.send(small(1))
                server.eventually(lambda: os.path.exists(server.path("out", "started")), "it runs")
                server.faults.set(f"write data/spool/martlet.sqlite-wal 1+ {code}")
                with open(server.path("out", "go"), "w", encoding="utf-8"):
                    pass
                # Several tries of the journal, and none of the handler.
                server.eventually(
                    lambda: len(server.log_lines("storage failed", mail)) >= 3, "it is not written")
                server.faults.clear()
                server.settled(mail)
                self.assertEqual(server.actions(mail)[("all", 0)]["attempts"], 1)
                with open(server.path("out", "started"), encoding="utf-8") as file:
                    self.assertEqual(file.read(), f"{mail}/all/0\n")

    def test_d3_a_message_whose_delivery_has_no_room_is_posted_once(self):
        server = faulty_server(self).start()
        lines = server.path("out", "lines")

        def told():
            with open(lines, encoding="utf-8") as file:
                return [json.loads(json.loads(line)["Message"])["mail"]["messageId"]
                        for line in file]

        # It is told, and its subscriber does not end before nothing can be written down.
        server.faults.set("sync out/lines 1 hold")
        mail = server.send(small(1))
        server.settled(mail)
        server.eventually(lambda: os.path.exists(lines) and told(), "it is told")
        server.faults.set("write data/spool/martlet.sqlite-wal 1+ ENOSPC")
        server.eventually(
            lambda: len(server.log_lines("outbox could not be written")) >= 2,
            "it is not written")
        server.faults.clear()
        server.eventually(lambda: get(server, "/healthz/ready")[0] == 200, "it is ready again")
        # The next message of a topic waits for the end of the first.
        second = server.send(small(2))
        server.eventually(lambda: second in told(), "the next is told")
        self.assertEqual(told(), [mail, second])


class LostAnswerTests(unittest.TestCase):
    """D8: our 250 is lost with the connection, so the sender sends the mail again."""

    def test_d8_a_second_copy_is_visible_as_such(self):
        server = faulty_server(self).start()
        for content in (small(1), large(1)):
            server.faults.set("sync data/spool/martlet.sqlite-wal 1 delay=300")
            with server.dialog() as dialog:
                dialog.envelope("someone@example.test")
                dialog.command("DATA", 354)
                dialog.send(content + b".\r\n")
            # The connection is gone before the answer was.
            first = eventually(lambda: list(server.objects()), "the first copy is kept")
            again = server.send(content)
            server.settled(again)
            self.assertEqual(len(first), 1)
            copies = server.objects()
            self.assertEqual(set(copies), {first[0], again})
            for copy in copies.values():
                self.assertIn(b"\r\nMessage-ID: <1@sender.example>\r\n", copy)
            for mail in copies:
                os.unlink(server.path("buckets/mail", mail))


if __name__ == "__main__":
    unittest.main()
