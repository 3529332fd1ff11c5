"""Mails that rules post to web endpoints. The requests are checked by the library that the authors of
Standard Webhooks have written."""

import base64
import http.server
import json
import os
import subprocess
import threading
import unittest

from support import BINARY, DEADLINE_SECONDS, PROJECT, large_body, message, new_server

ENVIRONMENT = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(BINARY))), "python")

SECRET = "whsec_" + base64.b64encode(b"one secret for these tests alone").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret that was there before").decode()

RULES = """
    ruleSet: main
    rules:
      - name: raw
        recipients: [raw@example.test]
        actions:
          - webhook: {to: raw}
      - name: json
        recipients: [json@example.test]
        actions:
          - store: {bucket: mail, prefix: kept/}
          - webhook: {to: json}
      - name: postmark
        recipients: [postmark@example.test]
        actions:
          - webhook: {to: postmark}
      - name: inside
        recipients: [inside@example.test]
        actions:
          - webhook: {to: inside}
    """

PICTURE = base64.b64decode("iVBORw0KGgo=")


class Endpoint:
    """A web server on loopback that keeps what is posted to it, and answers as it is told."""

    def __init__(self, test, port=0):
        self.posts = []
        # Status and headers of the next answers, then 204.
        self.answers = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.posts.append((self.path, dict(self.headers.items()), body))
                status, headers = endpoint.answers.pop(0) if endpoint.answers else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        thread.start()

        def end():
            self.server.shutdown()
            thread.join()
            self.server.server_close()
        test.addCleanup(end)


def with_picture(to):
    """A mail with text in two forms and a picture."""
    lines = [
        "From: Ada <ada@sender.example>", f"To: <{to}>", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        "Message-ID: <2@sender.example>", "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=o", "",
        "--o", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
        "Grüße", "--o", "Content-Type: image/png", "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename=a.png", "",
        base64.b64encode(PICTURE).decode(), "--o--", ""]
    return "\r\n".join(lines).encode()


