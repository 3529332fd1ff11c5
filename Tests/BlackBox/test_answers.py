"""Handlers' answers that ask for actions, and the libraries that write them."""

import email
import email.header
import json
import os
import subprocess
import sys
import tempfile
import unittest

from hop import Hop
from local_sending import sending_server
from sending import SendingCase
from support import PROJECT, eventually, message
from test_bounce import ZONE

LIBRARY = os.path.join(PROJECT, "samples/lib")

# What senders write into subjects.
HOSTILE = (b'"; $(touch pwned) `touch pwned` \\u0041\\ \' %s ${subject} {"a": 1}]}, \xff\xc3'
           b'\x01\x7f \xf0\x9f\x98\x80\r\n\tand \\"more\\n&')

SHELL = r"""
. "$LIBRARY/martlet.sh"
martlet_read
subject=$(martlet_field subject)
martlet_reply "We have it:
$subject
	%s" "Re: $subject"
martlet_reply "Without a subject"
martlet_reply "$(head -c 30000 /dev/zero | tr '\0' x)" "$(head -c 300 /dev/zero | tr '\0' y)"
martlet_forward a@far.example "$subject@far.example"
martlet_tag word "$subject"
martlet_tag none ""
martlet_add_header X-Subject "$subject"
martlet_remove_header X-Old
martlet_notify told
martlet_stop
martlet_answer "$1"
"""

PYTHON = r"""
import sys
import martlet
mail = martlet.mail()
subject = mail["subject"]
answer = martlet.Answer(*sys.argv[1:])
answer.reply(f"We have it:\r\n{subject}\n\t%s", subject=f"Re: {subject}", html="<p>We have it.",
             everyDays=2, as_="desk@shop.example").reply("Without a subject")
answer.reply("x" * 30000, subject="y" * 300)
answer.forward("a@far.example", f"{subject}@far.example", from_="rewrite")
answer.tag("word", subject).tag("none", "").add_header("X-Subject", subject)
answer.remove_header("X-Old").notify("told", encoding="Base64").stop()
answer.print()
"""


