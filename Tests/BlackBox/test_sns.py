"""SNS's protocol: signed messages that others' validators accept, confirmation, unsubscribing."""

import contextlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import unittest
import xml.etree.ElementTree

from support import BINARY, DEADLINE_SECONDS, PROJECT, eventually, message, new_server
from test_topics import Endpoint

RULES = """
    ruleSet: main
    rules:
      - name: told
        actions:
          - notify: {topic: received}
    """
# Beside the program's folder, which SwiftPM reaches by a link.
ENVIRONMENT = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(BINARY))), "python")
XML = "{http://sns.amazonaws.com/doc/2010-03-31/}"
CONFIRMATION = {
    "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp",
    "SignatureVersion", "Signature", "SigningCertURL"}
NOTIFICATION = {
    "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion",
    "Signature", "SigningCertURL", "UnsubscribeURL"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def curl(url, *options):
    """The status and the body of an answer."""
    done = subprocess.run(
        ["curl", "-s", "--max-time", str(DEADLINE_SECONDS), "-w", "\n%{http_code}", *options, url],
        capture_output=True, text=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


class SNSCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)

    def start(self, version=1, **subscriber):
        self.endpoint = Endpoint(self.addCleanup)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.server = new_server(
            self, RULES, web={"url": self.url, "address": "127.0.0.1", "port": port},
            topics={"received": {
                "signatureVersion": version,
                "web": {"url": self.endpoint.url, **subscriber}}})
        self.server.start()
        eventually(lambda: self.server.log_lines("web listens"), "the public side answers")

    def posted(self, kind, count=1):
        """The last of `count` messages of a kind, with its headers."""
        def found():
            posts = [(json.loads(body), {name.lower(): value for name, value in headers.items()})
                     for _, headers, body in self.endpoint.posts]
            of_kind = [post for post in posts if post[0]["Type"] == kind]
            return of_kind[count - 1] if len(of_kind) >= count else None
        return self.server.eventually(found, f"{count} {kind} was posted")

    def validate(self, *messages):
        """What others' validators say; fails where one is refused."""
        return subprocess.run(
            [os.path.join(ENVIRONMENT, "bin/python"),
             os.path.join(PROJECT, "Tests/BlackBox/sns_validate.py"), self.url],
            input="".join(json.dumps(each) + "\n" for each in messages), capture_output=True,
            text=True, timeout=DEADLINE_SECONDS)

    def assert_valid(self, *messages):
        done = self.validate(*messages)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            done.stdout.split("\n")[:-1],
            [f"{each['Type']} {each['SignatureVersion']}" for each in messages])

    def state(self):
        return self.server.json("topic", "list")[0]["state"]

    def confirm(self, asked):
        status, body = curl(asked["SubscribeURL"])
        self.assertEqual(status, 200, body)
        answer = xml.etree.ElementTree.fromstring(body)
        self.assertEqual(answer.tag, XML + "ConfirmSubscriptionResponse")
        return answer.find(f"{XML}ConfirmSubscriptionResult/{XML}SubscriptionArn").text


class Protocol(SNSCase):
    def exercise(self, version):
        self.start(version)
        asked, headers = self.posted("SubscriptionConfirmation")
        self.assertEqual(set(asked), CONFIRMATION)
        self.assertEqual(headers["x-amz-sns-message-type"], "SubscriptionConfirmation")
        self.assertEqual(headers["x-amz-sns-message-id"], asked["MessageId"])
        self.assertEqual(headers["x-amz-sns-topic-arn"], asked["TopicArn"])
        self.assertEqual(headers["content-type"], "text/plain; charset=UTF-8")
        self.assertNotIn("x-amz-sns-subscription-arn", headers)
        self.assertEqual(
            asked["SubscribeURL"], f"{self.url}/?Action=ConfirmSubscription"
            f"&TopicArn={asked['TopicArn']}&Token={asked['Token']}")
        self.assertRegex(asked["Token"], "^[0-9a-f]{64}$")

        # Until it is confirmed, what comes is held.
        self.server.send(message())
        self.server.eventually(
            lambda: self.server.json("status")["waitingMessages"] == 1, "a message waits")
        self.assertEqual(self.state(), "pending")
        self.assertEqual([json.loads(post[2])["Type"] for post in self.endpoint.posts],
                         ["SubscriptionConfirmation"])
        arn = self.confirm(asked)
        self.assertRegex(arn, f"^{asked['TopicArn']}:[0-9a-f-]{{36}}$")
        told, headers = self.posted("Notification")
        self.assertEqual(set(told), NOTIFICATION)
        self.assertEqual(headers["x-amz-sns-subscription-arn"], arn)
        self.assertEqual(told["UnsubscribeURL"],
                         f"{self.url}/?Action=Unsubscribe&SubscriptionArn={arn}")
        self.assertEqual(told["SignatureVersion"], str(version))
        self.assertEqual(self.state(), "confirmed")
        # A second visit does no harm.
        self.assertEqual(self.confirm(asked), arn)

        # The endpoint ends it, and is told how to undo that.
        status, body = curl(told["UnsubscribeURL"])
        self.assertEqual((status, "UnsubscribeResponse" in body), (200, True))
        ended, headers = self.posted("UnsubscribeConfirmation")
        self.assertEqual(set(ended), CONFIRMATION)
        self.assertEqual(headers["x-amz-sns-subscription-arn"], arn)
        self.assertEqual(self.state(), "unsubscribed")
        # The old token is of no use any more.
        self.assertEqual(curl(asked["SubscribeURL"])[0], 400)
        # What comes meanwhile is for nobody.
        self.server.settled(self.server.send(message()))
        self.assertEqual(self.server.json("status")["waitingMessages"], 0)
        self.assertEqual(self.confirm(ended), arn)
        self.server.send(message(subject="Again"))
        again, _ = self.posted("Notification", 2)
        self.assertIn("Again", again["Message"])

        self.assert_valid(asked, told, ended, again)
        # The validators can say no.
        for forged in ({**told, "Message": told["Message"] + " "}, {**asked, "Token": "0" * 64}):
            self.assertNotEqual(self.validate(forged).returncode, 0)

    def test_version_1(self):
        self.exercise(1)

    def test_version_2(self):
        self.exercise(2)


