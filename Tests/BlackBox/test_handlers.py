"""Handlers: what a program is given, what its answer does, and that it can do no harm."""

import json
import os
import unittest

from support import (
    IS_ROOT, MAIL_ID, PROJECT, ServerCase, large_body, message, new_server, process_is_gone,
)

# Writes what it was given to a file in OUT that is named after the rule.
RECORD = """
import json, os, sys
mail = sys.stdin.buffer.read()
with open(os.environ["MARTLET_EVENT_FILE"], encoding="utf-8") as file:
    event = json.load(file)
record = {
    "mail": mail.decode("latin-1"), "event": event, "environment": dict(os.environ),
    "arguments": sys.argv[1:], "folder": os.getcwd(), "files": sorted(os.listdir(".")),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "session": os.getsid(0) == os.getpid(),
}
name = os.path.join(os.environ["OUT"], os.environ["MARTLET_RULE"])
with open(name + ".new", "w") as file:
    json.dump(record, file)
os.rename(name + ".new", name)
"""

# Answers what the subject says.
ANSWER = """
import email, json, sys
mail = email.message_from_binary_file(sys.stdin.buffer)
print(mail["subject"])
"""


def store_behind(recipient, handler, settings=""):
    """Two rules: a handler with a store behind it, and a rule behind both."""
    return f"""
          - name: {recipient}
            recipients: [{recipient}@example.test]
            actions:
              - invoke: {{handler: {handler}{settings}}}
              - store: {{bucket: mail, prefix: same}}
          - name: {recipient}-later
            recipients: [{recipient}@example.test]
            actions:
              - store: {{bucket: mail, prefix: later}}"""


class BeforeThe250(ServerCase):
    """Rules that ask a handler whether they refuse the mail."""

    rules = """
        ruleSet: main
        rules:
          - name: ask
            recipients: [ask@example.test]
            actions:
              - reject: {handler: answer, onFailure: defer, text: "Not ${subject}"}
          - name: fails
            recipients: [fails@example.test]
            actions:
              - reject: {handler: fails, onFailure: defer}
          - name: late
            recipients: [late@example.test]
            actions:
              - reject: {handler: late, timeoutSeconds: 1, onFailure: accept}
          - name: all
            actions:
              - store: {bucket: mail}
        """

    @classmethod
    def prepare(cls, server):
        server.add_handler("answer", ANSWER)
        server.add_handler("fails", "import sys; sys.exit(3)")
        server.add_handler("late", "import time; time.sleep(60)", timeoutSeconds=30)

    def answer(self, subject, to="ask@example.test", size=0):
        with self.server.client() as client:
            client.ehlo_or_helo_if_needed()
            client.mail("eve@sender.example")
            self.assertEqual(client.rcpt(to)[0], 250)
            code, text = client.data(message(subject=subject, body=large_body(size)))
            return code, text.decode()

    def test_the_handler_refuses(self):
        before = len(self.server.json("mail", "list"))
        for size in (1, 200_000):
            answer = '{"disposition": "REJECT", "code": 554, "status": "5.7.9", "text": "Spam"}'
            self.assertEqual(self.answer(answer, size=size), (554, "5.7.9 Spam"))
        self.assertEqual(self.answer('{"disposition": "reject"}')[0], 550)
        self.assertEqual(len(self.server.json("mail", "list")), before)
        self.assertEqual(os.listdir(self.server.path("data", "spool", "bodies")), [])
        self.server.logged("refused", "rule=ask", "554 5.7.9 Spam")

    def test_it_has_nothing_against_the_mail(self):
        for subject in ('{"disposition": "CONTINUE"}', "nonsense"):
            code, text = self.answer(subject)
            self.assertEqual(code, 250, text)
            mail = text.split()[-1]
            self.server.settled(mail)
            self.assertIn(mail, self.server.objects())
            text = self.server.cli("mail", "trace", mail).stdout
            self.assertIn("asked before the 250", text)

    def test_a_failure_is_what_the_rule_says(self):
        self.assertEqual(self.answer("x", "fails@example.test")[0], 451)
        self.server.logged("handler not heard", "exit status 3", "then=defer")
        self.assertEqual(self.answer("x", "late@example.test")[0], 250)
        self.assertTrue(
            self.server.log_lines("handler not heard", "no answer within 1 s", "then=accept"))