class Libraries(unittest.TestCase):
    def answer(self, program, name, *arguments):
        """What the program prints of a mail with a hostile subject; nothing else may happen."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(program)
            interpreter = "sh" if name.endswith(".sh") else sys.executable
            ran = subprocess.run(
                [interpreter, path, *arguments], cwd=folder, check=True, capture_output=True,
                input=b"Received: x\r\nSUBJECT: " + HOSTILE + b"\r\nTo: b\r\n\r\nSubject: no\r\n",
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": folder,
                     "LIBRARY": LIBRARY, "PYTHONPATH": LIBRARY, "PYTHONDONTWRITEBYTECODE": "1"})
            self.assertEqual(ran.stderr, b"")
            self.assertLessEqual(set(os.listdir(folder)), {name, "mail.eml"})
        return json.loads(ran.stdout)

    def test_the_shell_library(self):
        answer = self.answer(SHELL, "handler.sh", "STOP_RULE")
        self.assertEqual(answer["disposition"], "STOP_RULE")
        front, end = '"; $(touch pwned) `touch pwned` \\u0041\\ \' %s ${subject} {"a": 1}]}, ', (
            'and \\"more\\n&')
        subject = f"{front}   \U0001f600 {end}"
        self.assertEqual(answer["actions"], [
            {"reply": {"text": f"We have it:\n{front} \U0001f600\t{end}\n\t%s",
                       "subject": "Re: " + subject}},
            {"reply": {"text": "Without a subject"}},
            {"reply": {"text": "x" * 20000, "subject": "y" * 200}},
            {"forward": {"to": ["a@far.example", subject + "@far.example"]}},
            {"tag": {"name": "word", "value": "_____touch_pwned___touch_pwned___u0041_____s___subject"
                                              "____a___1_______________and___more_n_"}},
            {"tag": {"name": "none", "value": "_"}},
            {"addHeader": {"name": "X-Subject", "value": f"{front}???? ?????{end}"}},
            {"removeHeader": {"name": "X-Old"}},
            {"notify": {"topic": "told"}},
            {"stop": {}},
        ])
        self.assertEqual(self.answer(". \"$LIBRARY/martlet.sh\"\nmartlet_answer", "empty.sh"),
                         {"disposition": "CONTINUE", "actions": []})

    def test_the_python_library(self):
        answer = self.answer(PYTHON, "handler.py", "STOP_RULE_SET")
        self.assertEqual(answer["disposition"], "STOP_RULE_SET")
        front, end = '"; $(touch pwned) `touch pwned` \\u0041\\ \' %s ${subject} {"a": 1}]}, ', (
            'and \\"more\\n&')
        text = f"{front}\ufffd\ufffd \U0001f600\t{end}"
        subject = f"{front}\ufffd\ufffd  \U0001f600 {end}"
        sent, long, forward, word, none, header, removed, told, stop = (
            answer["actions"][0], *answer["actions"][2:])
        self.assertEqual(sent, {"reply": {
            "text": f"We have it:\n{text}\n\t%s", "subject": "Re: " + subject,
            "html": "<p>We have it.", "everyDays": 2, "as": "desk@shop.example"}})
        self.assertEqual(answer["actions"][1], {"reply": {"text": "Without a subject"}})
        self.assertEqual(long, {"reply": {"text": "x" * 20000, "subject": "y" * 200}})
        # An address is not made another one: such a forward is refused.
        self.assertEqual(forward["forward"]["to"][0], "a@far.example")
        self.assertIn("\x01", forward["forward"]["to"][1])
        self.assertEqual(forward["forward"]["from"], "rewrite")
        self.assertRegex(word["tag"]["value"], r"\A[A-Za-z0-9_.@+=-]{50,255}\Z")
        self.assertEqual(none["tag"]["value"], "_")
        value = header["addHeader"]["value"]
        self.assertTrue(value.isascii() and value.isprintable())
        self.assertEqual(str(email.header.make_header(email.header.decode_header(value))), subject)
        self.assertEqual([removed, told, stop], [
            {"removeHeader": {"name": "X-Old"}}, {"notify": {"topic": "told", "encoding": "Base64"}},
            {"stop": {}}])

    def test_cuts_split_no_character(self):
        answer = self.answer(
            ". \"$LIBRARY/martlet.sh\"\nmartlet_reply \"$1\" \"$1\"\nmartlet_answer", "cut.sh",
            "x" + "\u00fc" * 12000)
        self.assertEqual(answer["actions"], [{"reply": {
            "text": "x" + "\u00fc" * 9999, "subject": "x" + "\u00fc" * 99}}])
        answer = self.answer(
            "import martlet, sys\nmartlet.Answer().reply(sys.argv[1], sys.argv[1]).print()", "cut.py",
            "x" + "\u00fc" * 12000)
        self.assertEqual(answer["actions"], [{"reply": {
            "text": "x" + "\u00fc" * 9999, "subject": "x" + "\u00fc" * 99}}])


# Answers with the body of the mail, and writes down that it was asked.
BODY = """
import email, os, sys
with open(os.path.join(os.environ["OUT"], "asked"), "a") as file:
    file.write(os.environ["MARTLET_ACTION_ID"] + "\\n")
sys.stdout.buffer.write(email.message_from_binary_file(sys.stdin.buffer).get_payload(decode=True))
"""

WORKER = """
import martlet
def answer(request):
    if martlet.mail(request["mail"]["path"])["X-Answer"] == "fail":
        raise ValueError('as "asked"')
    return martlet.Answer().tag("worker", "yes")
martlet.work(answer)
"""

# A Lambda function's own runtime: it returns the field X-Answer.
FUNCTION = """
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/invocation/"
while True:
    api.request("GET", base + "next")
    invocation = api.getresponse()
    event = json.loads(invocation.read())
    answer, = [field["value"] for field in event["Records"][0]["ses"]["mail"]["headers"]
               if field["name"] == "X-Answer"]
    api.request("POST", base + invocation.headers["Lambda-Runtime-Aws-Request-Id"] + "/response",
                answer.encode())
    api.getresponse().read()
