"""Buckets whose objects are encrypted: what lies there, who reads it, and what is found out."""

import base64
import json
import os
import subprocess
import unittest

import test_s3
from buckets import FailingBucket, settings
from support import DEADLINE_SECONDS, PROJECT, large_body, martlet, message
from test_s3 import S3Case
from test_sns import ENVIRONMENT

KEYS = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]
# As the same action of the next rule stores it, in a bucket that is not encrypted.
RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail, prefix: in}
          - store: {bucket: other, prefix: in}
          - store: {bucket: far}
    """


def setUpModule():
    test_s3.setUpModule()


class Encryption(S3Case):
    rules = RULES

    def prepare(self, server):
        self.write_keys(server, KEYS[:1])
        self.far = FailingBucket(self)
        server.config["limits"] = {"retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}
        server.config["buckets"]["mail"]["encryption"] = {"keyFile": "mail.keys"}
        server.config["buckets"]["far"] = settings(
            server, self.far.url, encryption={"keyFile": "mail.keys"})

    @staticmethod
    def write_keys(server, keys):
        with open(server.path("mail.keys"), "w", encoding="ascii") as file:
            file.write("".join(key + "\n" for key in keys))

    def restart(self):
        self.server.stop()
        self.server.launch()
        self.server.eventually(self.server.is_ready, "the server is ready again")
        listens = self.server.eventually(
            lambda: test_s3.re.search(
                r" s3 listens address=127\.0\.0\.1 port=(\d+)", self.server.log()),
            "objects are served")
        self.url = f"http://127.0.0.1:{listens[1]}"
        self.s3 = self.client(self.owner)

    def stored(self, body="A secret word.\n"):
        """A new mail: its id, and what is stored of it."""
        mail = self.server.send(message(body=body))
        self.server.settled(mail)
        return mail, self.server.objects("other")[f"in/{mail}"]

    def opened(self, path):
        """What another program, on another library, finds in an object: its name and bytes."""
        done = subprocess.run(
            [os.path.join(ENVIRONMENT, "bin/python"),
             os.path.join(PROJECT, "Tests/BlackBox/object_open.py"), path,
             self.server.path("mail.keys")],
            capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        return found["name"], base64.b64decode(found["content"])

    def decrypted(self, path, status=0, keys="mail.keys"):
        return martlet("object", "decrypt", path, "--key-file", self.server.path(keys),
                       status=status, text=False)

    def test_mails_lie_there_encrypted_and_are_served_as_they_came(self):
        for body in ("A secret word.\n", large_body(300_000)):
            mail, plain = self.stored(body)
            key = f"in/{mail}"
            sealed = self.server.objects()[key]
            self.assertNotIn(b"A test", sealed)
            self.assertNotIn(b"0123456789", sealed)
            self.assertNotIn(b"secret", sealed)
            # By S3's protocol
            self.assertEqual(self.bytes_of(key), plain)
            head = self.s3.head_object(Bucket="mail", Key=key)
            self.assertEqual(head["ContentLength"], len(plain))
            listed, = self.s3.list_objects_v2(Bucket="mail", Prefix=key)["Contents"]
            self.assertEqual((listed["Size"], listed["ETag"]), (len(plain), head["ETag"]))
            last = len(plain) - 1
            for first, end in ((0, 0), (1, 5), (last, last), (65_530, 65_540)):
                if end <= last:
                    self.assertEqual(self.bytes_of(key, Range=f"bytes={first}-{end}"),
                                     plain[first:end + 1])
            # Without a server
            told = self.decrypted(self.server.path("buckets/mail", key))
            self.assertEqual(told.stdout, plain)
            self.assertEqual(told.stderr.decode().strip(), f"mail/{key}")
            # By the form that is written down
            self.assertEqual(
                self.opened(self.server.path("buckets/mail", key)), (f"mail/{key}", plain))
            # At another server: under the same keys, and another name
            with open(self.server.path("far"), "wb") as file:
                file.write(self.far.objects[f"/example-mail/{mail}"])
            told = self.decrypted(self.server.path("far"))
            self.assertEqual((told.stdout, told.stderr.decode().strip()), (plain, f"far/{mail}"))
            # In the spool it is as before.
            self.assertEqual(self.server.raw(mail, "--stored"), plain)

    def test_what_programs_put_is_encrypted(self):
        for size in (0, 1, 65_535, 65_536, 65_537, 200_000):
            body = os.urandom(size // 2) + b"x" * (size - size // 2)
            self.s3.put_object(Bucket="mail", Key="put", Body=body)
            self.assertEqual(self.bytes_of("put"), body)
            self.assertNotEqual(self.server.objects()["put"], body)
            # Into a bucket that is not encrypted, and back
            self.s3.copy_object(Bucket="other", Key="copy", CopySource="mail/put")
            self.assertEqual(self.server.objects("other")["copy"], body)
            self.s3.copy_object(Bucket="mail", Key="again", CopySource="other/copy")
            self.assertEqual(self.bytes_of("again"), body)
        self.s3.delete_object(Bucket="mail", Key="put")
        self.assertNotIn("put", self.server.objects())

    def test_what_was_changed_is_not_served(self):
        mail, plain = self.stored()
        key = f"in/{mail}"
        path = self.server.path("buckets/mail", key)
        with open(path, "rb") as file:
            sealed = file.read()
        for changed in (sealed[:-1], sealed + b"x", plain, b"", sealed[:40] + b"x" + sealed[41:]):
            with open(path, "wb") as file:
                file.write(changed)
            self.assertEqual(
                self.refused(self.s3.get_object, Bucket="mail", Key=key), (500, "InternalError"))
            told = self.decrypted(path, status=1)
            self.assertEqual(told.stdout, b"")
        self.server.logged("error", f"object mail/{key}: ")
        # Another object in its place
        other, _ = self.stored("Another one.\n")
        with open(path, "wb") as file:
            file.write(self.server.objects()[f"in/{other}"])
        self.assertEqual(
            self.refused(self.s3.get_object, Bucket="mail", Key=key), (500, "InternalError"))
        self.server.logged("error", f"it is sealed as mail/in/{other}")

    def test_keys_are_changed(self):
        old, old_plain = self.stored()
        self.write_keys(self.server, [KEYS[1], KEYS[0]])
        self.restart()
        new, new_plain = self.stored()
        self.assertEqual(self.bytes_of(f"in/{old}"), old_plain)
        self.assertEqual(self.bytes_of(f"in/{new}"), new_plain)
        # What was stored meanwhile wants the new one.
        with open(self.server.path("old.keys"), "w", encoding="ascii") as file:
            file.write(KEYS[0])
        path = self.server.path("buckets/mail/in")
        self.assertEqual(self.decrypted(f"{path}/{old}", keys="old.keys").stdout, old_plain)
        told = self.decrypted(f"{path}/{new}", keys="old.keys", status=1)
        self.assertIn(b"sealed under a key that is not in the key file", told.stderr)

    def test_a_mail_is_run_again(self):
        mail, _ = self.stored()
        os.remove(self.server.path("buckets/mail/in", mail))
        self.server.cli("replay", mail, "--yes")
        self.server.eventually(
            lambda: f"in/{mail}" in self.server.objects(), "it is stored once more")
        self.assertTrue(self.bytes_of(f"in/{mail}").endswith(b"A secret word.\r\n\r\n"))

    def test_no_key_is_told(self):
        with open(self.server.path("mail.keys"), "w", encoding="ascii") as file:
            file.write(KEYS[0] + "\n" + KEYS[0])
        said = self.server.cli("check", status=2).stderr
        self.assertIn("has no keys, or something else", said)
        self.assertNotIn(KEYS[0], said + self.server.log())
        path = self.server.path("mail.keys")
        told = self.decrypted(path, status=1)
        self.assertIn(b"has no keys, or something else", told.stderr)


if __name__ == "__main__":
    unittest.main()