class Given(ServerCase):
    """What a handler finds."""

    rules = """
        ruleSet: main
        rules:
          - name: record
            recipients: [record@example.test]
            actions:
              - addHeader: {name: X-Queue, value: support}
              - store: {bucket: mail, prefix: in}
              - invoke: {handler: record}
          - name: event
            recipients: [event@example.test]
            actions:
              - invoke: {handler: record, type: Event}
        """

    @classmethod
    def prepare(cls, server):
        server.add_handler("record", RECORD, environment={"TICKETS": "a b"})
        server.config["handlers"]["record"]["command"] += ["--queue", "$HOME `id`"]

    def record(self, content, recipient="record@example.test", rule="record"):
        mail = self.server.send(content, recipient)
        self.server.settled(mail)
        record = self.server.out(rule)
        self.assertEqual(record["environment"]["MARTLET_MAIL_ID"], mail)
        return mail, record

    def test_raw_mail_on_standard_input(self):
        for content in (message(body="Small.\n.\n"), message(body=large_body(300_000))):
            mail, record = self.record(content)
            given = record["mail"].encode("latin-1")
            self.assertEqual(given, self.server.objects()[f"in/{mail}"])
            self.assertTrue(given.startswith(b"X-Queue: support\r\nReturn-Path: <"))
            self.assertTrue(given.endswith(content))

    def test_event_file(self):
        content = message(subject="=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", to="x@other.example")
        mail, record = self.record(content)
        self.assertEqual(list(record["event"]), ["Records"])
        self.assertEqual(len(record["event"]["Records"]), 1)
        event = record["event"]["Records"][0]
        self.assertEqual((event["eventSource"], event["eventVersion"]), ("aws:ses", "1.0"))
        told = event["ses"]["mail"]
        self.assertEqual(told["messageId"], mail)
        self.assertEqual(told["source"], "ada@sender.example")
        self.assertEqual(told["commonHeaders"]["subject"], "Grüße")
        self.assertEqual(told["commonHeaders"]["from"], ["ada@sender.example"])
        self.assertEqual(told["destination"], ["x@other.example"])
        self.assertIs(told["headersTruncated"], False)
        names = [header["name"] for header in told["headers"]]
        self.assertEqual(names[:5], ["X-Queue", "Return-Path", "Received",
                                     "Authentication-Results", "X-SES-RECEIPT"])
        self.assertEqual(names[5:], ["From", "To", "Subject", "Date", "Message-ID"])
        receipt = event["ses"]["receipt"]
        self.assertEqual(receipt["recipients"], ["record@example.test"])
        for verdict in ("spam", "virus", "spf", "dkim", "dmarc"):
            self.assertEqual(receipt[f"{verdict}Verdict"], {"status": "DISABLED"})
        action = receipt["action"]
        self.assertEqual((action["type"], action["invocationType"]), ("Lambda", "RequestResponse"))
        self.assertTrue(action["functionArn"].endswith(":function:record"), action)

    def test_environment_is_clean(self):
        mail, record = self.record(message())
        environment = record["environment"]
        self.assertEqual(set(environment), {
            "PATH", "LANG", "HOME", "TMPDIR", "OUT", "TICKETS", "MARTLET_EVENT_FILE",
            "MARTLET_MAIL_ID", "MARTLET_ACTION_ID", "MARTLET_ATTEMPT", "MARTLET_RULE",
            "MARTLET_MAIL_FROM", "MARTLET_RECIPIENTS",
            "MARTLET_RECIPIENTS_OMITTED", "MARTLET_PEER_ADDRESS", "MARTLET_TLS"})
        self.assertEqual(environment["TICKETS"], "a b")
        self.assertEqual(environment["MARTLET_ACTION_ID"], f"{mail}/record/2")
        self.assertEqual(environment["MARTLET_ATTEMPT"], "1")
        self.assertEqual(environment["MARTLET_MAIL_FROM"], "ada@sender.example")
        self.assertEqual(environment["MARTLET_RECIPIENTS"], "record@example.test")
        self.assertEqual(environment["MARTLET_PEER_ADDRESS"], "127.0.0.1")
        self.assertEqual(environment["MARTLET_TLS"], "")
        # No shell has read its arguments.
        self.assertEqual(record["arguments"], ["--queue", "$HOME `id`"])

    def test_text_of_the_sender_is_no_shell_text(self):
        with self.server.client() as client:
            client.ehlo()
            client.mail('"$(touch pwned)`id`;\'"@sender.example')
            client.rcpt("record+$(id)@example.test")
            self.assertEqual(client.data(message())[0], 250)
        mail = self.server.mails("--limit", "1")[0]
        self.server.settled(mail["id"])
        environment = self.server.out("record")["environment"]
        self.assertEqual(environment["MARTLET_MAIL_FROM"],
                         '"$(touch pwned)`id`;\'"@sender.example')

    def test_descriptors_and_folder(self):
        _, record = self.record(message())
        # The three, and the one by which they were listed.
        self.assertEqual(record["descriptors"], [0, 1, 2, 3])
        self.assertTrue(record["session"])
        self.assertEqual(record["files"], ["event.json"])
        self.assertEqual(record["folder"], record["environment"]["HOME"])
        # It is gone with the handler.
        self.assertFalse(os.path.exists(record["folder"]))

    def test_event_type(self):
        mail, record = self.record(message(), "event@example.test", "event")
        action = record["event"]["Records"][0]["ses"]["receipt"]["action"]
        self.assertEqual(action["invocationType"], "Event")
        self.assertEqual(record["environment"]["MARTLET_ACTION_ID"], f"{mail}/event/0")

    def test_recipients_are_those_of_the_rule(self):
        mail = self.server.send(message(), ["event@example.test", "record+a@example.test",
                                            "record+b@example.test"])
        self.server.settled(mail)
        self.assertEqual(
            self.server.out("record")["environment"]["MARTLET_RECIPIENTS"],
            "record+a@example.test record+b@example.test")


