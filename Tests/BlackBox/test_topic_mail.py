"""Topics whose subscribers are mail addresses: they confirm by a link, and end it by one."""

import email
import email.policy
import json
import re
import unittest

from hop import Hop
from sending import SendingCase
from support import eventually, message
from test_sns import curl, free_port

RULES = """
    ruleSet: main
    rules:
      - name: tell
        actions:
          - notify: {topic: arrivals}
    """


class TopicMail(SendingCase):
    def setUp(self):
        self.hop = Hop(self)
        zone = ["far MX 10 mx"]
        port = free_port()
        # What stands before it and speaks TLS is left out.
        self.url = f"https://127.0.0.1:{port}"
        server = self.sending_server(
            self.hop.port, zone, sending={"topicsFrom": "topics@shop.example"},
            topics={"arrivals": {"log": {"file": "log.jsonl"}}})
        server.config["web"] = {"url": self.url, "address": "127.0.0.1", "port": port}
        server.write_rules(RULES)
        self.start(server)
        eventually(lambda: server.log_lines("web listens"), "the public side answers")

    def subscribe(self, *options, address="ada@far.example", status=0):
        return self.server.cli(
            "topic", "subscribe", "arrivals", address, *options, status=status)

    def got(self, count, recipient="ada@far.example"):
        """The last of `count` mails that the next hop has for them."""
        def found():
            mails = self.hop.mails(recipient)
            return mails if len(mails) >= count else None
        mails = self.server.eventually(found, f"{count} mails came")
        self.assertEqual(len(mails), count)
        return email.message_from_bytes(mails[-1].content, policy=email.policy.default)

    def link(self, mail, action):
        found = re.search(rf"{re.escape(self.url)}/\?Action={action}\S+", mail.get_content())
        self.assertTrue(found, mail.get_content())
        return found[0].replace("https:", "http:")

    def state(self, address="ada@far.example"):
        return {each["subscriber"]: each["state"]
                for each in self.server.json("topic", "list")}.get(address)

    def confirmed(self):
        self.subscribe()
        self.assertEqual(curl(self.link(self.got(1), "ConfirmSubscription"))[0], 200)

    def receive(self):
        return self.server.send(message(), "someone@shop.example")

    def test_from_the_question_to_the_end(self):
        self.assertIn("is asked to confirm", self.subscribe().stdout)
        question = self.got(1)
        self.assertEqual(question["subject"], "Notification - Subscription Confirmation")
        self.assertEqual(question["from"], "topics@shop.example")
        self.assertEqual(question["auto-submitted"], "auto-generated")
        self.assertEqual(self.state(), "pending")
        # Held until they have said that they want it.
        first = self.receive()
        status, body = curl(self.link(question, "ConfirmSubscription"))
        self.assertEqual(status, 200, body)
        self.assertEqual(self.state(), "confirmed")
        told = self.got(2)
        self.assertEqual(told["subject"], "Amazon SES Email Receipt Notification")
        self.assertEqual(told["auto-submitted"], "auto-generated")
        notification = json.JSONDecoder().raw_decode(told.get_content())[0]
        self.assertEqual(notification["mail"]["messageId"], first)
        end = self.link(told, "Unsubscribe")
        self.assertEqual(told["list-unsubscribe"], f"<{end.replace('http:', 'https:')}>")
        self.assertEqual(told["list-unsubscribe-post"], "List-Unsubscribe=One-Click")
        # As a mail program does it, whose click confirms nothing.
        click = ("-d", "List-Unsubscribe=One-Click")
        self.assertEqual(curl(self.link(question, "ConfirmSubscription"), *click)[0], 400)
        status, body = curl(end, *click)
        self.assertEqual(status, 200, body)
        self.assertEqual(self.state(), "unsubscribed")
        self.receive()
        ended = self.got(3)
        # What came meanwhile is told to nobody, also not later.
        self.server.eventually(
            lambda: not self.server.json("queue", "messages"), "no message waits")
        self.assertEqual(ended["subject"], "Notification - Unsubscribe Confirmation")
        # And back.
        self.assertEqual(curl(self.link(ended, "ConfirmSubscription"))[0], 200)
        last = self.receive()
        self.assertIn(last, self.got(4).get_content())
        self.assertIn("gets nothing more",
                      self.server.cli("topic", "unsubscribe", "arrivals", "ada@far.example").stdout)
        self.assertIsNone(self.state())
        self.server.cli("topic", "unsubscribe", "arrivals", "ada@far.example", status=1)

    def test_it_outlives_the_process(self):
        self.confirmed()
        self.server.stop()
        self.server.start(())
        self.assertEqual(self.state(), "confirmed")
        self.assertIn(self.receive(), self.got(2).get_content())

    def test_programs_get_json(self):
        self.subscribe("--json", "--trusted")
        mail = self.receive()
        posted = json.loads(self.got(1).get_content())
        self.assertEqual(posted["Type"], "Notification")
        self.assertEqual(json.loads(posted["Message"])["mail"]["messageId"], mail)
        self.assertTrue(posted["UnsubscribeURL"].startswith(self.url))
        # By which a repetition is known.
        self.assertEqual(self.hop_id(1), posted["MessageId"])

    def hop_id(self, count):
        return self.got(count)["message-id"].strip("<>").partition("@")[0]

    def test_it_leaves_the_null_path_and_nobody_is_told(self):
        self.confirmed()
        self.receive()
        self.got(2)
        self.assertEqual({mail.path for mail in self.hop.mails("ada@far.example")}, {""})
        # Events of these mails would be told by such mails again.
        self.assertEqual(self.events(), [])

    def test_who_is_suppressed_gets_nothing(self):
        self.confirmed()
        self.server.cli("suppression", "put", "ada@far.example", "--reason", "BOUNCE")
        self.receive()
        dead = self.server.eventually(
            lambda: self.server.json("queue", "messages"), "it was given up")
        self.assertEqual([(each["subscriber"], each["attempts"]) for each in dead],
                         [("ada@far.example", 1)])
        self.assertIn("suppression list", dead[0]["error"])
        self.got(1)

    def test_a_mail_that_comes_back_is_not_told_again(self):
        """A subscriber of ours, whose mails a rule tells the topic of."""
        self.confirmed()
        self.receive()
        told = self.hop.mails("ada@far.example")[-1] if self.got(2) else None
        before = len(self.log())
        self.server.send(told.content, "someone@shop.example", sender="")
        self.server.eventually(lambda: len(self.log()) == before + 1, "the file was told")
        self.receive()
        self.assertIn("messageId", self.got(3).get_content())

    def log(self):
        with open(self.server.path("log.jsonl"), encoding="utf-8") as file:
            return file.readlines()

    def test_what_others_wrote_stays_in_its_place(self):
        self.confirmed()
        self.server.send(
            message(subject="x\r\n\tBcc: <eve@far.example>"), "someone@shop.example")
        told = self.got(2)
        self.assertIsNone(told["bcc"])
        self.assertEqual(len(told.get_all("subject")), 1)
        self.assertEqual(self.hop.mails("eve@far.example"), [])

    def test_what_cannot_be_is_said(self):
        self.assertIn("is no mail address, and gets JSON anyway",
                      self.subscribe("--json", address="log", status=1).stderr)
        self.assertIn("there is no topic “arrival”; did you mean “arrivals”?", self.server.cli(
            "topic", "subscribe", "arrival", "ada@far.example", status=1).stderr)
        self.assertIn("is no mail address", self.subscribe(address="ada@", status=1).stderr)
        self.server.stop()
        web = self.server.config.pop("web")
        self.server.start(())
        self.assertIn("has nowhere to confirm", self.subscribe(status=1).stderr)
        self.server.stop()
        self.server.config["web"] = web
        del self.server.config["sending"]["topicsFrom"]
        self.server.start(())
        self.assertIn("“sending.topicsFrom” in the configuration", self.subscribe(status=1).stderr)


if __name__ == "__main__":
    unittest.main()
