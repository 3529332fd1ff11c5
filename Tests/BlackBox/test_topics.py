"""Topics: what subscribers that are files or web endpoints are told, and how often."""

import base64
import http.server
import json
import os
import re
import threading
import unittest

from support import ServerCase, eventually, large_body, message, new_server

UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class Endpoint:
    """A web server on loopback that keeps what is posted to it, and answers as it is told."""

    def __init__(self, test):
        self.posts = []
        # Answers to the next posts, then 200.
        self.answers = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.posts.append((self.path, dict(self.headers.items()), body))
                status = endpoint.answers.pop(0) if endpoint.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        thread.start()

        def end():
            self.server.shutdown()
            thread.join()
            self.server.server_close()
        test(end)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sns?key=1"


def lines(server, name):
    """The messages in a subscriber's file."""
    try:
        with open(server.path(name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


class Published(ServerCase):
    rules = """
        ruleSet: main
        rules:
          - name: told
            recipients: [told@example.test]
            actions:
              - addHeader: {name: X-Queue, value: told}
              - store: {bucket: mail, prefix: in/}
              - notify: {topic: received}
          - name: base64
            recipients: [base64@example.test]
            actions:
              - notify: {topic: received, encoding: Base64}
          - name: alerts
            recipients: [alerts@example.test]
            actions:
              - store: {bucket: mail, prefix: alerts, topic: received}
              - stop: {topic: received}
        """

    @classmethod
    def prepare(cls, server):
        cls.endpoint = Endpoint(cls.addClassCleanup)
        server.config["topics"]["received"] = {
            "log": {"file": "received.jsonl"}, "web": {"url": cls.endpoint.url}}

    def told(self, content, recipient="told@example.test", count=1):
        """The messages about a new mail: its id, those in the file, those that were posted."""
        mail = self.server.send(content, recipient)

        def of_mail(messages):
            return [each for each in messages
                    if json.loads(each["Message"])["mail"]["messageId"] == mail]
        written = self.server.eventually(
            lambda: self.enough(of_mail(lines(self.server, "received.jsonl")), count),
            "the file has its messages")
        posted = self.server.eventually(
            lambda: self.enough(of_mail(json.loads(post[2]) for post in self.endpoint.posts),
                                count), "the endpoint has its messages")
        return mail, written, posted

    @staticmethod
    def enough(messages, count):
        return messages if len(messages) >= count else None

    def test_form_of_the_message(self):
        content = message(subject="Told")
        mail, written, posted = self.told(content)
        self.assertEqual(written, posted)
        self.assertEqual(len(written), 1)
        told = written[0]
        self.assertEqual(
            set(told), {"Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp"})
        self.assertEqual(told["Type"], "Notification")
        self.assertRegex(told["MessageId"], UUID)
        self.assertRegex(told["TopicArn"], r"^arn:aws:sns:[a-z0-9-]+:\d{12}:received$")
        self.assertEqual(told["Subject"], "Amazon SES Email Receipt Notification")
        self.assertRegex(told["Timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        inner = json.loads(told["Message"])
        self.assertEqual(set(inner), {"notificationType", "mail", "receipt", "content"})
        self.assertEqual(inner["notificationType"], "Received")
        self.assertEqual(inner["mail"]["source"], "ada@sender.example")
        self.assertEqual(inner["mail"]["commonHeaders"]["subject"], "Told")
        self.assertEqual(inner["receipt"]["recipients"], ["told@example.test"])
        self.assertEqual(inner["receipt"]["action"]["type"], "SNS")
        self.assertEqual(inner["receipt"]["action"]["encoding"], "UTF8")
        # The content is what was stored.
        self.assertEqual(inner["content"].encode(), self.server.objects()[f"in/{mail}"])
        self.assertTrue(inner["content"].startswith("X-Queue: told\r\nReturn-Path: "))

    def test_request_to_the_endpoint(self):
        _, _, posted = self.told(message())
        path, headers, body = next(
            post for post in self.endpoint.posts if json.loads(post[2]) == posted[0])
        self.assertEqual(path, "/sns?key=1")
        headers = {name.lower(): value for name, value in headers.items()}
        self.assertEqual(headers["content-type"], "text/plain; charset=UTF-8")
        self.assertEqual(headers["x-amz-sns-message-type"], "Notification")
        self.assertEqual(headers["x-amz-sns-message-id"], posted[0]["MessageId"])
        self.assertEqual(headers["x-amz-sns-topic-arn"], posted[0]["TopicArn"])
        self.assertTrue(
            headers["x-amz-sns-subscription-arn"].startswith(posted[0]["TopicArn"] + ":"))
        self.assertNotIn(b"\n", body)

    def test_base64(self):
        content = message() + bytes(range(128, 256)) + b"\r\n"
        _, written, _ = self.told(content, "base64@example.test")
        inner = json.loads(written[0]["Message"])
        self.assertEqual(inner["receipt"]["action"]["encoding"], "BASE64")
        self.assertTrue(base64.b64decode(inner["content"], validate=True).endswith(content))

    def test_large_mail_is_told_of_without_its_content(self):
        content = message(body=large_body(160_000))
        mail, written, posted = self.told(content)
        self.assertEqual(written, posted)
        inner = json.loads(written[0]["Message"])
        self.assertNotIn("content", inner)
        self.assertEqual(inner["contentOmitted"]["objects"], [f"mail/in/{mail}"])
        self.assertIn("at most 153600", inner["contentOmitted"]["reason"])
        self.assertTrue(self.server.objects()[f"in/{mail}"].endswith(content))
        self.assertEqual(inner["mail"]["commonHeaders"]["subject"], "A test")

    def test_limit_of_the_content(self):
        """150 KB with every header line, and one byte more."""
        head = len("X-Queue: told\r\n") + len(
            self.server.raw(self.told(message())[0], "--stored")) - len(message())
        for excess in (0, 1):
            fill = 153_600 - head - len(message(body="")) + excess
            _, written, _ = self.told(message(body="x" * fill))
            self.assertEqual("content" in json.loads(written[0]["Message"]), excess == 0)

    def test_alerts_of_other_actions(self):
        mail, written, posted = self.told(message(), "alerts@example.test", count=2)
        self.assertEqual(
            sorted(each["MessageId"] for each in written),
            sorted(each["MessageId"] for each in posted))
        inner = [json.loads(each["Message"]) for each in written]
        self.assertEqual([each["receipt"]["action"]["type"] for each in inner], ["S3", "Stop"])
        self.assertTrue(all("content" not in each for each in inner))
        action = inner[0]["receipt"]["action"]
        self.assertEqual(action["bucketName"], "mail")
        self.assertEqual(action["objectKeyPrefix"], "alerts")
        self.assertEqual(action["objectKey"], f"alerts/{mail}")


class Unreachable(unittest.TestCase):
    rules = """
        ruleSet: main
        rules:
          - name: told
            actions:
              - notify: {topic: received}
        """

    def start(self, retries, **subscribers):
        subscribers["web"]["deliveryPolicy"] = {
            "numRetries": retries, "minDelayTarget": 1, "maxDelayTarget": 1}
        server = new_server(self, self.rules, topics={"received": subscribers})
        return server.start()

    def test_retries_carry_the_same_id(self):
        endpoint = Endpoint(self.addCleanup)
        endpoint.answers = [500, 302, 429]
        server = self.start(100, web={"url": endpoint.url}, log={"file": "received.jsonl"})
        mail = server.send(message())
        server.eventually(lambda: len(endpoint.posts) == 4, "it was posted until it was taken")
        self.assertEqual({post[0] for post in endpoint.posts}, {"/sns?key=1"})
        bodies = {post[2] for post in endpoint.posts}
        self.assertEqual(len(bodies), 1, "each try says the same")
        # The other subscriber had its message once.
        self.assertEqual(lines(server, "received.jsonl"), [json.loads(bodies.pop())])
        # The mail itself waits for nobody: its action ended when the message was in the outbox.
        self.assertEqual(server.actions(mail)["told", 0]["attempts"], 1)
        server.stop()
        self.assertEqual(len(endpoint.posts), 4)

    def test_what_is_refused_for_good_is_not_tried_again(self):
        endpoint = Endpoint(self.addCleanup)
        endpoint.answers = [404]
        server = self.start(100, web={"url": endpoint.url})
        server.send(message())
        dead = server.eventually(lambda: server.json("queue", "messages"), "it was given up")
        self.assertEqual([(each["attempts"], each["error"]) for each in dead],
                         [(1, "answered 404")])
        self.assertEqual(len(endpoint.posts), 1)

    def test_messages_outlive_the_process(self):
        endpoint = Endpoint(self.addCleanup)
        endpoint.answers = [503] * 1000
        server = self.start(100, web={"url": endpoint.url})
        server.send(message())
        server.eventually(lambda: endpoint.posts, "it was tried")
        server.kill()
        endpoint.answers = []
        before = len(endpoint.posts)
        server.start(identities=())
        server.eventually(lambda: len(endpoint.posts) > before, "it was posted after the restart")
        self.assertEqual(len({post[2] for post in endpoint.posts}), 1)

    def test_dead_message_is_shown_and_sent_again(self):
        endpoint = Endpoint(self.addCleanup)
        endpoint.answers = [500] * 1000
        server = self.start(0, web={"url": endpoint.url})
        server.send(message())
        dead = server.eventually(lambda: server.json("queue", "messages"), "it was given up")
        posted = json.loads(endpoint.posts[0][2])
        self.assertEqual(
            [(each["message"], each["topic"], each["subscriber"], each["error"])
             for each in dead], [(posted["MessageId"], "received", "web", "answered 500")])
        self.assertIn(posted["MessageId"], server.cli("queue", "messages").stdout)
        self.assertEqual(server.json("status")["deadMessages"], 1)
        endpoint.answers = []
        server.cli("queue", "resend", posted["MessageId"])
        server.eventually(lambda: len(endpoint.posts) == 2, "it was sent again")
        self.assertEqual(json.loads(endpoint.posts[1][2]), posted)
        server.eventually(lambda: server.json("queue", "messages") == [], "it is done with")
        server.cli("queue", "resend", posted["MessageId"], status=1)


class Forbidden(unittest.TestCase):
    """H1: what is posted is not led inside."""

    def start(self, url, allow):
        server = new_server(
            self, Unreachable.rules, topics={"received": {"web": {"url": url}}},
            http={"allow": allow})
        return server.start()

    def test_loopback_wants_an_allowance(self):
        endpoint = Endpoint(self.addCleanup)
        reason = ("127.0.0.1 is no address of the open internet (loopback), "
                  "and http.allow does not name it")
        # What the DNS says of a name may be otherwise soon: it is tried again.
        server = self.start(endpoint.url.replace("127.0.0.1", "localhost"), [])
        server.send(message())
        server.eventually(
            lambda: server.log_lines(
                "a message did not reach its subscriber", "topic=received", "subscriber=web",
                "dead=false", "is no address of the open internet"), "it was tried")
        self.assertEqual(server.json("queue", "messages"), [])
        server.stop()
        # An address stays what it is.
        server = self.start(endpoint.url, [])
        server.send(message())
        dead = server.eventually(lambda: server.json("queue", "messages"), "it was given up")
        self.assertRegex(dead[0]["error"], f"^127.0.0.1:[0-9]+: {re.escape(reason)}$")
        self.assertEqual(dead[0]["attempts"], 1)
        self.assertTrue(server.log_lines(
            "a message did not reach its subscriber", "topic=received", "subscriber=web",
            "dead=true", "is no address of the open internet"), server.log_tail())
        self.assertEqual(endpoint.posts, [])
        # The operator says that it may, and sends it again.
        server.stop()
        server.config["http"]["allow"] = ["127.0.0.0/8", "::1"]
        server.start(identities=())
        server.cli("queue", "resend", dead[0]["message"])
        server.eventually(lambda: endpoint.posts, "it was posted")
        self.assertRegex(endpoint.posts[0][1]["Host"], "^127.0.0.1:[0-9]+$")

    def test_the_check_tells_it_before(self):
        server = new_server(
            self, topics={"received": {"web": {"url": "http://169.254.169.254/latest"}}},
            http={"allow": []})
        server.write_config()
        said = server.cli("check").stderr
        self.assertIn("warning: topics.received.web.url: nothing will be posted there", said)
        self.assertIn("169.254.169.254 is no address of the open internet (cloud metadata)", said)

    def test_proxies_of_the_environment_are_ignored(self):
        endpoint, proxy = Endpoint(self.addCleanup), Endpoint(self.addCleanup)
        names = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
        before = {name: os.environ.get(name) for name in names}
        os.environ.update({name: proxy.url for name in names})

        def restore():
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value
        self.addCleanup(restore)
        self.start(endpoint.url, ["127.0.0.1"]).send(message())
        eventually(lambda: endpoint.posts, "it was posted to the endpoint itself")
        self.assertEqual(proxy.posts, [])


if __name__ == "__main__":
    unittest.main()