class Answered(ServerCase):
    """What a handler's answer does."""

    rules = """
        ruleSet: main
        rules:""" + store_behind("answer", "answer") + store_behind(
            "ignored", "answer", ", type: Event")

    @classmethod
    def prepare(cls, server):
        server.add_handler("answer", ANSWER)

    def places(self, subject, recipient="answer@example.test"):
        mail = self.server.send(message(subject=subject), recipient)
        detail = self.server.settled(mail)
        action = next(action for action in detail["actions"] if action["kind"] == "invoke")
        self.assertEqual(action["state"], "done")
        keys = self.server.objects()
        return {place for place in ("same", "later") if f"{place}/{mail}" in keys}, action

    def test_continue(self):
        places, action = self.places('{"disposition": "CONTINUE"}')
        self.assertEqual(places, {"same", "later"})
        self.assertEqual(action["disposition"], "CONTINUE")

    def test_stop_rule(self):
        places, action = self.places('{"disposition": "STOP_RULE"}')
        self.assertEqual(places, {"later"})
        self.assertEqual(action["disposition"], "STOP_RULE")

    def test_stop_rule_set(self):
        places, action = self.places('{"disposition": "stop_rule_set", "more": [1]}')
        self.assertEqual(places, set())
        self.assertEqual(action["disposition"], "STOP_RULE_SET")

    def test_other_answers_go_on(self):
        for answer in ("nonsense", "null", "[]", '{"disposition": "HALT"}', '{"disposition": 1}',
                       '{"disposition": "STOP_RULE_SET"'):
            with self.subTest(answer=answer):
                places, action = self.places(answer)
                self.assertEqual(places, {"same", "later"})
                self.assertEqual(action["disposition"], "CONTINUE")

    def test_an_events_answer_is_ignored(self):
        places, _ = self.places('{"disposition": "STOP_RULE_SET"}', "ignored@example.test")
        self.assertEqual(places, {"same", "later"})


