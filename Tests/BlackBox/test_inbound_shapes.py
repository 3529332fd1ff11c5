"""Mails that are posted as Mailgun, SendGrid and Postmark post them, to the endpoints that their users
have: the inbound views of django-anymail in Django, and SendGrid's own helper."""

import base64
import json
import os
import queue
import subprocess
import threading
import unittest

from support import BINARY, DEADLINE_SECONDS, PROJECT, large_body, message, new_server

ENVIRONMENT = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(BINARY))), "python")
SECRET = "whsec_" + base64.b64encode(b"one secret for these tests alone").decode()
KEY = "key-0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PASSWORD = "martlet:p%40ss word"

# What each is posted to; the last is SendGrid's own helper.
PATHS = {
    "postmark": "anymail/postmark/inbound/", "mailgun": "anymail/mailgun/inbound/",
    "mailgun-mime": "anymail/mailgun/inbound_mime/", "sendgrid": "anymail/sendgrid/inbound/",
    "sendgrid-raw": "anymail/sendgrid/inbound/", "parse": "parse/"}
PARSED = ["postmark", "mailgun", "sendgrid"]
WHOLE = ["mailgun-mime", "sendgrid-raw"]

PICTURE = base64.b64decode("iVBORw0KGgo=")
# Every byte, and what looks like the end of a form.
BYTES = bytes(range(256)) + b"\r\n--martlet-0\r\n--martlet-0--\r\n--xYzZY--\r\n\r\n\0"
TEXT = "Grüße an alle\n\nOn Mon, 23 Nov 2026 at 10:00, Support <support@example.test> wrote:\n> Wie?\n"


def part(head, content):
    body = base64.encodebytes(content).decode().replace("\n", "\r\n")
    return f"{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}"


def whole(to):
    """A mail with two texts, a picture within, and attachments whose names do their worst."""
    related = "\r\n".join([
        "--r", 'Content-Type: text/html; charset="iso-8859-1"',
        "Content-Transfer-Encoding: quoted-printable", "", "<p>Gr=FC=DFe <img src=3D'cid:a@b'></p>",
        "--r", part('Content-Type: image/png; name="p.png"\r\nContent-ID: <a@b>\r\n'
                    "Content-Disposition: inline", PICTURE), "--r--", ""])
    lines = [
        'From: "Löwe, Ada" <ada@sender.example>', f"To: <{to}>, Bob <bob@other.example>",
        "Cc: =?utf-8?q?J=C3=B6rg?= <joerg@other.example>",
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle", "Date: Mon, 23 Nov 2026 09:00:00 +0000",
        "Message-ID: <2@sender.example>", "In-Reply-To: <1@example.test>",
        # What would be taken for a field of the form.
        "Token: forged", "Signature: forged", "X-Mailgun-Sflag: Yes",
        "X-Folded: one", " two", "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=o", "", "--o",
        "Content-Type: multipart/alternative; boundary=i", "", "--i",
        part("Content-Type: text/plain; charset=utf-8", TEXT.encode()), "--i",
        "Content-Type: multipart/related; boundary=r", "", related, "--i--",
        "--o", part("Content-Type: application/octet-stream\r\nContent-Disposition: attachment;\r\n"
                    " filename*=utf-8''a%22%3B%20x%5C%0D%0AEvil%3A%20%C3%BC.bin", BYTES),
        "--o", part('Content-Type: text/csv\r\nContent-Disposition: attachment; '
                    'filename="../../up.csv"', b"1;2\r\n3;4"),
        "--o", part("Content-Type: application/pdf\r\nContent-Disposition: attachment", b"%PDF"),
        "--o--", ""]
    return "\r\n".join(lines).encode()


