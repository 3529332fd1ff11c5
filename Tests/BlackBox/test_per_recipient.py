"""Rules that are asked for each recipient of a mail: folders, answers, failures and retries of their
own, through a kill as well, and what people see of it."""

import json
import os
import subprocess
import unittest

from support import martlet, message, new_server

RULES = """\
ruleSet: main
evaluate: per-recipient
rules:
  - name: never
    recipients: [eve@example.test]
    actions: [reject: {text: "Nothing for ${recipient}"}]
  - name: gone
    recipients: [gone@example.test]
    actions: [drop]
  - name: desks
    recipients: [example.test]
    actions:
      - tag: {name: desk, value: "${recipientLocalPart}"}
      - store: {bucket: mail, prefix: "${recipient}/${year}"}
      - store: {bucket: mail, prefix: all}
      - addHeader: {name: X-Desk, value: "${recipientLocalPart}"}
      - store: {bucket: mail, prefix: marked}
      - invoke: {handler: desk}
      - notify: {topic: told}
"""

# Writes down each call when it begins. Whoever stands in the file `failing` is failed, and whoever
# stands in `waiting` waits until the file is gone.
HANDLER = """\
import json, os, sys, time
out = os.environ["OUT"]
def names(file):
    try:
        with open(out + "/" + file) as lines:
            return lines.read().split()
    except FileNotFoundError:
        return []
recipient = os.environ["MARTLET_RECIPIENTS"]
with open(os.environ["MARTLET_EVENT_FILE"]) as file:
    event = json.load(file)["Records"][0]["ses"]
call = {"for": recipient, "id": os.environ["MARTLET_ACTION_ID"],
        "attempt": os.environ["MARTLET_ATTEMPT"], "recipients": event["receipt"]["recipients"],
        "destination": event["mail"]["destination"], "tags": event["mail"]["tags"],
        "headers": sys.stdin.read().split("\\n")[0].strip()}
with open(out + "/calls", "a") as file:
    file.write(json.dumps(call) + "\\n")
while recipient in names("waiting"):
    time.sleep(0.02)
if recipient in names("failing"):
    sys.exit(1)
if recipient == "ada@example.test":
    print('{"disposition": "STOP_RULE", "actions": [{"tag": {"name": "asked", "value": "1"}}]}')
"""

ADA, BOB, DAN = "ada@example.test", "bob@example.test", "dan@example.test"