class Contained(ServerCase):
    """A handler that misbehaves harms nobody but its own mail."""

    rules = """
        ruleSet: main
        rules:""" + "".join(
            store_behind(name, name) for name in ("slow", "stubborn", "loud", "chatty", "deaf",
                                                  "parent", "quick", "waiting"))

    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {"retryGiveUpAfterSeconds": 0}
        # A grandchild, in the same process group, that would outlive them all.
        child = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
name = os.path.join(os.environ["OUT"], os.environ["MARTLET_RULE"])
with open(name + ".new", "w") as file:
    file.write(f"[{os.getpid()}, {child.pid}]")
os.rename(name + ".new", name)
"""
        server.add_handler("slow", child + "time.sleep(600)\n", timeoutSeconds=1)
        server.add_handler(
            "stubborn", "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            + child + "time.sleep(600)\n", timeoutSeconds=1)
        # Ends at once, and leaves its child behind with its output still open.
        server.add_handler("parent", child + "sys.stdin.buffer.read()\n")
        server.add_handler("loud", """
import sys
print('{"disposition": "STOP_RULE_SET"}')
for _ in range(1024):
    sys.stdout.write(" " * 65536)
""", outputBytesMax=1000)
        server.add_handler("chatty", r"""
import os, sys
sys.stderr.write("first line\nforged \x1b[2J\r\nlevel=critical mail=none\n")
sys.stderr.write("x" * 70 + "\n")
sys.stderr.write("beyond the cap\n" * 1000)
""", errorBytesMax=140)
        # Reads nothing of what it is given.
        server.add_handler("deaf", "print('{\"disposition\": \"STOP_RULE\"}')\n")
        server.add_handler("quick", ANSWER)
        server.add_handler("waiting", """
import os, time
while not os.path.exists(os.path.join(os.environ["OUT"], "go")):
    time.sleep(0.02)