class InboundShapes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)

    def setUp(self):
        self.views = subprocess.Popen(
            [os.path.join(ENVIRONMENT, "bin/python"),
             os.path.join(PROJECT, "Tests/BlackBox/inbound_views.py"), PASSWORD, KEY],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end_views)
        port = self.views.stdout.readline().strip()
        self.told = queue.Queue()
        threading.Thread(
            target=lambda: [self.told.put(json.loads(line)) for line in self.views.stdout],
            daemon=True).start()
        rules = "ruleSet: main\nrules:\n" + "".join(
            f"  - name: {name}\n    recipients: [{name}@example.test]\n"
            f"    actions: [webhook: {{to: {name}}}]\n" for name in PATHS)
        self.server = new_server(self, rules)
        for name, text in [("secret", SECRET), ("mailgun.key", KEY + "\n"),
                           ("password", PASSWORD + "\n")]:
            with open(self.server.path(name), "w", encoding="ascii") as file:
                file.write(text)
        self.server.config["webhooks"] = {
            name: {"url": f"http://127.0.0.1:{port}/{path}", "secretFile": "secret",
                   "format": "sendgrid" if name == "parse" else name, "basicAuthFile": "password",
                   **({"mailgunKeyFile": "mailgun.key"} if name.startswith("mailgun") else {})}
            for name, path in PATHS.items()}
        self.server.config["limits"] = {"retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}

    def end_views(self):
        self.views.kill()
        self.views.wait()
        self.views.stdout.close()

    def post(self, name, mail, to=None):
        """Sends a mail to the rule, and answers what the endpoint made of it, and the mail's id."""
        id = self.server.send(mail, to or f"{name}@example.test")
        action, = self.server.settled(id)["actions"]
        self.assertEqual((action["state"], action["attempts"]), ("done", 1), action)
        return self.told.get(timeout=DEADLINE_SECONDS), id

    def test_parsed_shapes_say_what_the_mail_says(self):
        self.server.start()
        for name in PARSED:
            with self.subTest(name):
                told, _ = self.post(name, whole(f"{name}@example.test"))
                self.assertEqual(told["of"].lower(), name)
                self.check_envelope(told, name)
                self.assertEqual(told["text"], TEXT)
                self.assertEqual(told["html"].strip(), "<p>Grüße <img src='cid:a@b'></p>")
                picture, = told["inlines"]
                self.assertEqual((picture["name"], picture["type"], picture["id"]),
                                 ("p.png", "image/png", "<a@b>"))
                self.assertEqual(base64.b64decode(picture["content"]), PICTURE)
                self.check_attachments(told["attachments"], name)

    def test_mailgun_without_attachments(self):
        """Its form is another one then, as Mailgun's is, and says the same; else, and where it would not
        fit, it has parts."""
        self.server.config["webhooks"]["mailgun"]["bodyBytesMax"] = 400_000
        self.server.start()
        text = "Gr\u00fc\u00dfe & = + % \u2603;\r\n\tZeile zwei\r\n"
        mail = (
            "From: \"L\u00f6we, Ada\" <ada@sender.example>\r\nSubject: a=b&c + 100%\r\n"
            "To: mailgun@example.test\r\nMessage-ID: <2@sender.example>\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text).encode()
        told, _ = self.post("mailgun", mail)
        self.assertEqual(told["mediaType"], "application/x-www-form-urlencoded")
        self.assertEqual(told["subject"], "a=b&c + 100%")
        self.assertEqual(told["from"], '"L\u00f6we, Ada" <ada@sender.example>')
        self.assertEqual(told["text"].replace("\r\n", "\n").strip(),
                         text.replace("\r\n", "\n").strip())
        self.assertEqual(dict(map(tuple, told["headers"]))["Message-ID"], "<2@sender.example>")
        for content, name in ((whole("mailgun@example.test"), "mailgun"), (mail, "mailgun-mime"),
                              (mail + "\u00fc\r\n".encode() * 25_000, "mailgun")):
            told, _ = self.post(name, content, f"{name}@example.test")
            self.assertEqual(told["mediaType"], "multipart/form-data")

    def check_envelope(self, told, name):
        self.assertEqual(told["subject"], "Grüße an alle")
        self.assertEqual(told["from"], '"Löwe, Ada" <ada@sender.example>')
        self.assertEqual(told["to"], [f"{name}@example.test", "Bob <bob@other.example>"])
        self.assertEqual(told["cc"], ["Jörg <joerg@other.example>"])
        self.assertEqual(told["sender"], "ada@sender.example")
        self.assertEqual(told["recipient"], f"{name}@example.test")
        headers = dict(map(tuple, told["headers"]))
        self.assertEqual(headers["Message-ID"], "<2@sender.example>")
        self.assertEqual(headers["X-Folded"], "one two")
        self.assertEqual(headers["Token"], "forged")

    def check_attachments(self, attachments, name):
        contents = [base64.b64decode(attachment["content"]) for attachment in attachments]
        self.assertEqual(contents, [BYTES, b"1;2\r\n3;4", b"%PDF"])
        self.assertEqual([attachment["type"] for attachment in attachments],
                         ["application/octet-stream", "text/csv", "application/pdf"])
        if name != "postmark":
            # Of a path the last part; where there is no name, the field's.
            number = {"mailgun": "attachment-4", "sendgrid": "attachment4"}[name]
            self.assertEqual([attachment["name"] for attachment in attachments],
                             ["%0D%0AEvil: ü.bin", "up.csv", number])

    def test_an_answer_is_told_without_what_it_answers(self):
        self.server.start()
        for name in ["mailgun", "postmark"]:
            told, _ = self.post(name, whole(f"{name}@example.test"))
            self.assertEqual(told["stripped"], "Grüße an alle")

    def test_whole_shapes_carry_the_mail(self):
        self.server.start()
        for name in WHOLE:
            with self.subTest(name):
                told, _ = self.post(name, whole(f"{name}@example.test"))
                self.check_envelope(told, name)
                self.assertEqual(told["text"].strip(), TEXT.strip())
                self.assertEqual([base64.b64decode(part["content"])
                                  for part in told["inlines"] + told["attachments"]],
                                 [PICTURE, BYTES, b"1;2\r\n3;4", b"%PDF"])

    def test_sendgrids_own_helper_reads_it(self):
        self.server.start()
        told, _ = self.post("parse", whole("parse@example.test"))
        fields = told["fields"]
        self.assertEqual(json.loads(fields["envelope"]),
                         {"to": ["parse@example.test"], "from": "ada@sender.example"})
        self.assertEqual(fields["sender_ip"], "127.0.0.1")
        self.assertEqual(fields["attachments"], "4")
        self.assertEqual(json.loads(fields["charsets"])["text"], "UTF-8")
        self.assertEqual(json.loads(fields["content-ids"]), {"a@b": "attachment1"})
        facts = json.loads(fields["attachment-info"])
        self.assertEqual(facts["attachment1"], {
            "filename": "p.png", "name": "p.png", "type": "image/png", "content-id": "a@b"})
        self.assertEqual(len(facts), 4)
        self.assertIn("Message-ID: <2@sender.example>\n", fields["headers"])
        self.assertIn("X-Folded: one two\n", fields["headers"])
        self.assertEqual([base64.b64decode(attachment["content"])
                          for attachment in told["attachments"]],
                         [PICTURE, BYTES, b"1;2\r\n3;4", b"%PDF"])

    def test_several_recipients_and_the_null_path(self):
        self.server.write_rules("ruleSet: main\nrules:\n" + "".join(
            f"  - {{name: {name}, recipients: [example.test], actions: [webhook: {{to: {name}}}]}}\n"
            for name in ("mailgun", "sendgrid")))
        self.server.start()
        id = self.server.send(message(), ["ada@example.test", "bob@example.test"], sender="")
        self.server.settled(id)
        told = {one["of"]: one for one in (self.told.get(timeout=DEADLINE_SECONDS),
                                           self.told.get(timeout=DEADLINE_SECONDS))}
        self.assertEqual(told["Mailgun"]["recipient"], "ada@example.test,bob@example.test")
        self.assertEqual(told["SendGrid"]["recipient"], "ada@example.test")
        self.assertEqual([one["sender"] for one in told.values()], ["", ""])

    def test_bytes_that_no_text_has_and_no_text_at_all(self):
        """8-bit text without a charset, NUL, a part without an end, and nothing."""
        self.server.start()
        odd = b"From: <ada@sender.example>\r\nSubject: Gr\xfc\xdfe\r\n" \
              b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nf\xfcr\0alle\r\n--b\r\n" \
              b"Content-Type: nonsense\r\nContent-Disposition: attachment; filename=\"..\"\r\n\r\nx"
        for name in PATHS:
            with self.subTest(name):
                told, _ = self.post(name, odd)
                if name in PARSED:
                    self.assertEqual(told["subject"], "Grüße")
                    self.assertEqual(told["text"].strip(), "für\0alle")
                    self.assertEqual(len(told["attachments"]), 1)
                # Postmark's view wants an author.
                self.post(name, b"From: ada@sender.example\r\n\r\n" if name == "postmark" else b"\r\n")

    def test_a_large_mail(self):
        self.server.start()
        text = large_body(3_000_000)
        for name in ("mailgun", "mailgun-mime", "sendgrid-raw"):
            told, _ = self.post(name, message(body=text))
            self.assertEqual(told["text"].rstrip("\n"), text)

    def test_an_endpoint_with_another_key_or_password_takes_nothing(self):
        for name, text in [("other.key", "key-of-somebody-else"), ("other", "martlet:word")]:
            with open(self.server.path(name), "w", encoding="ascii") as file:
                file.write(text)
        self.server.config["webhooks"]["mailgun"]["mailgunKeyFile"] = "other.key"
        self.server.config["webhooks"]["sendgrid"]["basicAuthFile"] = "other"
        del self.server.config["webhooks"]["postmark"]["basicAuthFile"]
        self.server.start()
        for name in PARSED:
            id = self.server.send(message(), f"{name}@example.test")

            def refused():
                return any(action["detail"] == f"{name}: answered 400"
                           for action in self.server.json("mail", "show", id)["actions"])

            self.server.eventually(refused, f"the endpoint refuses {name}")
        self.assertTrue(self.told.empty())
        for word in (KEY, PASSWORD, "key-of-somebody-else", "martlet:word"):
            self.assertNotIn(word, self.server.log())

    def test_a_bad_key_is_said_without_it(self):
        with open(self.server.path("mailgun.key"), "w", encoding="ascii") as file:
            file.write("too-short")
        with open(self.server.path("password"), "w", encoding="ascii") as file:
            file.write("no-colon")
        self.server.write_config()
        said = self.server.cli("check", status=2).stderr
        self.assertIn("is not one line with Mailgun's signing key", said)
        self.assertIn("is not one line with user:password", said)
        self.assertNotIn("too-short", said)
        self.assertNotIn("no-colon", said)


if __name__ == "__main__":
    unittest.main()
