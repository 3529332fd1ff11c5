"""Running it: health and metrics, ending and crashing, limits, filters, and the queue."""

import contextlib
import json
import os
import re
import signal
import socket
import time
import unittest
import urllib.error
import urllib.request

from support import (
    DEADLINE_SECONDS, MAIL_ID, ServerCase, eventually, large_body, martlet, message, new_server,
    process_is_gone, queued_id, unverified_tls,
)

MAIL = message()

# Says that it runs, then waits until there is a file `go`.
WAITING = """
import os, sys, time
out = os.environ["OUT"]
with open(os.path.join(out, "started"), "a") as file:
    file.write(os.environ["MARTLET_ACTION_ID"] + "\\n")
while not os.path.exists(os.path.join(out, "go")):
    time.sleep(0.02)
"""

FAILING = "import sys\nsys.exit(1)\n"


def get(server, path):
    """Status and text of a GET on the health endpoint."""
    try:
        with urllib.request.urlopen(
                f"http://127.0.0.1:{server.health_port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def metrics(server):
    """Every sample by its name and labels; fails where a line is not in Prometheus' form."""
    status, text = get(server, "/metrics")
    assert status == 200, text
    samples = {}
    types = {}
    for line in text.splitlines():
        if found := re.fullmatch(r"# TYPE ([a-z_]+) (counter|gauge)", line):
            assert found[1] not in types, f"{found[1]} is declared twice"
            types[found[1]] = found[2]
            continue
        found = re.fullmatch(r'([a-z_]+)(\{[a-zA-Z_]+="[^"\\\n]*"(?:,[a-z]+="[^"]*")*\})? (\d+)',
                             line)
        assert found, f"not Prometheus' form: {line}"
        assert found[1] in types, f"{found[1]} has no type"
        samples[found[1] + (found[2] or "")] = int(found[3])
    return samples


class Health(ServerCase):
    def test_live_and_ready(self):
        for path in ("/healthz/live", "/healthz/ready", "/healthz"):
            self.assertEqual(get(self.server, path), (200, "ok\n"))
        self.assertEqual(get(self.server, "/elsewhere")[0], 404)

    def test_metrics_count(self):
        before = metrics(self.server)
        mail = self.server.send(MAIL)
        self.server.settled(mail)
        self.server.rcpt("nobody@elsewhere.example")

        def more(name, amount):
            return metrics(self.server).get(name, 0) - before.get(name, 0) == amount
        for name, amount in (
            ("martlet_mails_accepted_total", 1),
            ("martlet_mail_bytes_accepted_total", len(MAIL)),
            ('martlet_refusals_total{code="550"}', 1),
            ('martlet_actions_total{kind="store",state="done"}', 1),
            ("martlet_mails_retired_total", 1),
        ):
            self.server.eventually(lambda name=name, amount=amount: more(name, amount),
                                   f"{name} has grown by {amount}")

    def test_gauges(self):
        self.server.eventually(
            lambda: metrics(self.server)["martlet_sessions"] == 0, "no session is open")
        with self.server.dialog() as dialog:
            dialog.expect(220)
            self.assertEqual(metrics(self.server)["martlet_sessions"], 1)
        samples = metrics(self.server)
        self.assertGreater(samples["martlet_spool_free_bytes"], 1_000_000)
        for name in ('martlet_mails{state="acting"}', 'martlet_actions_open{state="dead"}'):
            self.assertEqual(samples[name], 0)


class Ending(unittest.TestCase):
    def test_running_mail_finishes_and_the_rest_get_421(self):
        server = new_server(self).start()
        content = message(body=large_body(30_000))
        with server.dialog() as running, server.dialog() as idle, server.dialog() as amid, \
                server.dialog() as chunks:
            running.envelope("someone@example.test")
            running.command("DATA", 354)
            running.send(content[:15_000])
            chunks.envelope("someone@example.test")
            chunks.send(b"BDAT 100\r\n" + content[:100])
            chunks.expect(250)
            idle.expect(220)
            amid.envelope("someone@example.test")
            server.terminate()
            for dialog in (idle, amid):
                self.assertRegex(dialog.expect(421), r"^4\.3\.2 ")
                self.assertTrue(dialog.is_at_end())
            # Nobody else gets in.
            eventually(lambda: self.is_refused(server), "the port is closed")
            running.send(content[15_000:] + b".\r\n")
            mail = queued_id(running.reply())
            chunks.send(b"BDAT %d LAST\r\n" % (len(content) - 100) + content[100:])
            other = queued_id(chunks.reply())
            for dialog in (running, chunks):
                self.assertRegex(dialog.expect(421), r"^4\.3\.2 ")
                self.assertTrue(dialog.is_at_end())
        self.assertEqual(server.wait(), 0)
        server.logged("notice martlet: ended")
        self.assertFalse(os.path.exists(server.path("data", "control.sock")))
        # What was promised is kept.
        server.start(identities=())
        for each in (mail, other):
            server.settled(each)
            self.assertTrue(server.objects()[each].endswith(content))
        self.assertEqual(set(server.objects()), {mail, other})

    @staticmethod
    def is_refused(server):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", server.port)) != 0

    def test_a_mail_that_stalls_does_not_keep_it_alive(self):
        server = new_server(self, limits={"drainSeconds": 1}).start()
        with server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            dialog.send(MAIL)
            server.terminate()
            self.assertEqual(server.wait(), 0)
            # It may be told why.
            last = dialog.line()
            self.assertTrue(last is None or last.startswith("421 "), last)
        server.start(identities=())
        self.assertEqual(server.mails(), [])

    def test_interrupt_ends_it_too(self):
        server = new_server(self).start()
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0)

    def test_told_to_end_while_it_starts_it_ends_in_order(self):
        server = new_server(self)
        server.add_handler("idle", FAILING)
        began = time.monotonic()
        server.start()
        start = time.monotonic() - began
        server.stop()
        mark = server.path("data", "lock")
        tries = 12
        for number in range(tries):
            # All over its start, and a little beyond.
            server.launch()
            time.sleep(start * number / (tries - 2))
            server.process.send_signal([signal.SIGTERM, signal.SIGINT][number % 2])
            status = server.wait()
            self.assertEqual(os.path.getsize(mark), 0, f"{number}: cut, {status}\n{server.log()}")
            # Before it takes its folder there is nothing to end.
            self.assertIn(status, (0, -signal.SIGTERM, -signal.SIGINT), server.log())
        # The earliest moment at which it has something to bring to an end.
        for _ in range(tries):
            server.launch()
            deadline = time.monotonic() + DEADLINE_SECONDS
            while os.path.getsize(mark) == 0:
                self.assertLess(time.monotonic(), deadline, "it takes its folder")
            server.terminate()
            self.assertEqual(server.wait(), 0, server.log())
            self.assertEqual(os.path.getsize(mark), 0)
        server.start(identities=())
        server.send(MAIL)

    def test_a_session_under_tls_gets_its_421(self):
        server = new_server(self).start()
        with server.client() as client:
            client.starttls(context=unverified_tls())
            client.ehlo()
            server.terminate()
            self.assertEqual(client.getreply()[0], 421)
            client.close()
            self.assertEqual(server.wait(), 0)

    def test_a_running_handler_is_waited_for(self):
        server = new_server(self, """
            ruleSet: main
            rules:
              - name: waiting
                actions:
                  - invoke: {handler: waiting}
            """)
        server.add_handler("waiting", WAITING)
        server.start()
        mail = server.send(MAIL)
        started = server.path("out", "started")
        server.eventually(lambda: os.path.exists(started), "the handler runs")
        handler = server.processes()[0][0]
        server.terminate()
        server.eventually(lambda: self.is_refused(server), "the port is closed")
        self.assertFalse(process_is_gone(handler))
        with open(server.path("out", "go"), "w", encoding="utf-8"):
            pass
        self.assertEqual(server.wait(), 0)
        # Its outcome was journalled: it is not called again.
        server.start(identities=())
        server.settled(mail)
        with open(started, encoding="utf-8") as file:
            self.assertEqual(file.read(), f"{mail}/waiting/0\n")


