"""S14: addresses made of what shells, SQL, paths, formats and templates find special, sent as real
mails through every place that an address reaches: the database, objects, a handler's environment
and event, a topic. Nothing is executed, nothing is lost, and every address comes out as it went
in."""

import json
import os
import unittest

from support import ServerCase, message, queued_id

MAIL = message()

# Local parts as they are meant; on the wire they are quoted strings.
LOCAL_PARTS = [
    # Shells.
    "$(touch canary)", "`touch canary`", ";touch canary;", "|touch canary", "&&touch canary&",
    ">canary", "${IFS}touch${IFS}canary", "$HOME", "~root", "*", "?", "[a-z]", "{a,b}", "!!", "#",
    "a\\", "'", "\"", "\\\"", "a'b\"c", "-rf", "--help", "-oQ/tmp", "=cmd|' /C calc'!A0",
    # SQL.
    "' OR '1'='1", "'; DROP TABLE mails;--", "\"; DELETE FROM mails;--", "') UNION SELECT 1--",
    "a%' --", "_", "%", "$1", "?1", ":a", "@a", "/**/",
    # Paths.
    "../../../../etc/passwd", "..", ".", "/etc/passwd", "a/../b", "C:\\canary", "%2e%2e%2f", "%00",
    # Formats, templates, markup and look-ups.
    "%s%s%n", "%d", "{0}", "{{7*7}}", "${7*7}", "<script>alert(1)</script>", "]]>", "&amp;",
    "${jndi:ldap://127.0.0.1/a}", "<%= 1 %>",
    # Addresses and headers.
    "a@b", "a,b", "a b", " a ", "<a>", "(a)", "a;b", "a:b", ".a.", "a..b", "", "Bcc: x",
]

RECORD = """
import json, os, sys
sys.stdin.buffer.read()
with open(os.environ["MARTLET_EVENT_FILE"], encoding="utf-8") as file:
    event = json.load(file)["Records"][0]["ses"]
record = {"from": os.environ["MARTLET_MAIL_FROM"], "recipients": os.environ["MARTLET_RECIPIENTS"],
          "arguments": sys.argv[1:], "source": event["mail"]["source"],
          "told": event["receipt"]["recipients"], "files": os.listdir(".")}
name = os.path.join(os.environ["OUT"], os.environ["MARTLET_MAIL_ID"])
with open(name + ".new", "w") as file:
    json.dump(record, file)
os.rename(name + ".new", name)
"""


def quoted(local_part, domain):
    escaped = local_part.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"@{domain}'


class Metacharacters(ServerCase):
    rules = """
        ruleSet: main
        rules:
          - name: all
            actions:
              - store: {bucket: mail, prefix: in}
              - invoke: {handler: record}
              - notify: {topic: told}
        """

    @classmethod
    def prepare(cls, server):
        server.add_handler("record", RECORD)
        server.config["handlers"]["record"]["command"] += ["--fixed"]
        server.config["topics"] = {"told": {"file": {"file": "told.jsonl"}}}

    def send_all(self):
        """A mail for each local part, from it and to it: the local parts by the mails' ids."""
        sent = {}
        with self.server.dialog() as dialog:
            dialog.expect(220)
            dialog.command("EHLO client.example", 250)
            for local_part in LOCAL_PARTS:
                sender = quoted(local_part, "sender.example")
                recipient = quoted(local_part, "example.test")
                dialog.command(f"MAIL FROM:<{sender}>", 250)
                dialog.command(f"RCPT TO:<{recipient}>", 250)
                dialog.command("DATA", 354)
                dialog.send(MAIL + b".\r\n")
                sent[queued_id(dialog.reply())] = local_part
        return sent

    def read(self, text):
        """The local part of an address as a mail system shows it: quoted where it has to be."""
        local_part, _, domain = text.rpartition("@")
        self.assertIn(domain, ("sender.example", "example.test"))
        if not local_part.startswith('"'):
            return local_part
        self.assertTrue(local_part.endswith('"') and len(local_part) > 1, text)
        inner, plain = iter(local_part[1:-1]), ""
        for character in inner:
            plain += next(inner) if character == "\\" else character
        return plain

    def retired(self, sent):
        """All mails once their actions have ended, by their id."""
        def shown():
            mails = self.server.mails("--limit", "1000")
            ended = {mail["id"]: mail for mail in mails if mail["state"] == "retired"}
            return ended if set(ended) == set(sent) else None
        return self.server.eventually(shown, "all actions of all mails have ended")

    def told(self):
        """What the topic was told, by the mail's id."""
        found = {}
        with open(self.server.path("told.jsonl"), encoding="utf-8") as file:
            for line in file:
                notification = json.loads(json.loads(line)["Message"])
                found[notification["mail"]["messageId"]] = notification
        return found

    def test_s14_every_address_comes_out_as_it_went_in(self):
        sent = self.send_all()
        mails = self.retired(sent)
        self.server.eventually(lambda: set(self.told()) == set(sent), "all messages are told")
        told = self.told()
        for mail, local_part in sent.items():
            with self.subTest(local_part=local_part):
                self.check_handler(mail, local_part)
                self.assertEqual(self.read(told[mail]["mail"]["source"]), local_part)
                self.assertEqual(
                    [self.read(each) for each in told[mail]["receipt"]["recipients"]],
                    [local_part])
                self.assertEqual(self.read(mails[mail]["mailFrom"]), local_part)
                self.assertEqual(
                    [self.read(each) for each in mails[mail]["recipients"]], [local_part])
        self.check_search(mails)
        self.check_traces(sent)

    def check_search(self, mails):
        """The database finds what holds the text that is looked for, and nothing else."""
        for mail in mails.values():
            address = mail["recipients"][0]
            found = {each["id"] for each in self.server.mails(f"--address={address}")}
            self.assertEqual(found, {
                each["id"] for each in mails.values() if address in each["recipients"][0]})

    def check_handler(self, mail, local_part):
        record = self.server.out(mail)
        self.assertEqual(record["arguments"], ["--fixed"])
        self.assertEqual(record["files"], ["event.json"])
        self.assertEqual(self.read(record["from"]), local_part)
        self.assertEqual(self.read(record["recipients"]), local_part)
        self.assertEqual(self.read(record["source"]), local_part)
        self.assertEqual([self.read(each) for each in record["told"]], [local_part])

    def check_traces(self, sent):
        """Nothing ran and nothing was written but what belongs there."""
        self.assertEqual(set(self.server.objects()), {f"in/{mail}" for mail in sent})
        names = [os.path.join(folder, name)
                 for folder, folders, files in os.walk(self.server.folder)
                 for name in folders + files]
        self.assertEqual([name for name in names if "canary" in name], [])
        self.assertEqual(set(os.listdir(self.server.path("out"))), set(sent))


if __name__ == "__main__":
    unittest.main()