""", timeoutSeconds=600)

    def places(self, mail):
        return {place for place in ("same", "later") if f"{place}/{mail}" in self.server.objects()}

    def assert_gone(self, name):
        for process in self.server.out(name):
            self.server.eventually(
                lambda process=process: process_is_gone(process), f"process {process} has ended")

    def test_time_limit_ends_the_whole_group(self):
        for name in ("slow", "stubborn"):
            with self.subTest(name=name):
                mail = self.server.send(message(), f"{name}@example.test")
                self.server.settled(mail)
                action = self.server.actions(mail)[name, 0]
                self.assertEqual(action["state"], "dead")
                self.assertIn("ended after its 1 seconds", action["detail"])
                self.assert_gone(name)
                # A dead action holds nothing back.
                self.assertEqual(self.places(mail), {"same", "later"})

    def test_a_slow_handler_holds_up_its_own_mail_alone(self):
        slow = self.server.send(message(), "waiting@example.test")
        quick = self.server.send(message(subject="{}"), "quick@example.test")
        self.server.settled(quick)
        self.assertEqual(self.places(quick), {"same", "later"})
        self.assertEqual(self.server.json("mail", "show", slow)["mail"]["state"], "acting")
        self.assertEqual(self.places(slow), set())
        with open(self.server.path("out", "go"), "w", encoding="utf-8"):
            pass
        self.server.settled(slow)
        self.assertEqual(self.places(slow), {"same", "later"})

    def test_what_a_handler_leaves_behind_ends_with_it(self):
        mail = self.server.send(message(), "parent@example.test")
        self.server.settled(mail)
        self.assertEqual(self.server.actions(mail)["parent", 0]["state"], "done")
        self.assert_gone("parent")

    def test_standard_output_is_capped(self):
        def memory():
            with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
                return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        before = memory()
        mail = self.server.send(message(), "loud@example.test")
        self.server.settled(mail)
        self.assertEqual(self.server.actions(mail)["loud", 0]["state"], "done")
        # 64 MB were written, and no third of them kept.
        self.assertLess(memory() - before, 20_000)

    def test_standard_error_goes_to_the_log(self):
        mail = self.server.send(message(), "chatty@example.test")
        self.server.settled(mail)
        lines = self.server.log_lines("info mail: handler: ", f"mail={mail}")
        self.assertEqual(len(self.server.log_lines("handler: first line", f"mail={mail}")), 1)
        self.assertEqual(len(self.server.log_lines("handler: forged ", "[2J", f"mail={mail}")), 1)
        for line in lines:
            self.assertIn(f"action={mail}/chatty/0 handler=chatty mail={mail}", line)
            self.assertNotIn("\x1b", line)
        self.assertEqual(self.server.log_lines(" critical "), [])
        self.assertEqual(len(self.server.log_lines(
            "the rest of its standard error is left out", f"mail={mail}")), 1)
        self.assertLess(len(lines), 10)

    def test_input_that_nobody_reads(self):
        mail = self.server.send(message(body=large_body(1_000_000)), "deaf@example.test")
        self.server.settled(mail)
        self.assertEqual(self.server.actions(mail)["deaf", 0]["disposition"], "STOP_RULE")
        self.assertEqual(self.places(mail), {"later"})


# Fails until there is a file `repaired`; counts its calls.
BROKEN = """
import json, os, sys
out = os.environ["OUT"]
with open(os.path.join(out, "calls"), "a") as file:
    file.write(json.dumps([os.environ["MARTLET_ACTION_ID"], os.environ["MARTLET_ATTEMPT"]]) + "\\n")
if not os.path.exists(os.path.join(out, "repaired")):
    sys.exit("not yet")