class Crash(unittest.TestCase):
    def test_what_got_a_250_is_there_after_kill(self):
        server = new_server(self).start()
        contents = {}
        for number in range(12):
            body = large_body(40_000) if number % 3 == 0 else f"Number {number}"
            content = message(subject=f"Number {number}", body=body)
            contents[server.send(content)] = content
        server.kill()
        # One that had no 250 leaves nothing.
        server.start(identities=())
        for mail, content in contents.items():
            server.settled(mail)
            self.assertEqual(server.raw(mail), content)
            self.assertTrue(server.objects()[mail].endswith(content))
        # Each once under its own id, and nothing else.
        self.assertEqual(set(server.objects()), set(contents))
        self.assertEqual({mail["id"] for mail in server.mails()}, set(contents))
        self.assertEqual(os.listdir(server.path("data", "spool", "objects")), [])

    def test_kill_amid_a_mail(self):
        server = new_server(self).start()
        with server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            dialog.send(message(body=large_body(500_000)))
            bodies = server.path("data", "spool", "bodies")
            server.eventually(
                lambda: any(names for _, _, names in os.walk(bodies)), "its file has begun")
            server.kill()
        server.start(identities=())
        self.assertEqual(server.mails(), [])
        self.assertEqual([name for _, _, names in os.walk(bodies) for name in names], [])

    def test_an_action_that_was_cut_runs_again_under_its_id(self):
        server = new_server(self, """
            ruleSet: main
            rules:
              - name: waiting
                actions:
                  - store: {bucket: mail, prefix: before}
                  - invoke: {handler: waiting}
                  - store: {bucket: mail, prefix: behind}
            """)
        server.add_handler("waiting", WAITING)
        server.start()
        mail = server.send(MAIL)
        started = server.path("out", "started")
        server.eventually(lambda: os.path.exists(started), "the handler runs")
        orphans = [number for number, _ in server.processes()]
        server.kill()
        for number in orphans:
            # Most end by themselves when the server does.
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        os.unlink(started)
        with open(server.path("out", "go"), "w", encoding="utf-8"):
            pass
        server.start(identities=())
        server.settled(mail)
        with open(started, encoding="utf-8") as file:
            self.assertEqual(file.read(), f"{mail}/waiting/1\n")
        self.assertEqual(set(server.objects()), {f"before/{mail}", f"behind/{mail}"})
        # The store before it was journalled, and not done again.
        self.assertEqual(server.actions(mail)["waiting", 0]["attempts"], 1)

    def test_a_damaged_mail_is_set_aside(self):
        server = new_server(self, """
            ruleSet: main
            rules:
              - name: failing
                actions:
                  - invoke: {handler: failing}
            """)
        server.add_handler("failing", FAILING)
        server.start()
        damaged = server.send(message(body=large_body(100_000)))
        whole = server.send(message(body=large_body(100_000)))
        server.eventually(
            lambda: server.actions(damaged) and server.actions(whole), "both were tried")
        server.kill()
        bodies = server.path("data", "spool", "bodies")
        paths = [os.path.join(folder, name) for folder, _, names in os.walk(bodies)
                 for name in names if name.startswith(damaged)]
        self.assertEqual(len(paths), 1)
        with open(paths[0], "r+b") as file:
            file.seek(50_000)
            file.write(b"?")
        server.start(identities=())
        self.assertEqual(
            server.json("mail", "show", damaged)["mail"]["state"], "damaged")
        self.assertEqual(server.json("mail", "show", whole)["mail"]["state"], "acting")
        server.logged("is set aside", f"mail={damaged}")
        self.assertTrue(any(
            names for _, _, names in os.walk(server.path("data", "spool", "damaged"))))


