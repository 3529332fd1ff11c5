"""Handlers that are web endpoints. Their requests are checked by the library that the authors of
Standard Webhooks have written."""

import base64
import email
import http.server
import json
import os
import subprocess
import threading
import unittest

from support import DEADLINE_SECONDS, PROJECT, check_reply, large_body, message, new_server
from test_webhook import ENVIRONMENT, SECRET

TOKEN = "tickets-7=="

RULES = """
    ruleSet: main
    rules:
      - name: refuses
        recipients: [refuse@example.test, late@example.test]
        actions:
          - reject: {handler: filter, timeoutSeconds: 2, onFailure: defer, text: Not wanted here}
      - name: accepts
        recipients: [lenient@example.test]
        actions:
          - reject: {handler: filter, timeoutSeconds: 1, onFailure: accept}
      - name: asks
        recipients: [ask@example.test]
        actions:
          - invoke: {handler: remote}
          - store: {bucket: mail, prefix: asked/}
      - name: waits
        recipients: [patient@example.test]
        actions:
          - invoke: {handler: slow}
      - name: raw
        recipients: [raw@example.test]
        actions:
          - invoke: {handler: raw, type: Event}
      - name: inside
        recipients: [inside@example.test]
        actions:
          - invoke: {handler: inside}
      - name: other
        recipients: [other@example.test]
        actions:
          - store: {bucket: mail, prefix: other/}
      - name: all
        actions: []
    """


class Remote:
    """A web server on loopback that keeps what is posted to it, and does what its list says."""

    def __init__(self, test):
        self.posts = []
        # What is done with the next requests: bytes of an answer, or a function of the request.
        self.acts = []
        # Those that hang are let go by it.
        self.ends = threading.Event()
        lock = threading.Lock()
        remote = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    remote.posts.append((self.path, dict(self.headers.items()), body))
                    slow = self.path == "/slow"
                    act = hang if slow else remote.acts.pop(0) if remote.acts else b""
                if callable(act):
                    act(self)
                else:
                    self.answer(200, act)

            def answer(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def hang(self):
                remote.ends.wait(60)
                self.answer(200)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        thread.start()

        def end():
            self.ends.set()
            self.server.shutdown()
            thread.join()
            self.server.server_close()
        test.addCleanup(end)


def status(code, **headers):
    return lambda request: request.answer(code, **headers)


def hang(request):
    request.hang()


def close_in_the_middle(request):
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b'{"disposition": "STOP_RULE"}')
    request.close_connection = True


def flood(request):
    """An answer without end: chunks, until nobody reads them."""
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    try:
        while True:
            request.wfile.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
    except OSError:
        pass
    request.close_connection = True


class HandlerEndpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)

    def setUp(self):
        self.server = new_server(self, RULES)
        self.remote = Remote(self)
        for name, text in [("secret", SECRET), ("token", TOKEN + "\n")]:
            with open(self.server.path(name), "w", encoding="ascii") as file:
                file.write(text)
        url = f"http://127.0.0.1:{self.remote.port}"
        self.server.config["handlers"] = {
            "remote": {"endpoint": f"{url}/remote?key=1", "secretFile": "secret",
                       "tokenFile": "token", "timeoutSeconds": 2, "outputBytesMax": 1000,
                       "postsMax": 2},
            "filter": {"endpoint": f"{url}/filter", "secretFile": "secret", "timeoutSeconds": 5},
            "raw": {"endpoint": f"{url}/raw", "secretFile": "secret", "format": "raw"},
            "slow": {"endpoint": f"{url}/slow", "secretFile": "secret", "timeoutSeconds": 120,
                     "postsMax": 2},
            "inside": {"endpoint": "http://127.0.0.2:9/", "secretFile": "secret"},
        }
        self.server.config["limits"] = {"retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}

    def invoked(self, mail):
        """State, tries and words of the mail's handler, once all is done."""
        action, = [action for action in self.server.settled(mail)["actions"]
                   if action["kind"] == "invoke"]
        return action["state"], action["attempts"], action["detail"]

    def ask(self, *acts):
        """The mail, and what came of its handler, which does these one after the other."""
        self.remote.acts = list(acts)
        mail = self.server.send(message(), "ask@example.test")
        return mail, self.invoked(mail)

    def data(self, to):
        """What the end of a mail is answered with."""
        with self.server.client() as client:
            client.ehlo_or_helo_if_needed()
            check_reply(client.mail("ada@sender.example"), 250)
            check_reply(client.rcpt(to), 250)
            return client.data(message())

    def is_stored(self, mail):
        return any(mail in key for key in self.server.objects())

    def verified(self, post):
        """The path, headers and body of a post, which has to be signed."""
        path, headers, body = post
        request = {"secret": SECRET, "headers": headers,
                   "body": base64.b64encode(body).decode()}
        subprocess.run(
            [os.path.join(ENVIRONMENT, "bin/python"),
             os.path.join(PROJECT, "Tests/BlackBox/webhook_verify.py")],
            input=json.dumps(request), capture_output=True, text=True, check=True,
            timeout=DEADLINE_SECONDS)
        return path, headers, body

    def test_it_gets_ses_event_and_its_answer_steers(self):
        self.server.start()
        mail, outcome = self.ask(b'{"disposition": "STOP_RULE"}')
        self.assertEqual(outcome, ("done", 1, "remote: STOP_RULE"))
        self.assertFalse(self.is_stored(mail))
        path, headers, body = self.verified(self.remote.posts[0])
        self.assertEqual(path, "/remote?key=1")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["webhook-id"], f"{mail}/asks/0")
        self.assertEqual(headers["martlet-mail-id"], mail)
        self.assertEqual(headers["martlet-attempt"], "1")
        self.assertEqual(headers["Authorization"], f"Bearer {TOKEN}")
        record, = json.loads(body)["Records"]
        self.assertEqual(record["eventSource"], "aws:ses")
        self.assertEqual(record["ses"]["mail"]["messageId"], mail)
        self.assertEqual(record["ses"]["receipt"]["recipients"], ["ask@example.test"])
        self.assertEqual(record["ses"]["receipt"]["action"]["functionArn"].split(":")[-1], "remote")
        mail, outcome = self.ask(b"")
        self.assertEqual(outcome, ("done", 1, "remote: CONTINUE (no answer)"))
        self.assertTrue(self.is_stored(mail))

    def test_raw_is_the_mail(self):
        self.server.start()
        for content in (message(), message(body=large_body(3_000_000))):
            mail = self.server.send(content, "raw@example.test")
            self.assertEqual(self.invoked(mail), ("done", 1, "raw: accepted the event"))
            _, headers, body = self.verified(self.remote.posts[-1])
            self.assertEqual(headers["Content-Type"], "message/rfc822")
            self.assertNotIn("Authorization", headers)
            self.assertTrue(
                body.startswith(b"X-Original-To: raw@example.test\r\nReturn-Path: "), body[:200])
            self.assertTrue(body.endswith(content))
            self.assertEqual(email.message_from_bytes(body)["subject"], "A test")

    def test_nonsense_goes_on(self):
        self.server.start()
        no_disposition = "remote: CONTINUE (the answer names no disposition)"
        for answer, words in [
                (b"<html>\xff",
                 "remote: CONTINUE (the answer is no JSON: line 1, column 1: found “<html>\ufffd”)"),
                (b'["STOP_RULE"]', no_disposition), (b'{"disposition": 5}', no_disposition),
                (b'{"disposition":',
                 "remote: CONTINUE (the answer is no JSON: it ends too early)"),
                (b'{"disposition": "GO"}',
                 "remote: CONTINUE (the answer's disposition is none of SES's)"),
                (b'{"disposition": "STOP_RULE"}' + b" " * 1000,
                 "remote: CONTINUE (the answer is too long)"),
                (flood, "remote: CONTINUE (the answer is too long)")]:
            with self.subTest(answer):
                mail, outcome = self.ask(answer)
                self.assertEqual(outcome, ("done", 1, words))
                self.assertTrue(self.is_stored(mail))

    def test_it_fails_and_is_asked_again_under_its_id(self):
        self.server.start()
        mail, outcome = self.ask(
            status(500), status(404), status(410), status(302, Location="/elsewhere"),
            status(503, Retry_After="0"), close_in_the_middle, hang,
            b'{"disposition": "CONTINUE"}')
        self.assertEqual(outcome, ("done", 8, "remote: CONTINUE"))
        self.assertTrue(self.is_stored(mail))
        posts = [self.verified(post) for post in self.remote.posts]
        self.assertEqual({(path, headers["webhook-id"]) for path, headers, _ in posts},
                         {("/remote?key=1", f"{mail}/asks/0")})
        self.assertEqual([headers["martlet-attempt"] for _, headers, _ in posts],
                         [str(attempt) for attempt in range(1, 9)])
        told = self.server.log()
        for words in ("answered 500", "answered 302", "took more than 2 s"):
            self.assertIn(words, told)

    def test_one_that_hangs_holds_up_its_own_mails_alone(self):
        self.server.start()
        mails = [self.server.send(message(), "patient@example.test") for _ in range(20)]
        self.server.eventually(lambda: len(self.remote.posts) >= 2, "it is asked")
        for to in ("other@example.test", "ask@example.test"):
            self.server.settled(self.server.send(message(), to))
        slow = [post for post in self.remote.posts if post[0] == "/slow"]
        self.assertEqual(len(slow), 2)
        self.remote.ends.set()
        for mail in mails:
            self.assertEqual(self.invoked(mail), ("done", 1, "slow: CONTINUE (no answer)"))

    def test_it_refuses_a_mail_in_its_session(self):
        self.server.start()
        self.remote.acts = [
            b'{"disposition": "REJECT", "code": 554, "status": "5.7.1", "text": "Try our form"}',
            b'{"disposition": "REJECT"}']
        self.assertEqual(self.data("refuse@example.test"), (554, b"5.7.1 Try our form"))
        code, text = self.data("refuse@example.test")
        self.assertEqual(code, 550)
        self.assertIn(b"Not wanted here", text)
        path, headers, body = self.verified(self.remote.posts[0])
        self.assertEqual(path, "/filter")
        self.assertEqual(headers["martlet-attempt"], "1")
        self.assertEqual(json.loads(body)["Records"][0]["ses"]["receipt"]["recipients"],
                         ["refuse@example.test"])
        # Anything else has nothing against it.
        self.remote.acts = [b"<html>"]
        self.server.send(message(), "refuse@example.test")

    def test_one_that_is_not_heard_in_a_session_is_what_the_rule_says(self):
        self.server.start()
        for act, words in [(status(500), "answered 500"), (hang, "no answer within 2 s")]:
            self.remote.acts = [act]
            self.assertEqual(self.data("late@example.test")[0], 451)
            self.server.logged("handler not heard", words)
        self.remote.acts = [hang]
        self.server.send(message(), "lenient@example.test")

    def test_no_request_goes_inside(self):
        """H1: only 127.0.0.1 is allowed here."""
        self.server.config["limits"]["retryGiveUpAfterSeconds"] = 1
        self.server.start()
        self.assertIn("handlers.inside.endpoint: nothing will be posted there",
                      self.server.cli("check").stderr)
        state, _, detail = self.invoked(self.server.send(message(), "inside@example.test"))
        self.assertEqual(state, "dead")
        self.assertIn("127.0.0.2 is no address of the open internet", detail)

    def test_no_secret_is_told(self):
        """H13: neither by the log nor by any command."""
        self.server.start()
        mail, _ = self.ask(status(500), b"")
        told = self.server.log() + "".join(
            result.stdout + result.stderr
            for result in (self.server.cli("mail", "trace", mail),
                           self.server.cli("mail", "show", mail), self.server.cli("check")))
        for secret in (SECRET[6:], TOKEN):
            self.assertNotIn(secret, told)
        with open(self.server.path("token"), "w", encoding="ascii") as file:
            file.write("two words")
        said = self.server.cli("check", status=2).stderr
        self.assertIn("is not one token", said)
        self.assertNotIn("two words", said)


if __name__ == "__main__":
    unittest.main()