"""


class Retried(unittest.TestCase):
    rules = """
        ruleSet: main
        rules:
          - name: broken
            actions:
              - invoke: {handler: broken}
              - store: {bucket: mail, prefix: in}
        """

    def start(self, seconds):
        server = new_server(self, self.rules, limits={
            "retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1,
            "retryGiveUpAfterSeconds": seconds})
        server.add_handler("broken", BROKEN)
        return server.start()

    def calls(self, server):
        try:
            with open(server.path("out", "calls"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def repair(self, server):
        with open(server.path("out", "repaired"), "w", encoding="utf-8"):
            pass

    def test_retries_until_it_works(self):
        server = self.start(seconds=3600)
        content = message()
        mail = server.send(content)
        server.eventually(lambda: len(self.calls(server)) >= 2, "it was tried again")
        action = server.actions(mail)["broken", 0]
        self.assertEqual(action["state"], "retrying")
        self.assertIn("exit status 1", action["detail"])
        # What stands behind a handler whose answer steers waits for it.
        self.assertEqual(server.objects(), {})
        self.assertIn("retrying", server.cli("mail", "trace", mail).stdout)
        self.assertEqual([shown["id"] for shown in server.json("queue")], [mail])
        # Rules that change meanwhile are not this mail's: it keeps those of its arrival.
        server.write_rules(self.rules.replace("prefix: in", "prefix: new"))
        server.cli("rules", "reload")
        self.repair(server)
        server.settled(mail)
        self.assertEqual(list(server.objects()), [f"in/{mail}"])
        calls = self.calls(server)
        self.assertEqual([call[0] for call in calls], [f"{mail}/broken/0"] * len(calls))
        self.assertEqual([call[1] for call in calls],
                         [str(number + 1) for number in range(len(calls))])
        self.assertEqual(server.json("queue"), [])

    def test_dead_letter_is_shown_and_sent_again(self):
        server = self.start(seconds=2)
        mail = server.send(message())
        server.settled(mail)
        action = server.actions(mail)["broken", 0]
        self.assertEqual(action["state"], "dead")
        self.assertGreaterEqual(action["attempts"], 2)
        # Given up, it holds nothing back any longer.
        self.assertEqual(list(server.objects()), [f"in/{mail}"])
        self.assertEqual([shown["id"] for shown in server.json("queue", "list", "--dead")], [mail])
        self.assertIn(mail, server.cli("queue", "--dead").stdout)
        self.assertRegex(server.cli("queue", "show", mail).stdout,
                         r"(?m)^broken +invoke/0 +dead +\d")
        self.assertEqual(server.json("status")["mails"]["deadActions"], 1)
        self.assertEqual(len(server.log_lines("error mail: action", "state=dead")), 1)
        tried = len(self.calls(server))
        self.repair(server)
        server.cli("queue", "retry", mail)
        server.eventually(
            lambda: server.actions(mail)["broken", 0]["state"] == "done", "it was sent again")
        server.settled(mail)
        self.assertEqual(len(self.calls(server)), tried + 1)
        self.assertEqual(self.calls(server)[-1][0], f"{mail}/broken/0")
        self.assertEqual(server.json("queue", "list", "--dead"), [])
        again = server.cli("queue", "retry", mail, status=1)
        self.assertIn("no action to try again", again.stderr)

    def test_store_that_fails_is_retried(self):
        server = self.start(seconds=3600)
        self.repair(server)
        # The prefix's folder cannot be made where a file stands.
        os.makedirs(server.path("buckets", "mail"), exist_ok=True)
        with open(server.path("buckets", "mail", "in"), "w", encoding="utf-8"):
            pass
        content = message()
        mail = server.send(content)
        server.eventually(
            lambda: server.actions(mail).get(("broken", 1), {}).get("state") == "retrying",
            "the store has failed")
        os.unlink(server.path("buckets", "mail", "in"))
        server.settled(mail)
        self.assertTrue(server.objects()[f"in/{mail}"].endswith(content))

    def test_a_missing_program_is_a_failure_like_others(self):
        server = self.start(seconds=0)
        command = server.config["handlers"]["broken"]["command"]
        os.rename(command[1], command[1] + ".away")
        mail = server.send(message())
        server.settled(mail)
        self.assertEqual(server.actions(mail)["broken", 0]["state"], "dead")


LIMITS = """
import errno, json, os, resource, sys
result = {"uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups()}
with open("/proc/self/status") as file:
    result["status"] = dict(line.rstrip("\\n").split(":\\t", 1) for line in file if ":\\t" in line)
try:
    bytearray(400_000_000)
    result["memory"] = "given"
except MemoryError:
    result["memory"] = "refused"
try:
    with open("large", "wb") as file:
        file.write(bytes(200_000))
    result["file"] = "written"
except OSError as error:
    result["file"] = errno.errorcode[error.errno]
opened = []
try:
    while len(opened) < 200:
        opened.append(os.open("/dev/null", os.O_RDONLY))
    result["files"] = len(opened)
except OSError as error:
    result["files"] = errno.errorcode[error.errno]
for number in opened:
    os.close(number)
children = []
try:
    while len(children) < 100:
        child = os.fork()
        if child == 0:
            os.execv("/bin/sleep", ["sleep", "600"])
        children.append(child)
    result["processes"] = len(children)
except OSError as error:
    result["processes"] = errno.errorcode[error.errno]
result["core"] = resource.getrlimit(resource.RLIMIT_CORE)
result["event"] = os.access(os.environ["MARTLET_EVENT_FILE"], os.R_OK)
spool = os.path.join(os.path.dirname(os.environ["OUT"]), "data", "spool")
result["spool"] = os.access(spool, os.R_OK) or os.access(spool + "/martlet.sqlite", os.R_OK)
with open("scratch", "w") as file:
    file.write("its own folder is its own")
name = os.path.join(os.environ["OUT"], "limits")
with open(name + ".new", "w") as file:
    json.dump(result, file)
os.rename(name + ".new", name)
"""


class Limited(unittest.TestCase):
    rules = """
        ruleSet: main
        rules:
          - name: limits
            actions:
              - invoke: {handler: limits}
        """

    def start(self, **settings):
        server = new_server(self, self.rules, limits={"retryGiveUpAfterSeconds": 0})
        server.add_handler(
            "limits", LIMITS, memoryBytesMax=300_000_000, fileBytesMax=100_000, filesMax=32,
            processesMax=12, **settings)
        return server.start()

    def result(self, server):
        mail = server.send(message())
        server.settled(mail)
        action = server.actions(mail)["limits", 0]
        self.assertEqual(action["state"], "done", action)
        result = server.out("limits")
        self.assertEqual(result["memory"], "refused")
        self.assertEqual(result["file"], "EFBIG")
        self.assertEqual(result["files"], "EMFILE")
        self.assertEqual(result["core"], [0, 0])
        self.assertEqual(result["status"]["NoNewPrivs"], "1")
        self.assertTrue(result["event"])
        self.assertEqual(server.processes(), [])
        return result

    @unittest.skipUnless(IS_ROOT, "only root can start a handler as another user")
    def test_with_a_user_of_its_own(self):
        server = self.start(user="nobody")
        result = self.result(server)
        self.assertNotEqual(result["uid"], 0)
        self.assertNotEqual(result["gid"], 0)
        self.assertNotIn(0, result["groups"])
        self.assertEqual(len(set(result["status"]["Uid"].split())), 1)
        self.assertEqual(result["processes"], "EAGAIN")
        self.assertFalse(result["spool"], "the spool is closed to it")
        self.assertNotIn("the server's own user", server.cli("check").stderr)

    def test_without_a_user(self):
        server = self.start()
        result = self.result(server)
        self.assertEqual(result["uid"], os.getuid())
        # This one limit holds only under a user of its own, and `check` says so.
        self.assertEqual(result["processes"], 100)
        self.assertIn("processesMax does not hold", server.cli("check").stderr)


class Samples(ServerCase):
    """The project's sample handler does what it says."""

    rules = """
        ruleSet: main
        rules:
          - name: support
            actions:
              - invoke: {handler: ticket}
              - store: {bucket: mail}
        """

    @classmethod
    def prepare(cls, server):
        server.config["handlers"]["ticket"] = {
            "command": [os.path.join(PROJECT, "samples/handlers/ticket.py")],
            "environment": {"TICKETS": server.path("out", "tickets")}}

    def test_ticket(self):
        mail = self.server.send(message(subject="It smokes"))
        self.server.settled(mail)
        done = self.server.send(message(subject="[done] It smoked"))
        self.server.settled(done)
        with open(self.server.path("out", "tickets"), encoding="utf-8") as file:
            tickets = [json.loads(line) for line in file]
        self.assertEqual([ticket["subject"] for ticket in tickets],
                         ["It smokes", "[done] It smoked"])
        self.assertEqual(tickets[0]["id"], f"{mail}/support/0")
        self.assertRegex(tickets[0]["id"].split("/")[0], MAIL_ID)
        self.assertEqual(list(self.server.objects()), [mail])
        self.assertEqual(len(self.server.log_lines(
            "handler: made a ticket of “It smokes”", f"mail={mail}")), 1)


if __name__ == "__main__":
    unittest.main()