class PerRecipient(unittest.TestCase):
    def start(self, rules=RULES):
        server = new_server(self, rules)
        server.add_handler("desk", HANDLER)
        server.config["topics"] = {"told": {"log": {"file": "told.jsonl"}}}
        # Only who asks for it tries again.
        server.config["limits"].update(retryFirstDelaySeconds=3_600, retryDelaySecondsMax=3_600)
        return server.start()

    def write(self, server, name, *lines):
        with open(server.path("out", name), "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def calls(self, server):
        try:
            with open(server.path("out", "calls"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def states(self, server, mail, kind):
        """Of the actions of one kind, by recipient."""
        return {action["recipient"]: action["state"]
                for action in server.json("mail", "show", mail)["actions"]
                if action["kind"] == kind}

    def told(self, server):
        with open(server.path("told.jsonl"), encoding="utf-8") as file:
            messages = [json.loads(line) for line in file]
        return [json.loads(each["Message"]) for each in messages]

    def test_each_has_a_folder_a_handler_and_a_stop(self):
        server = self.start()
        # Who is named twice gets it once.
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(server.port), "--from",
             "x@sender.example", "--to", f"{ADA},gone@example.test,{BOB},ADA@example.test",
             "--h-Subject", "Three"],
            capture_output=True, text=True, check=True)
        self.assertIn("250", done.stdout)
        mail = server.eventually(server.mails, "it is there")[0]["id"]
        shown = server.settled(mail)
        self.assertFalse(shown["mail"]["isUntaken"])
        names = server.objects()
        plain = {name for name in names if not name.startswith("marked/")}
        year = shown["mail"]["receivedAt"][:4]
        self.assertEqual(
            plain, {f"{ADA}/{year}/{mail}", f"{BOB}/{year}/{mail}", f"all/{mail}"})
        # Those with other bytes have other names.
        marked = [bytes for name, bytes in names.items() if name.startswith(f"marked/{mail}-")]
        self.assertEqual(sorted(bytes.split(b"\r\n")[0] for bytes in marked),
                         [b"X-Desk: ada", b"X-Desk: bob"])
        calls = self.calls(server)
        self.assertEqual([call["id"] for call in calls],
                         [f"{mail}/desks/5@0", f"{mail}/desks/5@2"])
        self.assertEqual([call["recipients"] for call in calls], [[ADA], [BOB]])
        self.assertEqual([call["tags"] for call in calls],
                         [{"desk": ["ada"]}, {"desk": ["bob"]}])
        self.assertEqual([call["headers"] for call in calls], ["X-Desk: ada", "X-Desk: bob"])
        self.assertTrue(all(len(call["destination"]) >= 3 for call in calls))
        # Ada's handler has ended the rule for her alone.
        server.eventually(lambda: os.path.exists(server.path("told.jsonl")), "it is told")
        self.assertEqual([each["receipt"]["recipients"] for each in self.told(server)], [[BOB]])
        # So is what it asked for hers.
        asked = [(action["recipient"], action["position"], action["detail"])
                 for action in shown["actions"] if "asked" in action]
        self.assertEqual(asked, [(ADA, 5, "asked=1")])
        for tag in ("desk=ada", "desk=bob", "asked=1"):
            self.assertEqual([each["id"] for each in server.mails("--tag", tag)], [mail])
        text = server.cli("mail", "trace", mail).stdout
        self.assertIn(f"for {ADA}\n", text)
        self.assertIn("    -> invoke desk  ended STOP_RULE: desk: STOP_RULE, asks for tag\n", text)
        self.assertIn("for gone@example.test\n", text)
        trace = server.json("mail", "trace", mail)["rules"]
        self.assertEqual([each["recipient"] for each in trace],
                         [ADA] * 3 + ["gone@example.test"] * 3 + [BOB] * 3)
        server.logged(" action ", f"mail={mail}", f"for={BOB}")

    def test_who_fails_is_tried_again_alone(self):
        server = self.start()
        self.write(server, "failing", BOB)
        mail = server.send(message(), to=[ADA, BOB, DAN])
        expected = {ADA: "done", BOB: "retrying", DAN: "done"}
        server.eventually(lambda: self.states(server, mail, "invoke") == expected, "bob's failed")
        shown = server.cli("queue", "show", mail).stdout
        self.assertRegex(shown, r"RULE +ACTION +FOR +STATE")
        self.assertRegex(shown, rf"desks +invoke/5 +{BOB} +retrying +1 ")
        server.kill()
        server.launch()
        server.eventually(server.is_ready, "it is there again")
        self.assertEqual(self.states(server, mail, "invoke"), expected)
        self.write(server, "failing")
        server.cli("queue", "retry", mail)
        server.settled(mail)
        calls = [(call["for"], call["id"], call["attempt"]) for call in self.calls(server)]
        self.assertEqual(calls, [
            (ADA, f"{mail}/desks/5@0", "1"), (BOB, f"{mail}/desks/5@1", "1"),
            (DAN, f"{mail}/desks/5@2", "1"), (BOB, f"{mail}/desks/5@1", "2")])

    def test_a_kill_loses_nothing_and_doubles_nothing_without_its_id(self):
        server = self.start()
        self.write(server, "waiting", BOB)
        mail = server.send(message(), to=[ADA, BOB, DAN])
        server.eventually(lambda: len(self.calls(server)) == 2, "bob's handler runs")
        server.kill()
        self.write(server, "waiting")
        server.launch()
        server.eventually(server.is_ready, "it is there again")
        server.settled(mail)
        ids = [call["id"] for call in self.calls(server)]
        places = {who: f"{mail}/desks/5@{place}" for place, who in enumerate((ADA, BOB, DAN))}
        self.assertEqual(set(ids), set(places.values()))
        self.assertEqual(ids.count(places[ADA]), 1)
        self.assertEqual(ids.count(places[DAN]), 1)
        # What was asked and had not answered is asked again, as the same.
        self.assertEqual(ids.count(places[BOB]), 2)
        self.assertEqual(set(self.states(server, mail, "invoke").values()), {"done"})
        self.assertEqual(len([name for name in server.objects() if mail in name]), 3 + 1 + 3)

    def test_one_is_refused_alone_and_past_mails_are_asked_so_too(self):
        server = self.start()
        code, text = server.rcpt("eve@example.test")
        self.assertEqual((code, text), (550, "5.7.1 Nothing for eve@example.test"))
        mail = server.send(message(), to=[ADA, BOB])
        server.settled(mail)
        before = server.objects()
        # The same ids and the same objects, whichever way it comes.
        server.cli("replay", mail, "--yes")
        again = server.eventually(
            lambda: server.json("mail", "show", mail)["replays"], "it is run again")[0]
        server.settled(again)
        self.assertEqual(server.objects(), before)
        ids = [call["id"] for call in self.calls(server)]
        self.assertEqual(ids[:2], ids[2:])
        preview = server.cli("replay", mail).stdout
        self.assertIn(f"    desks for {ADA}: store mail/{ADA}/", preview)
        self.assertIn(f"    desks for {BOB}: store mail/{BOB}/", preview)
        # Asked once for both, the rules would do it once, for the first.
        once = server.path("once.yaml")
        with open(once, "w", encoding="utf-8") as file:
            file.write(RULES.replace("evaluate: per-recipient", "evaluate: per-mail"))
        diff = server.cli("rules", "diff", once, status=1).stdout
        self.assertIn(f"- desks for {BOB}: store mail/{BOB}/", diff)
        explained = server.cli("rules", "explain", server.path("rules/main.yaml"), "--to", ADA,
                               "--to", BOB, "--to", "eve@example.test").stdout
        self.assertIn(f"for {ADA}\n", explained)
        self.assertIn("for eve@example.test\n", explained)
        self.assertIn("would refuse\n", explained)
        refused = martlet("rules", "export", server.path("rules/main.yaml"), status=1)
        self.assertIn("the set is evaluated per recipient", refused.stderr)


CASES = """\
rules: set.yaml
cases:
  - name: each as it should
    to: [ada@example.test, gone@example.test]
    at: 2026-12-01T09:00:00Z
    expect:
      ada@example.test:
        - desks: [tag, store mail/ada@example.test/2026, store, addHeader, store, invoke, notify]
      gone@example.test: [gone: [drop]]
  - name: the same of everybody
    to: [gone@example.test, GONE@example.test]
    expect: [gone: [drop]]
  - name: another than it should
    to: [ada@example.test, gone@example.test]
    expect:
      ada@example.test: [gone: [drop]]
      gone@example.test: []
"""

WRONG = """\
rules: set.yaml
cases:
  - name: wrong
    to: [ada@example.test, gone@example.test, bob@example.test]
    expect:
      adaa@example.test: [gone: [drop]]
      gone@example.test: [gone: [drop]]
"""


class Cases(unittest.TestCase):
    def play(self, cases, rules=RULES, status=0):
        server = new_server(self, rules)
        for name, text in (("set.yaml", rules), ("set.cases", cases)):
            with open(server.path(name), "w", encoding="utf-8") as file:
                file.write(text)
        done = martlet("rules", "test", server.path("set.cases"), status=status)
        return done.stdout + done.stderr, server.path("set.cases")

    def test_expectations_of_each(self):
        text, file = self.play(CASES, status=1)
        self.assertIn(f"ok  {file}: each as it should\nok  {file}: the same of everybody\n", text)
        self.assertIn("not ok", text)
        self.assertIn("for ada@example.test: “gone” does not take it", text)
        self.assertIn("for gone@example.test: “gone” takes it: drop", text)
        self.assertIn("2 of 3 cases as expected", text)

    def test_names_every_problem(self):
        text, file = self.play(WRONG, status=2)
        self.assertIn(
            f"{file}:6: cases[0].expect: “adaa@example.test” is no recipient in “to”; "
            "did you mean “ada@example.test”?", text)
        self.assertIn(f"{file}:5: cases[0].expect: nothing is said of bob@example.test", text)

    def test_a_set_that_is_asked_once_has_one_list(self):
        text, _ = self.play(
            CASES, RULES.replace("per-recipient", "per-mail"), status=1)
        self.assertIn("the rules are asked once for all recipients, and “expect” names them", text)


if __name__ == "__main__":
    unittest.main()
