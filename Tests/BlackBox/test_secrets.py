"""H13: what the server keeps to itself shows nowhere, at the most talkative of its log levels.
H2: no name that comes from outside leads out of a bucket. H5: what a handler answers is bounded.
"""

import base64
import json
import os
import subprocess
import unittest

from support import BINARY, ServerCase, eventually, message, new_server
from test_operation import metrics

RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail}
          - invoke: {handler: failing}
          - notify: {topic: told}
    """

FAILING = """
import sys
sys.stderr.write("no luck\\n")
sys.exit(3)
"""

IN_ENVIRONMENT = "handler-environment-7Yq2"
IN_USER_INFO = "user-info-9Kd4"
IN_QUERY = "query-token-3Wz8"


class Secrets(unittest.TestCase):
    def test_show_nowhere(self):
        server = new_server(
            self, RULES, log={"level": "trace"},
            limits={"retryGiveUpAfterSeconds": 0, "retryFirstDelaySeconds": 1})
        server.add_handler("failing", FAILING, environment={"TOKEN": IN_ENVIRONMENT})
        # Nobody listens there: each failure is told.
        server.config["topics"] = {"told": {
            "hook": {"url": f"http://martlet:{IN_USER_INFO}@127.0.0.1:9/hook?token={IN_QUERY}"}}}
        server.write_config()
        refusal = server.cli("check", status=2).stderr
        self.assertNotIn(IN_USER_INFO, refusal)
        server.config["topics"]["told"]["hook"] = {
            "url": f"http://127.0.0.1:9/hook?token={IN_QUERY}",
            "deliveryPolicy": {"numRetries": 0, "numMinDelayRetries": 0, "numMaxDelayRetries": 0}}
        server.start()
        tracer = subprocess.Popen(
            [BINARY, "trace", "-c", server.config_path, "--for", "5s"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("watching", tracer.stderr.readline())
        mail = server.send(message(), tls=True)
        server.settled(mail)
        server.eventually(lambda: server.json("queue", "messages"), "its message is dead")
        told = [server.json("queue", "messages"), server.json("mail", "show", mail),
                server.json("mail", "trace", mail), server.json("status"), metrics(server),
                server.json("rules", "list"), server.json("identity", "list"),
                server.cli("rules", "show").stdout, server.cli("check").stdout]
        server.cli("rules", "reload")
        server.cli("backup", server.path("backup"))
        told.append(tracer.communicate()[0])
        server.stop()
        told.append(server.log())
        everything = json.dumps(told, ensure_ascii=False)
        self.assertIn("no luck", everything)
        for secret in (IN_ENVIRONMENT, IN_QUERY, *self.keys(server)):
            self.assertNotIn(secret, everything)

    def keys(self, server):
        """The receipt key and the lines of each private key, as they may be written."""
        with open(server.path("data", "receipt.key"), "rb") as file:
            key = file.read()
        found = [key.hex(), base64.b64encode(key).decode().rstrip("=")]
        for folder, _, names in os.walk(server.path("data")):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    content = file.read(65_536)
                if b"PRIVATE KEY-----" in content:
                    found += [line.decode() for line in content.splitlines()
                              if len(line) > 30 and b"-----" not in line]
        self.assertGreater(len(found), 2)
        return found


class Names(ServerCase):
    """H2"""

    rules = """
        ruleSet: main
        rules:
          - name: all
            actions:
              - store: {bucket: mail, prefix: in}
        """

    # As Message-ID, sender, recipient and HELO.
    hostile = ("../../../etc/cron.d/x", "/etc/passwd", "..", ".", "a/b/../../../c",
               "..%2f..%2fx", "....//....//x", "in/../../x", "~root", "con\\..\\..\\x",
               "x" * 250, "-rf", "$(id)", "`id`", ";id", "|id")

    def test_no_object_leaves_its_bucket(self):
        outside = self.listing()
        mails = set()
        for name in self.hostile:
            content = message(subject=name, extra=[f"X-File: {name}"]).replace(
                b"<1@sender.example>", f"<{name}>".encode())
            with self.server.dialog() as dialog:
                dialog.expect(220)
                dialog.send(f"EHLO {name}\r\n".encode())
                if dialog.reply()[0] != 250:
                    dialog.command("EHLO client.example", 250)
                for command in (f"MAIL FROM:<{name}@sender.example>",
                                f'MAIL FROM:<"{name}"@sender.example>',
                                "MAIL FROM:<ada@sender.example>"):
                    dialog.send(command.encode() + b"\r\n")
                    if dialog.reply()[0] == 250:
                        break
                taken = 0
                for recipient in (f"{name}@example.test", f'"{name}"@example.test'):
                    dialog.send(f"RCPT TO:<{recipient}>\r\n".encode())
                    taken += dialog.reply()[0] == 250
                if not taken:
                    dialog.command("RCPT TO:<someone@example.test>", 250)
                dialog.command("DATA", 354)
                dialog.send(content + b".\r\n")
                code, text = dialog.reply()
                self.assertEqual(code, 250, text)
                mails.add(text.rsplit(" ", 1)[1])
        for mail in mails:
            self.server.settled(mail)
        self.assertEqual(set(self.server.objects()), {f"in/{mail}" for mail in mails})
        self.assertEqual(self.listing(), outside)

    def listing(self):
        """Every name in the server's folder outside of the bucket and the spool."""
        return {os.path.join(folder, name)
                for folder, folders, names in os.walk(self.server.folder)
                for name in names + folders
                if not os.path.join(folder, name).startswith(
                    (self.server.path("buckets", "mail", "in"), self.server.path("data")))}

    def test_no_prefix_leaves_it_either(self):
        for prefix in ("../x", "/x", "a/../../x", ".hidden", "a//b", "a/./b", "a\\x00b", "ü"):
            path = self.server.path("hostile.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write("ruleSet: main\nrules:\n  - name: one\n    actions:\n"
                           f"      - store: {{bucket: mail, prefix: \"{prefix}\"}}\n")
            self.assertIn("prefix", self.refused(path), prefix)

    @staticmethod
    def refused(path):
        done = subprocess.run([BINARY, "rules", "check", path], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 2, done.stdout
        return done.stderr


# What it says is chosen by the recipient.
LOUD = """
import os, sys
kind = os.environ["MARTLET_RECIPIENTS"].split("@")[0]
answers = {
    "huge": b'{"disposition": "STOP_RULE", "x": "' + b"x" * 50_000_000 + b'"}',
    "binary": bytes(range(256)) * 40,
    "deep": b"[" * 100_000,
    "wide": b'{"disposition": "' + b"y" * 200_000 + b'"}',
    "crlf": b'{"disposition": "CONTINUE\\\\r\\\\nX-Evil: yes"}',
    "list": b'["STOP_RULE_SET"]',
    "number": b"1e999999",
    "twice": b'{"disposition": "CONTINUE"}{"disposition": "STOP_RULE_SET"}',
}
try:
    sys.stdout.buffer.write(answers[kind])
    sys.stdout.buffer.flush()
except BrokenPipeError:
    os._exit(0)
"""


class Answers(ServerCase):
    """H5"""

    rules = """
        ruleSet: main
        rules:
          - name: ask
            actions:
              - invoke: {handler: loud}
              - store: {bucket: mail}
        """

    @classmethod
    def prepare(cls, server):
        server.add_handler("loud", LOUD)
        server.config["limits"] = {"retryGiveUpAfterSeconds": 0}

    def test_huge_and_malformed_ones_are_bounded(self):
        kinds = ("huge", "binary", "deep", "wide", "crlf", "list", "number", "twice")
        mails = {kind: self.server.send(message(), to=f"{kind}@example.test") for kind in kinds}
        for kind, mail in mails.items():
            detail = self.server.settled(mail)
            action = self.server.actions(mail)[("ask", 0)]
            self.assertIn(action["state"], ("done", "dead"), kind)
            self.assertLess(len(action["detail"]), 500, kind)
            self.assertNotIn("X-Evil", action["detail"])
            # Whatever it said, it stopped nothing.
            if action["state"] == "done":
                self.assertEqual(action["disposition"], "CONTINUE", kind)
            self.assertEqual(detail["mail"]["state"], "retired")
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        self.assertLess(peak, 400_000, "kilobytes at most")
        self.assertEqual(len(self.server.json("queue", "list")), 0)
        eventually(lambda: not self.server.processes(), "no handler is left")


if __name__ == "__main__":
    unittest.main()