class States(SNSCase):
    def test_the_operator_asks_again_or_decides(self):
        self.start()
        first, _ = self.posted("SubscriptionConfirmation")
        self.server.cli("topic", "subscribe", "received", "web")
        second, _ = self.posted("SubscriptionConfirmation", 2)
        self.assertNotEqual(first["Token"], second["Token"])
        self.assertEqual(curl(first["SubscribeURL"])[0], 400)
        self.server.send(message())
        self.server.cli("topic", "subscribe", "received", "web", "--trusted")
        self.assertEqual(self.state(), "confirmed")
        self.posted("Notification")
        self.assertIn("did you mean", self.server.cli(
            "topic", "subscribe", "received", "wep", status=1).stderr)

    def test_who_need_not_confirm(self):
        self.start(confirm=False)
        self.server.send(message())
        told, _ = self.posted("Notification")
        self.assertEqual(self.state(), "confirmed")
        # It may unsubscribe still.
        self.assertEqual(curl(told["UnsubscribeURL"])[0], 200)
        self.assertEqual(self.state(), "unsubscribed")

    def test_states_outlive_the_process(self):
        self.start()
        asked, _ = self.posted("SubscriptionConfirmation")
        self.server.send(message())
        self.server.eventually(
            lambda: self.server.json("status")["waitingMessages"] == 1, "a message waits")
        self.server.kill()
        self.server.start(identities=())
        eventually(lambda: self.server.log_lines("web listens"), "the public side answers")
        self.assertEqual(self.state(), "pending")
        self.confirm(asked)
        told, _ = self.posted("Notification")
        self.server.kill()
        self.server.start(identities=())
        eventually(lambda: self.server.log_lines("web listens"), "the public side answers")
        self.assertEqual(self.state(), "confirmed")
        self.assert_valid(asked, told)
        key = self.server.path("data", "sns", "signing.key")
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)

    def test_no_answer_is_no_yes_when_the_public_side_goes(self):
        self.start()
        self.posted("SubscriptionConfirmation")
        self.server.stop()
        web = self.server.config.pop("web")
        version = self.server.config["topics"]["received"].pop("signatureVersion")
        self.server.start(identities=())
        self.assertEqual(self.state(), "pending")
        self.server.logged("a subscriber was asked to confirm, and cannot")
        self.server.send(message())
        self.server.eventually(
            lambda: self.server.json("status")["waitingMessages"] == 1, "a message waits")
        self.assertEqual(len(self.endpoint.posts), 1)
        self.server.cli("topic", "subscribe", "received", "web", "--trusted")
        self.posted("Notification")
        # What works goes on, and nobody is asked, when it comes back.
        self.server.stop()
        self.server.config["web"] = web
        self.server.config["topics"]["received"]["signatureVersion"] = version
        self.server.start(identities=())
        self.assertEqual(self.state(), "confirmed")
        self.server.send(message())
        self.posted("Notification", 2)
        self.assertEqual(len(self.endpoint.posts), 3)

    def test_what_was_held_goes_with_the_subscription(self):
        self.start()
        asked, _ = self.posted("SubscriptionConfirmation")
        self.server.send(message())
        self.server.eventually(
            lambda: self.server.json("status")["waitingMessages"] == 1, "a message waits")
        path = self.server.path("data/spool/martlet.sqlite")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            name = database.execute("SELECT id FROM topic_subscription").fetchone()[0]
        arn = f"{asked['TopicArn']}:{name}"
        self.assertEqual(curl(f"{self.url}/?Action=Unsubscribe&SubscriptionArn={arn}")[0], 200)
        self.server.eventually(
            lambda: self.server.json("status")["waitingMessages"] == 0, "nothing is held")
        self.assertEqual(self.server.json("status")["deadMessages"], 0)

    def test_what_the_public_is_told(self):
        self.start()
        asked, _ = self.posted("SubscriptionConfirmation")
        confirm = f"{self.url}/?Action=ConfirmSubscription&TopicArn={asked['TopicArn']}&Token="
        almost = asked["Token"][:-1] + ("0" if asked["Token"][-1] != "0" else "1")

        def told(url):
            status, body = curl(url)
            return status, re.sub("<RequestId>.*</RequestId>", "", body)
        # A token that is almost right is told nothing else than one that is not.
        answers = {told(confirm + token) for token in (almost, "", "x", "0" * 64)}
        answers.add(told(confirm.replace("received", "other") + asked["Token"]))
        self.assertEqual(len(answers), 1)
        self.assertEqual(answers.pop()[0], 400)
        for path in ("/", "/?Action=ListSubscriptions", "/?Action=Unsubscribe",
                     "/?Action=Unsubscribe&SubscriptionArn=x"):
            self.assertEqual(told(self.url + path)[0], 400, path)
        for path in ("/signing.key", "/..%2fsns%2fsigning.key", "/metrics", "/healthz"):
            self.assertEqual(told(self.url + path)[0], 404, path)
        self.assertIn(curl(self.url + "/?Action=" + "x" * 100_000)[0], (400, 414, 431))
        self.assertEqual(self.state(), "pending")


if __name__ == "__main__":
    unittest.main()