class Filters(unittest.TestCase):
    def greeting(self, *filters):
        server = new_server(self, filters=[
            {"name": f"filter-{number}", "policy": policy, "cidr": cidr}
            for number, (policy, cidr) in enumerate(filters)]).start()
        with server.dialog() as dialog:
            code, text = dialog.reply()
            if code != 220:
                self.assertTrue(dialog.is_at_end())
                server.eventually(lambda: len(server.log_lines("peer=127.0.0.1", "554 5.7.1")) == 1,
                          "the refusal is logged once")
            return code, text

    def test_block(self):
        code, text = self.greeting(("Block", "127.0.0.0/8"))
        self.assertEqual(code, 554)
        self.assertTrue(text.startswith("5.7.1 "), text)
        # It says nothing of which filter it was.
        self.assertNotIn("filter", text)

    def test_allow_beats_block_in_either_order(self):
        self.assertEqual(
            self.greeting(("Allow", "127.0.0.1/32"), ("Block", "127.0.0.0/8"))[0], 220)
        self.assertEqual(self.greeting(("Block", "0.0.0.0/0"), ("Allow", "127.0.0.1"))[0], 220)

    def test_others_are_not_blocked(self):
        self.assertEqual(
            self.greeting(("Block", "128.0.0.0/1"), ("Block", "127.0.0.2"), ("Block", "::/0"))[0],
            220)


