"""Buckets on other servers: moto's, one that fails on purpose, and Martlet's own."""

import os
import re
import subprocess
import sys
import unittest

from buckets import KEY, SECRET, FailingBucket, Moto, settings
from support import DEADLINE_SECONDS, PROJECT, large_body, message, new_server
from test_sns import ENVIRONMENT

RULES = """
    ruleSet: main
    rules:
      - name: far
        recipients: [far@example.test]
        actions:
          - addHeader: {name: X-Queue, value: far}
          - store: {bucket: far, prefix: in/}
          - store: {bucket: mail, prefix: kept}
      - name: near
        recipients: [near@example.test]
        actions:
          - store: {bucket: mail}
    """

boto3 = None


def setUpModule():
    """Makes the environment with AWS's own clients, and takes boto3 from there."""
    global boto3  # pylint: disable=global-statement
    subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    sys.path.insert(0, os.path.join(ENVIRONMENT, "lib", version, "site-packages"))
    try:
        boto3 = __import__("boto3")
    finally:
        sys.path.pop(0)


def client(url, key=KEY, secret=SECRET):
    return boto3.session.Session().client(
        "s3", endpoint_url=url, region_name="eu-central-1", aws_access_key_id=key,
        aws_secret_access_key=secret)


class BucketCase(unittest.TestCase):
    retries = {"retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}

    def new_server(self, url, **more):
        server = new_server(self, RULES, limits=self.retries)
        server.config["buckets"]["far"] = settings(server, url, **more)
        return server

    def store_of(self, server, mail):
        """State, tries and words of the mail's first `store`."""
        action = server.actions(mail)["far", 1]
        return action["state"], action["attempts"], action["detail"]

    def kept(self, server, mail):
        """What the same rule stored in a folder, which has to have the same bytes."""
        server.settled(mail)
        return server.objects()[f"kept/{mail}"]


class AtMoto(BucketCase):
    """A server of others, which is read by a client of others."""

    def test_a_mail_is_there_byte_for_byte(self):
        moto = Moto(self, ENVIRONMENT)
        s3 = client(moto.url)
        s3.create_bucket(
            Bucket="example-mail",
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        server = self.new_server(moto.url).start()
        mails = {}
        for body in ("short\n", large_body(40_000), large_body(3_000_000)):
            content = message(body=body)
            mails[server.send(content, "far@example.test")] = content
        for mail, content in mails.items():
            kept = self.kept(server, mail)
            self.assertEqual(self.store_of(server, mail), ("done", 1, f"far/in/{mail}"))
            stored = s3.get_object(Bucket="example-mail", Key=f"in/{mail}")["Body"].read()
            self.assertEqual(stored, kept)
            self.assertTrue(stored.startswith(b"X-Queue: far\r\n"))
            self.assertTrue(stored.endswith(content))
        # The aws command sees them, too.
        listed = subprocess.run(
            [os.path.join(ENVIRONMENT, "bin/aws"), "--endpoint-url", moto.url, "s3", "ls",
             "s3://example-mail/in/"], capture_output=True, text=True, timeout=DEADLINE_SECONDS,
            env={"PATH": os.environ["PATH"], "HOME": server.folder, "AWS_ACCESS_KEY_ID": KEY,
                 "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "eu-central-1"})
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertEqual({line.split()[-1] for line in listed.stdout.splitlines()}, set(mails))

    def test_a_bucket_that_is_not_there_is_tried_until_it_is(self):
        moto = Moto(self, ENVIRONMENT)
        server = self.new_server(moto.url).start()
        mail = server.send(message(), "far@example.test")
        server.eventually(
            lambda: server.log_lines("mail: action", mail, "NoSuchBucket"), "it was tried")
        # What follows in the rule waits, and other mails do not.
        self.assertEqual(server.objects(), {})
        near = server.send(message(), "near@example.test")
        server.settled(near)
        s3 = client(moto.url)
        s3.create_bucket(
            Bucket="example-mail",
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        kept = self.kept(server, mail)
        self.assertEqual(
            s3.get_object(Bucket="example-mail", Key=f"in/{mail}")["Body"].read(), kept)


class Failing(BucketCase):
    """A server that fails on purpose: nothing is lost, and the object is there in the end."""

    def test_every_failure_is_tried_again_under_the_same_key(self):
        words = {
            "500-after": "answered 500", "close-after": "closed", "close": "",
            "hang": "waiting for the answer took more than 1 s",
            "slow-down": "answered 503 SlowDown", "forbidden": "answered 403 AccessDenied",
            "wrong-tag": "answered 200, and has another object"}
        for body in ("short\n", large_body(2_000_000)):
            bucket = FailingBucket(self)
            bucket.plan = list(words)
            server = self.new_server(bucket.url, timeoutSeconds=1).start()
            mail = server.send(message(body=body), "far@example.test")
            kept = self.kept(server, mail)
            self.assertEqual(
                self.store_of(server, mail), ("done", len(words) + 1, f"far/in/{mail}"))
            path = f"/example-mail/in/{mail}"
            self.assertEqual(bucket.seen, [(path, word) for word in [*words, "take"]])
            self.assertEqual(bucket.objects, {path: kept})
            tries = server.log_lines("mail: action", mail, "action=store/1", "state=retrying")
            self.assertEqual(len(tries), len(words))
            if len(body) < 100:
                # A short body is all sent before its answer, and so the answer is heard.
                for line, said in zip(tries, words.values()):
                    self.assertIn(said, line)
            server.stop()

    def test_answers_that_are_right_in_other_ways(self):
        bucket = FailingBucket(self)
        bucket.plan = ["continue", "no-tag"]
        server = self.new_server(bucket.url).start()
        for _ in range(2):
            mail = server.send(message(body=large_body(200_000)), "far@example.test")
            kept = self.kept(server, mail)
            self.assertEqual(self.store_of(server, mail)[:2], ("done", 1))
            self.assertEqual(bucket.objects[f"/example-mail/in/{mail}"], kept)

    def test_many_mails_wait_for_their_places(self):
        """It hangs: two objects are on their way at once, and mails of folders do not wait."""
        bucket = FailingBucket(self)
        bucket.plan = ["hang"] * 6
        server = self.new_server(bucket.url, timeoutSeconds=2, putsMax=2).start()
        far = [server.send(message(body=large_body(50_000)), "far@example.test")
               for _ in range(12)]
        near = [server.send(message(), "near@example.test") for _ in range(20)]
        for mail in near:
            server.settled(mail)
        self.assertLess(len(bucket.seen), 12)
        for mail in far:
            kept = self.kept(server, mail)
            self.assertEqual(bucket.objects[f"/example-mail/in/{mail}"], kept)
        # One that was given up may still be at work there.
        self.assertLessEqual(bucket.most_at_work, 8)
        self.assertEqual(len(bucket.seen), 18)

    def test_a_server_that_is_killed_stores_again(self):
        """Between the object and its journal: it is written once more, and none is lost."""
        bucket = FailingBucket(self)
        bucket.plan = ["hang"]
        server = self.new_server(bucket.url, timeoutSeconds=60).start()
        mail = server.send(message(), "far@example.test")
        server.eventually(lambda: bucket.objects, "the object is there, and no answer")
        server.kill()
        server.launch()
        server.eventually(server.is_ready, "the server is ready again")
        kept = self.kept(server, mail)
        self.assertEqual(bucket.objects, {f"/example-mail/in/{mail}": kept})
        self.assertEqual([word for _, word in bucket.seen], ["hang", "take"])

    def test_a_server_ends_while_a_bucket_hangs(self):
        bucket = FailingBucket(self)
        bucket.plan = ["hang"]
        server = self.new_server(bucket.url, timeoutSeconds=3).start()
        mail = server.send(message(), "far@example.test")
        server.eventually(lambda: bucket.objects, "the object is there, and no answer")
        server.stop()
        server.launch()
        server.eventually(server.is_ready, "the server is ready again")
        self.kept(server, mail)

    def test_no_secret_is_told(self):
        """H13: neither by the log nor by any command."""
        bucket = FailingBucket(self)
        bucket.plan = ["forbidden"]
        server = self.new_server(bucket.url).start()
        mail = server.send(message(), "far@example.test")
        server.settled(mail)
        told = server.log() + "".join(
            result.stdout + result.stderr
            for result in (server.cli("mail", "trace", mail), server.cli("check")))
        self.assertIn("answered 403 AccessDenied", told)
        self.assertNotIn(SECRET, told)
        with open(server.path("bucket.secret"), "w", encoding="ascii") as file:
            file.write(SECRET + "\n" + SECRET)
        said = server.cli("check", status=2).stderr
        self.assertIn("is not the secret of an access key", said)
        self.assertNotIn(SECRET, said)


class AtMartlet(BucketCase):
    """One Martlet's bucket is another one's endpoint."""

    def test_a_mail_is_stored_there(self):
        other = new_server(self)
        other.config["s3"] = {"address": "127.0.0.1", "port": 0}
        other.start()
        key = other.json("credentials", "create", "stores")
        other.stop()
        other.config["buckets"]["mail"]["writers"] = [key["id"]]
        other.write_config()
        other.launch()
        other.eventually(other.is_ready, "the other server is ready again")
        listens = other.eventually(
            lambda: re.search(r" s3 listens address=127\.0\.0\.1 port=(\d+)", other.log()),
            "objects are served")
        server = self.new_server(
            f"http://127.0.0.1:{listens[1]}", bucket="mail", accessKeyId=key["id"])
        with open(server.path("bucket.secret"), "w", encoding="ascii") as file:
            file.write(key["secret"])
        server.start()
        for body in ("short\n", large_body(500_000)):
            mail = server.send(message(body=body), "far@example.test")
            kept = self.kept(server, mail)
            self.assertEqual(self.store_of(server, mail), ("done", 1, f"far/in/{mail}"))
            self.assertEqual(other.objects()[f"in/{mail}"], kept)


if __name__ == "__main__":
    unittest.main()
