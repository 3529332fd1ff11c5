"""Attachments that an event does not carry: it has links to them, which anybody can fetch for a while."""

import base64
import hashlib
import json
import re
import subprocess
import unittest
import urllib.error
import urllib.request

from receivers import free_port
from support import DEADLINE_SECONDS, new_server
from test_webhook import SECRET, Endpoint

RULES = """
    ruleSet: main
    rules:
      - name: files
        actions:
          - webhook: {to: files}
    """

SMALL, LARGE = b"small\0", bytes(range(256)) * 4_000


def mail():
    lines = ["From: <ada@sender.example>", "Subject: two files", "MIME-Version: 1.0",
             "Content-Type: multipart/mixed; boundary=o", ""]
    for name, content in [("small.bin", SMALL), ("../../../../large.bin", LARGE)]:
        lines += ["--o", "Content-Type: text/html", "Content-Transfer-Encoding: base64",
                  f'Content-Disposition: attachment; filename="{name}"', "",
                  base64.encodebytes(content).decode().replace("\n", "\r\n")]
    return "\r\n".join([*lines, "--o--", ""]).encode()


class AttachmentLinks(unittest.TestCase):
    def setUp(self):
        self.server = server = new_server(self, RULES)
        self.endpoint = Endpoint(self)
        with open(server.path("secret"), "w", encoding="ascii") as file:
            file.write(SECRET)
        port = free_port()
        server.config["s3"] = {"address": "127.0.0.1", "port": port,
                               "url": f"http://127.0.0.1:{port}"}
        server.config["limits"] = {"retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}
        webhook = {"url": f"http://127.0.0.1:{self.endpoint.port}/", "secretFile": "secret",
                   "attachmentsBytesMax": 1_000}
        server.config["webhooks"] = {"files": webhook}
        server.start()
        # Keys are known to the server alone, and the configuration names them.
        self.key = server.json("credentials", "create", "links")["id"]
        server.stop()
        server.config["buckets"]["mail"]["readers"] = [self.key]
        webhook["links"] = {"bucket": "mail", "accessKey": self.key, "seconds": 600}
        server.write_config()

    def launch(self):
        self.server.launch()
        self.server.eventually(self.server.is_ready, "the server is ready again")

    def event(self):
        """The mail's id, and the attachments of its event."""
        id = self.server.send(mail())
        action, = self.server.settled(id)["actions"]
        self.assertEqual(action["state"], "done", action)
        _, _, body = self.endpoint.posts.pop()
        return id, json.loads(body)["content"]["attachments"]

    def status(self, url, method="GET"):
        try:
            with urllib.request.urlopen(
                    urllib.request.Request(url, method=method), timeout=DEADLINE_SECONDS) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_a_link_gives_the_bytes(self):
        self.launch()
        id, (small, large) = self.event()
        self.assertEqual(base64.b64decode(small["content"]), SMALL)
        self.assertNotIn("url", small)
        self.assertNotIn("content", large)
        self.assertNotIn("contentOmitted", large)
        self.assertEqual(large["size"], len(LARGE))
        self.assertEqual(large["sha256"], hashlib.sha256(LARGE).hexdigest())
        self.assertRegex(large["urlExpiresAt"], r"^\d{4}-\d\d-\d\dT")
        # By two clients, neither of which knows of keys.
        with urllib.request.urlopen(large["url"], timeout=DEADLINE_SECONDS) as answer:
            self.assertEqual(answer.headers["Content-Type"], "binary/octet-stream")
            self.assertEqual(answer.read(), LARGE)
        fetched = subprocess.run(["curl", "-sSf", large["url"]], capture_output=True, check=True,
                                 timeout=DEADLINE_SECONDS).stdout
        self.assertEqual(fetched, LARGE)
        # Nothing of its name is the sender's.
        self.assertEqual(self.server.objects()[f"attachments/{id}-2"], LARGE)
        self.assertIn("X-Amz-Expires=600&", large["url"])

    def test_the_newest_key_of_a_name_signs(self):
        self.server.config["buckets"]["mail"]["readers"] = ["links"]
        self.server.config["webhooks"]["files"]["links"]["accessKey"] = "links"
        self.server.write_config()
        self.launch()
        second = self.server.json("credentials", "create", "links")["id"]
        for signer in (second, self.key):
            _, (_, large) = self.event()
            self.assertIn(f"Credential={signer}%2F", large["url"])
            self.assertEqual(self.status(large["url"]), 200)
            self.server.cli("credentials", "disable", second)

    def test_a_link_is_for_its_object_and_reading_alone(self):
        self.launch()
        _, (_, large) = self.event()
        url = large["url"]
        self.assertEqual(self.status(url), 200)
        for other in (url.replace("-2?", "-1?"), url.replace("Expires=600", "Expires=6000"),
                      re.sub("Signature=.", "Signature=0", url) + "0", url.split("?")[0],
                      url.replace("127.0.0.1", "localhost")):
            self.assertIn(self.status(other), (400, 403), other)
        self.assertEqual(self.status(url, "DELETE"), 403)
        # Who disables the key takes back what it has signed.
        self.server.cli("credentials", "disable", self.key)
        self.assertEqual(self.status(url), 403)

    def test_without_its_key_nothing_is_posted_and_all_once_it_is_back(self):
        self.launch()
        self.server.cli("credentials", "disable", self.key)
        id = self.server.send(mail())

        def failed():
            return any("no link can be signed" in action["detail"]
                       for action in self.server.json("mail", "show", id)["actions"])

        self.server.eventually(failed, "no link is signed")
        self.assertEqual(self.endpoint.posts, [])
        self.server.cli("credentials", "enable", self.key)
        self.server.settled(id)
        self.assertEqual(len(self.endpoint.posts), 1)

    def test_all_by_links_and_links_that_have_expired(self):
        self.server.config["webhooks"]["files"]["attachmentsBytesMax"] = 0
        self.server.config["webhooks"]["files"]["links"]["seconds"] = 1
        self.server.write_config()
        self.launch()
        _, attachments = self.event()
        for attachment in attachments:
            self.assertIn("url", attachment)
            self.server.eventually(
                lambda: self.status(attachment["url"]) == 403, "the link has expired")


if __name__ == "__main__":
    unittest.main()