class LowDisk(ServerCase):
    @classmethod
    def prepare(cls, server):
        server.config["spool"] = {"freeBytesMin": 1 << 52}

    def test_452_and_not_ready(self):
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            self.assertRegex(dialog.command("DATA", 452), r"^4\.3\.1 ")
            dialog.command("MAIL FROM:<ada@sender.example>", 250)
            dialog.command("RCPT TO:<someone@example.test>", 250)
            dialog.send(b"BDAT 5 LAST\r\nA: b\n")
            self.assertRegex(dialog.expect(452), r"^4\.3\.1 ")
            dialog.command("QUIT", 221)
        status, text = get(self.server, "/healthz/ready")
        self.assertEqual(status, 503)
        self.assertIn("bytes free", text)
        self.assertEqual(get(self.server, "/healthz/live")[0], 200)


class Limits(ServerCase):
    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {
            "connectionsMax": 2, "recipientsMax": 3, "headerBytesMax": 2048, "hopsMax": 3,
            "errorsMax": 5}

    def connected(self):
        """A dialog that was greeted; the limit counts those that are about to end, too."""
        def dialog():
            fresh = self.server.dialog()
            if fresh.reply()[0] == 220:
                return fresh
            fresh.connection.close()
            return None
        return self.server.eventually(dialog, "there is room for a connection")

    def test_connections(self):
        with self.connected(), self.connected() as second:
            with self.server.dialog() as third:
                self.assertRegex(third.expect(421), r"^4\.3\.2 ")
                self.assertTrue(third.is_at_end())
            second.command("QUIT", 221)
            self.assertTrue(second.is_at_end())
            self.connected().connection.close()

    def test_recipients(self):
        with self.connected() as dialog:
            dialog.command("EHLO client.example", 250)
            dialog.command("MAIL FROM:<ada@sender.example>", 250)
            for number in range(3):
                dialog.command(f"RCPT TO:<user{number}@example.test>", 250)
            self.assertRegex(dialog.command("RCPT TO:<user4@example.test>", 452), r"^4\.5\.3 ")
            dialog.command("DATA", 354)
            dialog.send(MAIL + b".\r\n")
            mail = queued_id(dialog.reply())
        self.assertEqual(len(self.server.settled(mail)["mail"]["recipients"]), 3)

    def test_header_and_hops(self):
        for extra, code, enhanced in (
            (["X-Long: " + "x" * 2048], 552, "5.3.4 "),
            ([f"Received: from hop{number}" for number in range(4)], 554, "5.4.6 "),
            ([f"Received: from hop{number}" for number in range(3)], 250, "2.0.0 "),
        ):
            with self.subTest(code=code), self.connected() as dialog:
                dialog.command("EHLO client.example", 250)
                dialog.command("MAIL FROM:<ada@sender.example>", 250)
                dialog.command("RCPT TO:<someone@example.test>", 250)
                dialog.command("DATA", 354)
                dialog.send(message(extra=extra) + b".\r\n")
                self.assertTrue(dialog.expect(code).startswith(enhanced))

    def test_errors(self):
        with self.connected() as dialog:
            for _ in range(4):
                dialog.command("NONSENSE", 500)
            dialog.send(b"NONSENSE\r\n")
            dialog.expect(500)
            dialog.expect(421)
            self.assertTrue(dialog.is_at_end())