class Webhook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)

    def setUp(self):
        self.server = new_server(self, RULES)
        self.endpoint = Endpoint(self)
        for name, lines in [("secret", SECRET), ("both", SECRET + "\n" + OLD_SECRET + "\n")]:
            with open(self.server.path(name), "w", encoding="ascii") as file:
                file.write(lines)
        self.server.config["webhooks"] = {
            name: {"url": f"http://127.0.0.1:{self.endpoint.port}/{name}?key=1",
                   "format": name, "secretFile": "both" if name == "json" else "secret"}
            for name in ("raw", "json", "postmark")}
        self.server.config["webhooks"]["inside"] = {
            "url": "http://127.0.0.2:9/", "secretFile": "secret"}
        self.server.config["limits"] = {
            "retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}

    def start(self):
        self.server.start()

    def outcome(self, mail):
        """State, tries and words of the mail's webhook, once all is done."""
        action, = [action for action in self.server.settled(mail)["actions"]
                   if action["kind"] == "webhook"]
        return action["state"], action["attempts"], action["detail"]

    def is_signed(self, headers, body, secret):
        """What the library says."""
        request = {"secret": secret, "headers": headers, "body": base64.b64encode(body).decode()}
        done = subprocess.run(
            [os.path.join(ENVIRONMENT, "bin/python"),
             os.path.join(PROJECT, "Tests/BlackBox/webhook_verify.py")],
            input=json.dumps(request), capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        if done.returncode != 0:
            self.assertIn("No matching signature found", done.stderr)
        return done.returncode == 0

    def verified(self, post, secret=SECRET):
        """The path, headers and body of a post, which has to be signed."""
        path, headers, body = post
        self.assertTrue(self.is_signed(headers, body, secret))
        return path, headers, body

    def test_another_body_is_not_signed(self):
        self.start()
        self.outcome(self.server.send(message(), "raw@example.test"))
        _, headers, body = self.verified(self.endpoint.posts[0])
        self.assertFalse(self.is_signed(headers, body + b" ", SECRET))
        self.assertFalse(self.is_signed(headers, body, OLD_SECRET))
        self.assertFalse(self.is_signed({**headers, "webhook-id": "1"}, body, SECRET))

    def test_raw_is_the_mail(self):
        self.start()
        mail = message(body="Hello.\nÄ")
        id = self.server.send(mail, "raw@example.test")
        self.assertEqual(self.outcome(id), ("done", 1, "raw: answered 204"))
        path, headers, body = self.verified(self.endpoint.posts[0])
        self.assertEqual(path, "/raw?key=1")
        self.assertEqual(headers["Content-Type"], "message/rfc822")
        self.assertEqual(headers["webhook-id"], f"{id}/raw/0")
        self.assertTrue(body.startswith(b"X-Original-To: raw@example.test\r\nReturn-Path: "), body)
        self.assertTrue(body.endswith(mail), body)
        trace = self.server.cli("mail", "trace", id).stdout
        self.assertIn("webhook to raw", trace)
        self.assertIn("answered 204", trace)

    def test_each_recipient_has_posts_of_their_own(self):
        self.server.write_rules(RULES.replace("ruleSet: main", "ruleSet: main\n    evaluate: "
                                              "per-recipient").replace("raw@example", "example"))
        # Bob's is put off, and posted again; nobody else's.
        self.endpoint.answers = [(204, {}), (500, {})]
        self.start()
        mail = self.server.send(message(), ["ada@example.test", "bob@example.test"])
        self.server.settled(mail)
        posts = [self.verified(post) for post in self.endpoint.posts]
        self.assertEqual([headers["webhook-id"] for _, headers, _ in posts],
                         [f"{mail}/raw/0@0", f"{mail}/raw/0@1", f"{mail}/raw/0@1"])
        self.assertEqual([body.split(b"\r\n")[0] for _, _, body in posts],
                         [b"X-Original-To: ada@example.test"]
                         + [b"X-Original-To: bob@example.test"] * 2)

    def test_json_is_an_event(self):
        self.start()
        id = self.server.send(with_picture("json@example.test"), "json@example.test")
        self.assertEqual(self.outcome(id), ("done", 1, "json: answered 204"))
        # Two secrets: each of them finds its signature.
        self.verified(self.endpoint.posts[0])
        _, _, body = self.verified(self.endpoint.posts[0], OLD_SECRET)
        event = json.loads(body)
        self.assertEqual(event["type"], "mail.received")
        self.assertEqual(event["mail"]["messageId"], id)
        self.assertEqual(event["mail"]["commonHeaders"]["subject"], "Grüße")
        self.assertEqual(event["receipt"]["recipients"], ["json@example.test"])
        self.assertEqual(event["receipt"]["action"], {"type": "Webhook", "webhook": "json"})
        self.assertEqual(event["content"]["text"].strip(), "Grüße")
        picture, = event["content"]["attachments"]
        self.assertEqual(picture["fileName"], "a.png")
        self.assertEqual(base64.b64decode(picture["content"]), PICTURE)

    def test_postmark_has_its_words(self):
        self.start()
        id = self.server.send(with_picture("postmark+7@example.test"), "postmark+7@example.test")
        self.assertEqual(self.outcome(id), ("done", 1, "postmark: answered 204"))
        _, _, body = self.verified(self.endpoint.posts[0])
        mail = json.loads(body)
        self.assertEqual(mail["MessageID"], id)
        self.assertEqual(mail["OriginalRecipient"], "postmark+7@example.test")
        self.assertEqual(mail["MailboxHash"], "7")
        self.assertEqual(mail["FromFull"],
                         {"Email": "ada@sender.example", "Name": "Ada", "MailboxHash": ""})
        self.assertEqual(mail["TextBody"].strip(), "Grüße")
        picture, = mail["Attachments"]
        self.assertEqual((picture["Name"], picture["ContentType"], picture["ContentLength"]),
                         ("a.png", "image/png", len(PICTURE)))
        self.assertEqual(base64.b64decode(picture["Content"]), PICTURE)

    def test_a_large_mail_goes_whole(self):
        self.start()
        mail = message(body=large_body(3_000_000))
        id = self.server.send(mail, "raw@example.test")
        self.assertEqual(self.outcome(id)[0], "done")
        _, _, body = self.verified(self.endpoint.posts[0])
        self.assertTrue(body.endswith(mail))

    def test_an_endpoint_that_is_down_is_tried_until_it_is_up(self):
        """It is not there, then ails, then takes the mail; the id is the same each time."""
        port = self.endpoint.port
        self.endpoint.server.server_close()
        self.start()
        id = self.server.send(message(), "raw@example.test")

        def tries():
            actions = self.server.json("mail", "show", id)["actions"]
            return [action for action in actions if action["attempts"] >= 2]

        self.server.eventually(tries, "it was tried twice")
        self.endpoint = Endpoint(self, port)
        self.endpoint.answers = [(500, {}), (404, {}), (302, {"Location": "/elsewhere"}),
                                 (429, {"Retry-After": "0"})]
        state, attempts, detail = self.outcome(id)
        self.assertEqual((state, detail), ("done", "raw: answered 204"))
        self.assertGreaterEqual(attempts, 7)
        self.assertEqual(len(self.endpoint.posts), 5)
        for post in self.endpoint.posts:
            path, headers, _ = self.verified(post)
            self.assertEqual((path, headers["webhook-id"]), ("/raw?key=1", f"{id}/raw/0"))

    def test_what_is_refused_is_dead(self):
        self.start()
        for status, words in [(406, "it does not want this mail"), (410, "the endpoint is gone")]:
            self.endpoint.answers = [(status, {})]
            id = self.server.send(message(), "raw@example.test")
            self.assertEqual(self.outcome(id), ("dead", 1, f"raw: answered {status}: {words}"))
        self.server.logged("error", "the endpoint is gone")
        # A person may have it posted all the same.
        self.server.cli("queue", "retry", id)
        self.server.eventually(lambda: len(self.endpoint.posts) == 3, "it is posted once more")
        self.assertEqual(self.outcome(id)[0], "done")

    def test_no_post_goes_inside(self):
        """H1: only 127.0.0.1 is allowed here."""
        self.start()
        self.assertIn("webhooks.inside.url: nothing will be posted there",
                      self.server.cli("check").stderr)
        state, attempts, detail = self.outcome(self.server.send(message(), "inside@example.test"))
        self.assertEqual((state, attempts), ("dead", 1))
        self.assertIn("127.0.0.2 is no address of the open internet", detail)

    def test_no_secret_is_told(self):
        """H13: neither by the log nor by any command."""
        self.start()
        id = self.server.send(message(), "json@example.test")
        self.outcome(id)
        told = self.server.log() + "".join(
            result.stdout + result.stderr
            for result in (self.server.cli("mail", "trace", id), self.server.cli("mail", "show", id),
                           self.server.cli("check")))
        self.assertNotIn("whsec_", told)
        self.assertNotIn(SECRET[6:], told)

    def test_a_bad_secret_is_said_without_it(self):
        with open(self.server.path("secret"), "w", encoding="ascii") as file:
            file.write("whsec_c2hvcnQ=")
        self.server.write_config()
        said = self.server.cli("check", status=2).stderr
        self.assertIn("is not one secret or two", said)
        self.assertNotIn("c2hvcnQ", said)

    def test_rules_are_explained(self):
        self.start()
        said = self.server.cli("rules", "explain", self.server.path("rules", "main.yaml"),
                               "--to", "raw@example.test").stdout
        self.assertIn("-> webhook to raw  would run", said)
        self.server.write_rules("""
            ruleSet: main
            rules:
              - name: raw
                actions:
                  - webhook: {to: rww}
            """, "draft.yaml")
        draft = self.server.path("rules", "draft.yaml")
        self.assertIn("the configuration has no webhook “rww”; did you mean “raw”?",
                      self.server.cli("check", status=None).stderr)
        os.remove(draft)


if __name__ == "__main__":
    unittest.main()