"""

# Answers once it is let, and writes down that it was asked.
SLOW = """
import json, os, time
out = os.environ["OUT"]
with open(out + "/asked", "a") as file:
    file.write("x")
while not os.path.exists(out + "/go"):
    time.sleep(0.01)
print(json.dumps({"actions": [
    {"forward": {"to": "bob@far.example"}}, {"tag": {"name": "a", "value": "b"}},
    {"addHeader": {"name": "X-A", "value": "b"}}]}))
"""

BOT = """#!/bin/sh
. "$LIBRARY/martlet.sh"
martlet_read
subject=$(martlet_field Subject)
martlet_reply "You wrote about $subject." "Re: $subject"
martlet_tag about "$subject"
martlet_tag bot yes
martlet_add_header X-About "$subject"
martlet_notify told
martlet_answer
"""

RULES = r"""
    ruleSet: main
    rules:
      - name: ask
        recipients: [ask@shop.example]
        actions:
          - removeHeader: {name: X-Old}
          - invoke: {handler: body}
          - store: {bucket: mail, prefix: asked}
      - name: bot
        recipients: [bot@shop.example]
        actions:
          - invoke: {handler: bot}
          - store: {bucket: mail, prefix: bot}
      - name: event
        recipients: [event@shop.example]
        actions:
          - invoke: {handler: body, type: Event}
      - name: kinds
        recipients: [kinds@shop.example]
        actions:
          - invoke: {handler: worker}
          - invoke: {handler: function}
      - name: later
        actions:
          - store: {bucket: mail, prefix: later}
    """

TAG = {"tag": {"name": "a", "value": "b"}}


def asking(*actions, **members):
    """A mail whose body is an answer that asks for these."""
    answer = json.dumps({"actions": list(actions), **members}, indent=0)
    return mail(answer)


def mail(body, subject="Hello", fields="", to="ask@shop.example"):
    return (f"From: Eve <eve@far.example>\r\nTo: {to}\r\nSubject: {subject}\r\n"
            f"Message-ID: <2@far.example>\r\n{fields}\r\n".encode()
            + body.replace("\n", "\r\n").encode() + b"\r\n")


class Answers(SendingCase):
    def setUp(self):
        self.hop = Hop(self, {})
        self.start(self.prepared(self.hop.port))

    def prepared(self, port, **options):
        server = self.sending_server(
            port, ZONE, authentication={"enabled": True},
            topics={"told": {"log": {"file": "told"}}}, **options)
        server.write_rules(RULES)
        self.add_handlers(server)
        return server

    def add_handlers(self, server):
        library = {"LIBRARY": LIBRARY, "PYTHONPATH": LIBRARY, "PYTHONDONTWRITEBYTECODE": "1"}
        server.add_handler("body", BODY)
        for name, code in (("worker", WORKER), ("function", FUNCTION)):
            server.add_handler(name, code, environment=dict(library), processes=1)
            handler = server.config["handlers"][name]
            handler[name] = handler.pop("command")
        script = server.path("bot.sh")
        with open(script, "w", encoding="utf-8") as file:
            file.write(BOT)
        os.chmod(script, 0o755)
        server.config["handlers"]["bot"] = {"command": [script], "environment": library}
        server.config["limits"]["retryFirstDelaySeconds"] = 1

    def ask(self, *actions, sender="eve@far.example", **members):
        """The journal of a mail whose handler asks for these, once it is settled, and its id."""
        id = self.server.send(asking(*actions, **members), "ask@shop.example", sender=sender)
        self.server.settled(id)
        return self.server.actions(id), id

    def asked(self):
        """The ids under which the handler was asked."""
        with open(self.server.path("out", "asked"), encoding="utf-8") as file:
            return file.read().split()

    def test_an_auto_reply_bot_is_a_script_that_prints_its_answer(self):
        subject = '${mailFrom} "; touch pwned; $(id)\\n'
        id = self.server.send(
            mail("Hello.", subject, to="bot@shop.example"), "bot@shop.example",
            sender="eve@far.example")
        self.server.settled(id)
        taken = eventually(lambda: self.hop.taken and self.hop.taken[0], "the answer arrives")
        self.assertEqual((taken.path, taken.recipients), ("", ("eve@far.example",)))
        answer = email.message_from_bytes(taken.content)
        self.assertEqual(answer["Subject"], "Re: " + subject)
        self.assertEqual(answer["Auto-Submitted"], "auto-replied")
        self.assertEqual(answer["In-Reply-To"], "<2@far.example>")
        self.assertEqual(answer.get_payload(decode=True).decode().strip(),
                         f"You wrote about {subject}.")
        actions = self.server.actions(id)
        self.assertEqual(
            {key: (action["kind"], action["state"]) for key, action in actions.items()},
            {("bot", 0): ("invoke", "done"), ("bot", 0, 1): ("reply", "done"),
             ("bot", 0, 2): ("tag", "done"), ("bot", 0, 3): ("tag", "done"),
             ("bot", 0, 5): ("notify", "done"), ("bot", 1): ("store", "done"),
             ("later", 0): ("store", "done")})
        self.assertEqual(
            actions["bot", 0]["detail"],
            "bot: CONTINUE, asks for reply, tag, tag, addHeader, notify")
        self.assertEqual(actions["bot", 0, 2]["detail"], "about=__mailFrom_____touch_pwned____id__n")
        self.assertEqual(
            [found["id"] for found in self.server.json("mail", "list", "--tag", "bot=yes")], [id])
        for prefix in ("bot", "later"):
            self.assertTrue(self.server.objects()[f"{prefix}/{id}"].startswith(
                b"X-About: " + subject.encode() + b"\r\nReturn-Path: "))
        with open(self.server.path("told"), encoding="utf-8") as file:
            told = json.loads(json.loads(file.read())["Message"])
        self.assertEqual(told["receipt"]["action"]["type"], "SNS")
        self.assertEqual(told["mail"]["tags"]["bot"], ["yes"])
        trace = self.server.cli("mail", "trace", id).stdout
        self.assertIn("\n    -> invoke bot  ended CONTINUE: bot: CONTINUE, asks for", trace)
        self.assertIn(f"\n      -> reply Re: {subject}  ended: sent as ", trace)
        self.assertIn("\n      -> tag bot=yes  ended: bot=yes\n", trace)
        self.assertIn("tag/0+3", self.server.cli("mail", "show", id).stdout)
        # As of a rule: the next mail of the same sender is not answered.
        again = self.server.send(
            mail("Again.", to="bot@shop.example"), "bot@shop.example", sender="eve@far.example")
        self.server.settled(again)
        self.assertIn("is answered once in 7 days", self.server.actions(again)["bot", 0, 1]["detail"])

    def test_every_kind_of_handler_may_ask(self):
        id = self.server.send(mail(
            "Hello.", fields="X-Answer: " + json.dumps({
                "actions": [{"tag": {"name": "function", "value": "yes"}}, TAG]}) + "\r\n"),
            "kinds@shop.example", sender="eve@far.example")
        self.server.settled(id)
        actions = self.server.actions(id)
        self.assertEqual(
            {key: action["detail"] for key, action in actions.items() if len(key) == 3},
            {("kinds", 0, 1): "worker=yes", ("kinds", 1, 1): "function=yes", ("kinds", 1, 2): "a=b"})
        # A worker's library says why a mail failed, and lives on.
        failing = self.server.send(
            mail("Hello.", fields="X-Answer: fail\r\n"), "kinds@shop.example",
            sender="eve@far.example")

        def detail():
            actions = self.server.actions(failing)
            return actions["kinds", 0]["detail"] if ("kinds", 0) in actions else None

        self.assertEqual(eventually(detail, "the worker has failed"),
                         'worker: ValueError: as "asked"')

    def test_what_is_asked_for_is_done_before_the_rules_go_on(self):
        for disposition, stored in (("CONTINUE", {"asked", "later"}), ("STOP_RULE", {"later"}),
                                    ("STOP_RULE_SET", set())):
            with self.subTest(disposition):
                actions, id = self.ask(
                    TAG, {"forward": {"to": "bob@far.example"}}, disposition=disposition)
                self.assertEqual(actions["ask", 1, 1]["detail"], "a=b")
                self.assertRegex(actions["ask", 1, 2]["detail"], "^sent as ")
                self.assertEqual({key.split("/")[0] for key in self.server.objects()
                                  if key.endswith(id)}, stored)
        with self.subTest("stop"):
            actions, id = self.ask(TAG, "stop", {"tag": {"name": "c", "value": "d"}})
            self.assertEqual(set(actions), {("ask", 1), ("ask", 1, 1)})
            self.assertIn("-> tag c=d  not reached", self.server.cli("mail", "trace", id).stdout)
        with self.subTest("the field that a handler takes out is not there any more"):
            actions, id = self.ask({"removeHeader": {"name": "Subject"}},
                                   {"addHeader": {"name": "X-New", "value": "${subject} $${a}"}})
            stored = self.server.objects()[f"asked/{id}"]
            self.assertNotIn(b"\nSubject:", stored)
            self.assertTrue(stored.startswith(b"X-New: ${subject} $${a}\r\n"))
        eventually(lambda: len(self.hop.taken) == 3, "each forward arrives")

    def test_a_sender_has_nothing_filled_in(self):
        actions, id = self.ask(
            {"reply": {"text": "${mailFrom} $${x} ${", "html": "<p>${mailFrom}",
                       "subject": "${recipient} ${no such}"}})
        self.assertEqual(actions["ask", 1, 1]["state"], "done")
        taken = eventually(lambda: self.hop.taken and self.hop.taken[0], "the answer arrives")
        answer = email.message_from_bytes(taken.content)
        self.assertEqual(answer["Subject"], "${recipient} ${no such}")
        text, html = answer.get_payload()
        self.assertEqual(text.get_payload(decode=True).decode().strip(), "${mailFrom} $${x} ${")
        self.assertEqual(html.get_payload(decode=True).decode().strip(), "<p>${mailFrom}")
        # Without a subject it is a reply's usual one, with that of the mail as it stands.
        id = self.server.send(
            asking({"reply": {"text": "x"}}).replace(b"Hello", b"${mailFrom}"), "ask@shop.example",
            sender="carol@far.example")
        self.server.settled(id)
        taken = eventually(lambda: len(self.hop.taken) > 1 and self.hop.taken[1], "it arrives")
        self.assertEqual(email.message_from_bytes(taken.content)["Subject"], "Auto: ${mailFrom}")

    def test_the_guards_of_rules_hold(self):
        reply = {"reply": {"text": "Hello."}}
        for reason, sender, fields in (
                ("it came from the null path", "", ""),
                ("it came from a list", "eve@far.example", "List-Id: <l.far.example>\r\n"),
                ("nobody wrote it: Auto-Submitted", "eve@far.example",
                 "Auto-Submitted: auto-replied\r\n"),
                ("neither SPF nor DKIM shows that eve@other.example sent it", "eve@other.example",
                 "")):
            with self.subTest(reason):
                id = self.server.send(
                    mail(json.dumps({"actions": [reply]}), fields=fields), "ask@shop.example",
                    sender=sender)
                self.server.settled(id)
                self.assertEqual(self.server.actions(id)["ask", 1, 1]["detail"],
                                 "nothing is sent: " + reason)
        with self.subTest("a circle"):
            actions, _ = self.ask({"forward": {"to": "ask@shop.example"}})
            self.assertEqual(actions["ask", 1, 1]["state"], "dead")
            self.assertIn("would come there again", actions["ask", 1, 1]["detail"])
        with self.subTest("an identity that is not verified"):
            actions, _ = self.ask({"reply": {"text": "Hello.", "as": "eve@unknown.example"}})
            self.assertEqual(actions["ask", 1, 1]["state"], "dead")
        self.assertEqual(self.hop.taken, [])

    BAD = (
        ({"reply": {"txt": "Hello."}}, "actions[0].reply: unknown key “txt”; did you mean “text”?"),
        ({"reply": {}}, "actions[0].reply: “text” is missing"),
        ({"reply": {"text": "a\x00"}}, "actions[0].reply.text: a text has 1 to 20000 bytes"),
        ({"reply": {"text": "a", "subject": "a\r\nBcc: all@far.example"}},
         "actions[0].reply.subject: a subject has 1 to 200 bytes on one line"),
        ({"forward": {"to": ["bob@far.example", "no address"]}},
         "actions[0].forward.to[1]: “no address” is no address"),
        ({"forward": {"to": "${mailFrom}"}}, "actions[0].forward.to: “${mailFrom}” is no address"),
        ({"notify": {"topic": "toldd"}},
         "actions[0].notify.topic: the configuration has no topic “toldd”; did you mean “told”?"),
        ({"addHeader": {"name": "X-A", "value": "a\r\nX-B: b"}},
         "actions[0].addHeader.value: a header value is below 2,048 printable ASCII characters"),
        ({"addHeader": {"name": "X A", "value": "a"}},
         "actions[0].addHeader.name: “X A” is no header name"),
        ({"removeHeader": {"name": "Received"}}, "actions[0].removeHeader.name: “Received” stays"),
        ({"tag": {"name": "a", "value": "a/b"}}, "actions[0].tag.value: a tag's value has 1 to 255"),
        ({"invoke": {"handler": "body"}}, "actions[0]: unknown key “invoke”; there are: addHeader,"),
        ({"replay": {"text": "a"}}, "actions[0]: unknown key “replay”; did you mean “reply”?"),
        ("drop", "actions[0]: “drop” is no action: an action is one of reply, forward, bounce,"),
        ("tag", "actions[0]: “tag” has nothing behind it"),
        ({"tag": {"name": "a", "value": "b"}, "stop": None},
         "actions[0]: found stop and tag in one, expected one action"),
        (7, "actions[0]: “7” is no action"),
        ([], "actions[0]: found a list, expected a mapping"),
    )

    def test_of_an_answer_with_a_problem_nothing_is_done(self):
        for bad, problem in self.BAD:
            with self.subTest(problem):
                id = self.server.send(
                    asking(bad, TAG, {"forward": {"to": "bob@far.example"}}, "stop",
                           disposition="STOP_RULE_SET"),
                    "ask@shop.example", sender="eve@far.example")
                self.server.settled(id)
                actions = self.server.actions(id)
                # The mail goes on, as with every action that is dead.
                self.assertEqual(set(actions), {("ask", 1), ("ask", 2), ("later", 0)})
                self.assertEqual((actions["ask", 1]["state"], actions["ask", 1]["attempts"]),
                                 ("dead", 1))
                detail = actions["ask", 1]["detail"]
                self.assertTrue(
                    detail.startswith("nothing of the answer is done: body: " + problem), detail)
        for answer, problem in (
                ('{"actions": {"tag": 1}}', "actions: found a mapping, expected a list"),
                ('{"actions": "stop"}', "actions: found “stop”, expected a list"),
                ('{"actions": [], "disposition": "STOP_RULES"}',
                 "disposition: found “STOP_RULES”, expected CONTINUE or STOP_RULE or "
                 "STOP_RULE_SET; did you mean “STOP_RULE”?"),
                (json.dumps({"actions": ["a", "b"]}), "actions[0]: “a” is no action")):
            with self.subTest(problem):
                id = self.server.send(mail(answer), "ask@shop.example", sender="eve@far.example")
                self.server.settled(id)
                self.assertIn("body: " + problem, self.server.actions(id)["ask", 1]["detail"])
        log = self.server.log()
        self.assertIn("did you mean “reply”?", log)
        self.assertEqual(self.rows("SELECT count(*) FROM sent_mail"), [(0,)])
        self.assertEqual(len(self.server.json("queue", "--dead")), len(self.BAD) + 4)

    def test_what_was_wrong_is_asked_again_once_it_is_mended(self):
        id = self.server.send(
            asking({"notify": {"topic": "later"}}, TAG), "ask@shop.example",
            sender="eve@far.example")
        self.server.settled(id)
        self.assertEqual(self.server.actions(id)["ask", 1]["state"], "dead")
        self.server.stop()
        self.server.config["topics"]["later"] = {"log": {"file": "told"}}
        self.server.write_config()
        self.server.launch()
        self.server.eventually(self.server.is_ready, "the server is ready again")
        self.server.cli("queue", "retry", id)
        self.server.eventually(
            lambda: len(self.server.actions(id)) == 5, "what it asks for is done")
        self.assertEqual({key: action["state"] for key, action in self.server.actions(id).items()},
                         {("ask", 1): "done", ("ask", 1, 1): "done", ("ask", 1, 2): "done",
                          ("ask", 2): "done", ("later", 0): "done"})
        self.assertEqual(self.asked(), [f"{id}/ask/1"] * 2)

    def test_an_answer_asks_for_no_more_than_20(self):
        tags = [{"tag": {"name": "n", "value": str(number)}} for number in range(21)]
        actions, _ = self.ask(*tags[:20])
        self.assertEqual([actions["ask", 1, number + 1]["detail"] for number in range(20)],
                         [f"n={number}" for number in range(20)])
        actions, _ = self.ask(*tags)
        self.assertEqual(actions["ask", 1]["detail"], "nothing of the answer is done: body: "
                         "actions: 21 actions; at most 20 stand in an answer")

    def test_what_is_no_answer_asks_for_nothing(self):
        for answer, detail in (
                ('{"actions": null}', "CONTINUE (the answer names no disposition)"),
                ('{"Actions": [], "disposition": "CONTINUE"}',
                 "CONTINUE; “Actions” is ignored; did you mean “actions”?"),
                ('{"actions": ["stop"]', "CONTINUE (the answer is no JSON: it ends too early)"),
                ('{"disposition": "CONTINUE",\n "actions": [stop]}',
                 "CONTINUE (the answer is no JSON: line 2, column 14: found “stop]}”)"),
                ('{"actions": ["stop"]' + (" " * 900 + "\n") * 300 + "}",
                 "CONTINUE (the answer is too long)")):
            with self.subTest(detail):
                id = self.server.send(mail(answer), "ask@shop.example", sender="eve@far.example")
                self.server.settled(id)
                self.assertEqual(self.server.actions(id)["ask", 1]["detail"], "body: " + detail)
        # An Event's answer is not read.
        id = self.server.send(asking(TAG, "stop"), "event@shop.example", sender="eve@far.example")
        self.server.settled(id)
        self.assertEqual(set(self.server.actions(id)), {("event", 0), ("later", 0)})

    def test_each_is_tried_by_itself(self):
        """What fails is tried again alone, under its own id, and an operator finds it."""
        actions, id = self.ask(
            {"forward": {"to": "ask@shop.example"}}, {"forward": {"to": "bob@far.example"}})
        self.assertEqual((actions["ask", 1, 1]["state"], actions["ask", 1, 2]["state"]),
                         ("dead", "done"))
        self.server.cli("queue", "retry", id)
        self.server.eventually(
            lambda: self.server.actions(id)["ask", 1, 1]["attempts"] == 2, "it is tried again")
        self.server.settled(id)
        self.assertEqual(self.server.actions(id)["ask", 1, 2]["attempts"], 1)
        self.assertEqual(len(self.asked()), 1)
        eventually(lambda: len(self.hop.taken) == 1, "the other one has arrived, once")

    def test_replays_ask_anew(self):
        _, id = self.ask({"reply": {"text": "Hello."}}, TAG)
        eventually(lambda: len(self.hop.taken) == 1, "the answer arrives")
        shown = self.server.cli("replay", id).stdout
        self.assertIn("ask: reply Auto: Hello  is left out without --send", shown)
        self.assertIn("ask: tag a=b\n", shown)
        self.server.cli("replay", id, "--yes")
        row, = self.server.json("mail", "show", id)["replays"]
        self.server.settled(row)
        actions = self.server.actions(row)
        self.assertEqual(actions["ask", 1, 1]["detail"], "nothing is sent: this is a replay")
        self.assertEqual(actions["ask", 1, 2]["detail"], "a=b")
        self.assertEqual(self.asked(), [f"{id}/ask/1"] * 2)

    def test_drafts_take_what_was_asked_for(self):
        _, id = self.ask(TAG, {"notify": {"topic": "told"}}, "stop")
        draft = self.server.path("draft.yaml")
        with open(draft, "w", encoding="utf-8") as file:
            file.write("ruleSet: draft\nrules:\n  - name: all\n    actions:\n"
                       "      - invoke: {handler: body}\n      - notify: {topic: told}\n")
        shown = self.server.cli("rules", "explain", draft, "--id", id).stdout
        self.assertIn("    -> invoke body  would run\n      -> tag a=b  would run\n"
                      "      -> notify told  would run\n      -> stop  would stop\n"
                      "    -> notify told  not reached\n", shown)
        with open(draft, "w", encoding="utf-8") as file:
            file.write("ruleSet: draft\nrules:\n  - name: all\n    actions: [{drop: }]\n")
        shown = self.server.cli("rules", "diff", draft, status=1).stdout
        self.assertIn("- ask: tag a=b\n- ask: notify told\n- ask: stop\n+ all: drop\n", shown)


class Kills(SendingCase):
    """The server is killed around the moment at which the answer is written down."""

    def test_nothing_is_lost_or_done_twice(self):
        for number, (moment, times_asked) in enumerate((
                ("sync *.sqlite-wal 1 kill-before", (1, 2)),
                ("sync *.sqlite-wal 1 kill-after", (1,)))):
            with self.subTest(moment):
                self.killed(moment, times_asked)

    def killed(self, moment, times_asked):
        server, hop = sending_server(self, start=False, is_faulty=True)
        server.write_rules("""
            ruleSet: main
            rules:
              - name: ask
                actions:
                  - invoke: {handler: slow}
                  - store: {bucket: mail}
            """)
        server.add_handler("slow", SLOW)
        server.start()
        id = server.send(message(), "ask@example.test", sender="eve@far.example")
        asked = server.path("out", "asked")
        server.eventually(lambda: os.path.exists(asked), "the handler is asked")
        server.faults.set(moment)
        with open(server.path("out", "go"), "w", encoding="ascii"):
            pass
        server.wait()
        server.faults.clear()
        server.launch()
        server.eventually(server.is_ready, "the server is ready again")
        server.settled(id)
        self.assertEqual(
            {key: (action["kind"], action["state"]) for key, action in server.actions(id).items()},
            {("ask", 0): ("invoke", "done"), ("ask", 0, 1): ("forward", "done"),
             ("ask", 0, 2): ("tag", "done"), ("ask", 1): ("store", "done")})
        with open(asked, encoding="ascii") as file:
            self.assertIn(len(file.read()), times_asked)
        self.assertTrue(server.objects()[id].startswith(b"X-A: b\r\n"))
        eventually(lambda: hop.taken, "the forward arrives")
        self.server = server
        self.assertEqual(self.rows("SELECT count(*) FROM sent_mail"), [(1,)])
        self.assertEqual([taken.recipients for taken in hop.taken], [("bob@far.example",)])
        server.stop()


if __name__ == "__main__":
    unittest.main()