class Silence(ServerCase):
    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {"commandSeconds": 1, "dataPieceSeconds": 1}

    def test_between_commands(self):
        with self.server.dialog() as dialog:
            dialog.expect(220)
            self.assertRegex(dialog.expect(421), r"^4\.4\.2 ")
            self.assertTrue(dialog.is_at_end())

    def test_amid_a_mail(self):
        with self.server.dialog() as dialog:
            # In one write: on a busy machine a second is soon over.
            dialog.send(b"EHLO client.example\r\nMAIL FROM:<>\r\n"
                        b"RCPT TO:<someone@example.test>\r\nDATA\r\nSubject: cut")
            for code in (220, 250, 250, 250, 354):
                dialog.expect(code)
            self.assertRegex(dialog.expect(421), r"^4\.4\.2 ")
            self.assertTrue(dialog.is_at_end())
        self.assertEqual(self.server.mails(), [])


class Folder(ServerCase):
    def test_second_server_is_refused(self):
        done = martlet("serve", "-c", self.server.config_path, status=1)
        self.assertIn(f"another server uses {self.server.path('data')}", done.stderr)
        # The first goes on as if nothing had been.
        self.assert_stored(self.server.send(MAIL), MAIL)

    def test_command_line_without_a_server(self):
        config = dict(self.server.config, dataDirectory="nowhere")
        path = self.server.path("other.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({key: value for key, value in config.items() if value}, file)
        done = martlet("mail", "list", "-c", path, status=1)
        self.assertIn("nowhere/control.sock", done.stderr)
        self.assertIn("server", done.stderr)

    def test_what_is_in_it_is_closed_to_others(self):
        self.server.settled(self.server.send(message(body=large_body(30_000))))
        for name in ("control.sock", "receipt.key", "tls/self-signed.key"):
            mode = os.stat(self.server.path("data", name)).st_mode
            self.assertEqual(mode & 0o077, 0, name)

        def is_open(path):
            """Whether others could get at it, by its own mode and that of every folder above."""
            while path != self.server.folder:
                if not os.stat(path).st_mode & 0o007:
                    return False
                path = os.path.dirname(path)
            return True
        spool = self.server.path("data", "spool")
        for folder, _, names in os.walk(spool):
            for name in names:
                self.assertFalse(is_open(os.path.join(folder, name)), f"{folder}/{name}")

    def test_port_in_use(self):
        server = new_server(self, listeners=[{"address": "127.0.0.1", "port": self.server.port}])
        server.write_config()
        done = martlet("serve", "-c", server.config_path, status=1)
        self.assertRegex(done.stderr, rf"{self.server.port}.*in use|in use.*{self.server.port}")


class Queue(ServerCase):
    rules = """
        ruleSet: main
        rules:
          - name: failing
            actions:
              - store: {bucket: mail}
              - invoke: {handler: failing}
        """

    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {"retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}
        server.add_handler("failing", FAILING)

    def attempts(self, mail):
        return self.server.actions(mail).get(("failing", 1), {}).get("attempts", 0)

    def state(self, mail):
        return self.server.json("queue", "show", mail)["mail"]["state"]

    def test_hold_and_release(self):
        held = self.server.send(MAIL)
        self.server.eventually(lambda: self.attempts(held) == 1, "it was tried")
        said = self.server.cli("queue", "hold", held).stdout
        self.assertIn(f"mail {held} is held", said)
        self.assertEqual(self.state(held), "held")
        # Another mail shows that a try that ran just then has ended, and then that time enough has
        # passed for two more.
        other = self.server.send(MAIL)
        self.server.eventually(lambda: self.attempts(other) >= 1, "the other was tried")
        before = self.attempts(held)
        self.server.eventually(lambda: self.attempts(other) >= 3, "the other was tried again")
        self.assertEqual(self.attempts(held), before)
        again = self.server.cli("queue", "hold", held, status=1)
        self.assertIn("is held, not acting", again.stderr)
        self.assertIn("1 held", self.server.cli("queue").stdout)
        self.server.cli("queue", "release", held)
        self.assertEqual(self.state(held), "acting")
        self.server.eventually(lambda: self.attempts(held) > before, "it was tried again")
        self.server.cli("queue", "remove", other)
        self.server.cli("queue", "remove", held)

    def test_remove(self):
        for content in (MAIL, message(body=large_body(50_000))):
            mail = self.server.send(content)
            self.server.eventually(lambda mail=mail: self.attempts(mail) == 1, "it was tried")
            self.assertIn(mail, [each["id"] for each in self.server.json("queue")])
            said = self.server.cli("queue", "remove", mail).stdout
            self.assertIn("objects that it was stored as stay", said)
            self.server.cli("mail", "show", mail, status=1)
            self.server.cli("queue", "remove", mail, status=1)
            self.assertTrue(self.server.objects()[mail].endswith(content))
            bodies = self.server.path("data", "spool", "bodies")
            left = [name for _, _, names in os.walk(bodies) for name in names
                    if name.startswith(mail)]
            self.assertEqual(left, [])

    def test_nonsense(self):
        for verb in ("show", "retry", "hold", "release", "remove"):
            self.server.cli("queue", verb, "../../etc/passwd", status=1)
            self.server.cli("queue", verb, "0" * 40, status=1)


class Log(ServerCase):
    @classmethod
    def prepare(cls, server):
        server.config["log"] = {"format": "json"}
        # The readiness of a server is read from its text log.
        server.config["listeners"][0]["port"] = free_port()
        server.port = server.config["listeners"][0]["port"]
        del server.config["health"]
        server.is_ready = lambda: server.process.poll() is None and can_connect(server)

    def test_every_line_is_json(self):
        mail = self.server.send(MAIL)
        self.server.settled(mail)
        self.server.eventually(
            lambda: self.server.log_lines('"message":"action"'), "the action is logged")
        lines = [json.loads(line) for line in self.server.log().splitlines()]
        accepted = [line for line in lines if line["message"] == "accepted"]
        self.assertEqual(len(accepted), 1)
        self.assertEqual(accepted[0]["mail"], mail)
        self.assertEqual(accepted[0]["label"], "mail")
        self.assertEqual(accepted[0]["level"], "info")
        self.assertEqual(accepted[0]["to"], "<someone@example.test>")
        self.assertRegex(accepted[0]["mail"], MAIL_ID)
        self.assertTrue(all({"time", "level", "label", "message"} <= set(line) for line in lines))


class UnreadLog(unittest.TestCase):
    def test_mail_is_taken_while_nobody_reads_the_log(self):
        """Standard error is a pipe that is full from the start."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"." * 1024)
        os.set_blocking(writing, True)
        server = new_server(self)
        server.config["log"] = {"level": "debug"}
        server.port, server.health_port = free_port(), free_port()
        server.config["listeners"][0]["port"] = server.port
        server.config["health"]["port"] = server.health_port
        server.standard_error = writing
        server.write_config()
        server.launch()
        os.close(writing)
        eventually(lambda: can_connect(server), "it listens")
        server.cli("identity", "add", "example.test", "--trusted")
        for _ in range(20):
            server.settled(server.send(MAIL))
        self.assertEqual(get(server, "/healthz/ready")[0], 200)
        # The end waits for the log's reader, but not for long.
        server.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def can_connect(server):
    with socket.socket(socket.AF_UNIX) as control:
        return control.connect_ex(server.path("data", "control.sock")) == 0


class SendTest(ServerCase):
    def test_it_shows_both_sides(self):
        server = f"127.0.0.1:{self.server.port}"
        done = self.server.cli("send-test", "--server", server, "--to", "someone@example.test",
                               "--subject", "Hello")
        self.assertIn("-> RCPT TO:<someone@example.test>", done.stdout)
        mail = re.search(r"<- 250 2\.0\.0 Ok: queued as ([0-9a-v]{40})", done.stdout)[1]
        self.server.settled(mail)
        self.assertIn(b"\r\nSubject: Hello\r\n", self.server.objects()[mail])
        refused = self.server.cli("send-test", "--server", server, "--quiet",
                                  "--to", "someone@elsewhere.example", status=1)
        self.assertIn("refused: 550 5.1.1", refused.stderr)

    def test_a_file_as_it_is(self):
        path = self.server.path("mail.eml")
        content = message(body="One.\n.\n..two\nEnd.")
        with open(path, "wb") as file:
            file.write(content.replace(b"\r\n", b"\n"))
        done = self.server.cli(
            "send-test", "--server", f"127.0.0.1:{self.server.port}", "--quiet", "--file", path,
            "--to", "someone@example.test")
        mail = re.search(r"queued as ([0-9a-v]{40})", done.stdout)[1]
        self.assert_stored(mail, content)


if __name__ == "__main__":
    unittest.main()
