"""Buckets by S3's protocol: what rules stored, read by boto3 and the aws command as they stand."""

import base64
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

from support import DEADLINE_SECONDS, PROJECT, large_body, message, new_server
from test_sns import ENVIRONMENT

RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail, prefix: in}
    """


boto3 = botocore = None


def setUpModule():
    """Makes the environment with AWS's own clients, and takes them from there."""
    global boto3, botocore  # pylint: disable=global-statement
    subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    sys.path.insert(0, os.path.join(ENVIRONMENT, "lib", version, "site-packages"))
    try:
        boto3 = __import__("boto3")
        botocore = __import__("botocore")
        for part in ("awsrequest", "config", "exceptions"):
            __import__(f"botocore.{part}")
    finally:
        sys.path.pop(0)


class S3Case(unittest.TestCase):
    """A server with two buckets, and clients with different rights."""

    rules = RULES
    objects_max = 1_000_000

    def setUp(self):
        server = new_server(self, self.rules)
        server.config["buckets"]["other"] = {"directory": "buckets/other"}
        server.config["s3"] = {
            "address": "127.0.0.1", "port": 0, "objectBytesMax": self.objects_max}
        self.prepare(server)
        self.server = server.start()
        # Keys are known to the server alone, and the configuration names them.
        self.owner = server.json("credentials", "create", "owner")
        self.reader = server.json("credentials", "create", "reader")
        self.nobody = server.json("credentials", "create", "nobody")
        server.stop()
        server.config["buckets"]["mail"].update(
            {"readers": [self.reader["id"]], "writers": [self.owner["id"]]})
        server.config["buckets"]["other"]["writers"] = [self.owner["id"]]
        server.write_config()
        server.launch()
        server.eventually(server.is_ready, "the server is ready again")
        listens = server.eventually(
            lambda: re.search(r" s3 listens address=127\.0\.0\.1 port=(\d+)", server.log()),
            "objects are served")
        self.port = int(listens[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.s3 = self.client(self.owner)

    def prepare(self, server):
        """What the configuration has besides."""

    def client(self, key, secret=None, **config):
        return boto3.session.Session().client(
            "s3", endpoint_url=self.url, region_name="eu-west-3",
            aws_access_key_id=key["id"], aws_secret_access_key=secret or key["secret"],
            config=botocore.config.Config(
                retries={"total_max_attempts": 1}, connect_timeout=DEADLINE_SECONDS,
                read_timeout=DEADLINE_SECONDS, **config))

    def refused(self, call, **arguments):
        """Status and code of a call that is not done."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**arguments)
        answer = caught.exception.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]

    def bytes_of(self, key, bucket="mail", client=None, **arguments):
        answer = (client or self.s3).get_object(Bucket=bucket, Key=key, **arguments)
        return answer["Body"].read()


class Reading(S3Case):
    def test_what_a_rule_stored_is_read_byte_for_byte(self):
        reader = self.client(self.reader)
        for body in ("short\n", large_body(300_000)):
            mail = message(body=body)
            id = self.server.send(mail)
            self.server.settled(id)
            stored = self.server.objects()[f"in/{id}"]
            self.assertTrue(stored.endswith(mail))
            answer = reader.get_object(Bucket="mail", Key=f"in/{id}")
            self.assertEqual(answer["Body"].read(), stored)
            self.assertEqual(answer["ContentLength"], len(stored))
            head = reader.head_object(Bucket="mail", Key=f"in/{id}")
            self.assertEqual(head["ContentLength"], len(stored))
            self.assertEqual(head["ETag"], answer["ETag"])
            # Another client fetches it by a link.
            link = reader.generate_presigned_url(
                "get_object", {"Bucket": "mail", "Key": f"in/{id}"}, ExpiresIn=60)
            with urllib.request.urlopen(link, timeout=DEADLINE_SECONDS) as fetched:
                self.assertEqual(fetched.read(), stored)
            # Managed transfers ask for the head, then for the object.
            place = self.server.path("fetched")
            reader.download_file("mail", f"in/{id}", place)
            with open(place, "rb") as file:
                self.assertEqual(file.read(), stored)

    def test_parts_and_preconditions(self):
        self.s3.put_object(Bucket="mail", Key="digits", Body=b"0123456789")
        for field, part, said in (
                ("bytes=0-0", b"0", "bytes 0-0/10"), ("bytes=7-", b"789", "bytes 7-9/10"),
                ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=4-99", b"456789", "bytes 4-9/10"),
                ("bytes=-99", b"0123456789", "bytes 0-9/10")):
            answer = self.s3.get_object(Bucket="mail", Key="digits", Range=field)
            self.assertEqual((answer["Body"].read(), answer["ContentRange"]), (part, said))
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 206)
        for field in ("bytes=10-", "bytes=-0"):
            self.assertEqual(
                self.refused(self.s3.get_object, Bucket="mail", Key="digits", Range=field),
                (416, "InvalidRange"))
        # Several, and what is no range, are the whole.
        for field in ("bytes=0-0,2-2", "bytes=5-2", "lines=1-2", "bytes=x-"):
            self.assertEqual(self.bytes_of("digits", Range=field), b"0123456789")
        head = self.s3.head_object(Bucket="mail", Key="digits")
        self.assertEqual(self.bytes_of("digits", IfMatch=head["ETag"]), b"0123456789")
        self.assertEqual(
            self.refused(self.s3.get_object, Bucket="mail", Key="digits", IfMatch='"other"'),
            (412, "PreconditionFailed"))
        self.assertEqual(
            self.refused(
                self.s3.get_object, Bucket="mail", Key="digits", IfNoneMatch=head["ETag"]),
            (304, "304"))
        self.assertEqual(
            self.refused(
                self.s3.get_object, Bucket="mail", Key="digits",
                IfModifiedSince=head["LastModified"]), (304, "304"))

    def test_what_is_not_there(self):
        self.assertEqual(
            self.refused(self.s3.get_object, Bucket="mail", Key="in/none"), (404, "NoSuchKey"))
        self.assertEqual(
            self.refused(self.s3.head_object, Bucket="mail", Key="in/none"), (404, "404"))
        self.assertEqual(
            self.refused(self.s3.get_object, Bucket="none", Key="in/none"), (404, "NoSuchBucket"))
        self.assertEqual(self.refused(self.s3.head_bucket, Bucket="none"), (404, "404"))

    def test_buckets(self):
        self.assertEqual(
            [each["Name"] for each in self.s3.list_buckets()["Buckets"]], ["mail", "other"])
        reader = self.client(self.reader)
        self.assertEqual([each["Name"] for each in reader.list_buckets()["Buckets"]], ["mail"])
        self.assertEqual(self.client(self.nobody).list_buckets()["Buckets"], [])
        reader.head_bucket(Bucket="mail")
        self.assertIsNone(reader.get_bucket_location(Bucket="mail")["LocationConstraint"])

    def test_listings(self):
        keys = ["a", "a-b", "a.txt", "a/1", "a/2/x", "a/2/y", "a/3", "a0", "b/c/d/e", "ü &<>\"'/1",
                "z+ %"]
        for key in keys:
            # `a` and `a/1` cannot both be in one folder.
            if key != "a":
                self.s3.put_object(Bucket="other", Key=key, Body=key.encode())
        keys = sorted(keys[1:], key=str.encode)
        os.mkdir(self.server.path("buckets/other/empty"))
        os.makedirs(self.server.path("buckets/other/a/empty/deep"))
        with open(self.server.path("buckets/other/.hidden"), "w", encoding="ascii"):
            pass

        def listed(version, **arguments):
            found, folders, pages = [], [], 0
            pager = self.s3.get_paginator(version)
            for page in pager.paginate(Bucket="other", **arguments):
                pages += 1
                found += [each["Key"] for each in page.get("Contents", ())]
                folders += [each["Prefix"] for each in page.get("CommonPrefixes", ())]
            return found, folders, pages

        for version in ("list_objects_v2", "list_objects"):
            self.assertEqual(listed(version), (keys, [], 1))
            for size in (1, 2, 3, len(keys)):
                found, folders, pages = listed(version, PaginationConfig={"PageSize": size})
                self.assertEqual((found, folders), (keys, []))
                self.assertEqual(pages, -(-len(keys) // size))
            tops = [key for key in keys if "/" not in key]
            folders = ["a/", "b/", "ü &<>\"'/"]
            for size in (1, 2, 100):
                self.assertEqual(
                    listed(version, Delimiter="/", PaginationConfig={"PageSize": size})[:2],
                    (tops, folders))
                self.assertEqual(
                    listed(version, Delimiter="/", Prefix="a/",
                           PaginationConfig={"PageSize": size})[:2],
                    (["a/1", "a/3"], ["a/2/"]))
            self.assertEqual(listed(version, Prefix="a/2")[0], ["a/2/x", "a/2/y"])
            self.assertEqual(listed(version, Prefix="a")[0], [k for k in keys if k[0] == "a"])
            self.assertEqual(listed(version, Prefix="empty/"), ([], [], 1))
            self.assertEqual(listed(version, Prefix="../mail/"), ([], [], 1))
        self.assertEqual(
            listed("list_objects_v2", StartAfter="a/2/x")[0], keys[keys.index("a/2/x") + 1:])
        self.assertEqual(
            self.s3.list_objects_v2(Bucket="other", MaxKeys=0)["KeyCount"], 0)
        self.assertEqual(
            self.refused(self.s3.list_objects_v2, Bucket="other", ContinuationToken="\0"),
            (400, "InvalidArgument"))
        self.assertEqual(
            self.refused(self.s3.list_objects_v2, Bucket="other", Delimiter="-"),
            (501, "NotImplemented"))

    def test_no_link_leads_out_of_a_bucket(self):
        base = self.server.path("buckets/mail")
        os.symlink(self.server.path("data"), os.path.join(base, "data"))
        os.symlink(self.server.config_path, os.path.join(base, "config"))
        os.mkfifo(os.path.join(base, "pipe"))
        for key in ("config", "data/lock", "pipe", "../other", "a/../config", ".incoming"):
            path = "/mail/" + urllib.parse.quote(key)
            self.assertIn(
                self.refused(self.s3.get_object, Bucket="mail", Key=key),
                ((404, "NoSuchKey"),), path)
        self.assertNotIn("Contents", self.s3.list_objects_v2(Bucket="mail"))
        for key in ("data/x", "config", "pipe"):
            try:
                self.s3.put_object(Bucket="mail", Key=key, Body=b"x")
            except botocore.exceptions.ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "InvalidArgument")
        self.assertFalse(os.path.exists(self.server.path("data/x")))
        with open(self.server.config_path, encoding="utf-8") as file:
            self.assertIn("hostname", file.read())
        for key in ("../x", "a/./b", "a//b", "/a", "a/", ".x", "a\nb", "x" * 256, "a/" * 32 + "a"):
            self.assertEqual(
                self.refused(self.s3.put_object, Bucket="mail", Key=key, Body=b"x"),
                (400, "InvalidArgument"), key)


class Rights(S3Case):
    def test_who_may_do_what(self):
        self.s3.put_object(Bucket="mail", Key="a", Body=b"1")
        reader, nobody = self.client(self.reader), self.client(self.nobody)
        self.assertEqual(self.bytes_of("a", client=reader), b"1")
        denied = (403, "AccessDenied")
        for call, arguments in (
                (reader.put_object, {"Key": "a", "Body": b"2"}),
                (reader.delete_object, {"Key": "a"}),
                (reader.copy_object, {"Key": "b", "CopySource": "mail/a"}),
                (nobody.get_object, {"Key": "a"}), (nobody.list_objects_v2, {}),
                (nobody.put_object, {"Key": "a", "Body": b"2"})):
            self.assertEqual(self.refused(call, Bucket="mail", **arguments), denied)
        self.assertEqual(
            self.refused(
                reader.copy_object, Bucket="other", Key="b", CopySource="mail/a"), denied)
        self.assertEqual(self.bytes_of("a"), b"1")

    def test_who_is_not_who_they_say(self):
        self.s3.put_object(Bucket="mail", Key="a", Body=b"1")
        wrong = self.client(self.owner, secret=self.reader["secret"])
        self.assertEqual(
            self.refused(wrong.get_object, Bucket="mail", Key="a"),
            (403, "SignatureDoesNotMatch"))
        unknown = self.client({"id": "AKIAAAAAAAAAAAAAAAAA", "secret": "x"})
        self.assertEqual(
            self.refused(unknown.get_object, Bucket="mail", Key="a"),
            (403, "InvalidAccessKeyId"))
        old = self.client(self.owner, signature_version="s3")
        self.assertEqual(
            self.refused(old.get_object, Bucket="mail", Key="a"), (400, "InvalidRequest"))
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{self.url}/mail/a", timeout=DEADLINE_SECONDS)
        with caught.exception as error:
            self.assertEqual(error.code, 403)
            self.assertIn(b"<Code>AccessDenied</Code>", error.read())
        # What was used shows, and a disabled key is none.
        self.server.cli("credentials", "disable", self.owner["id"])
        self.assertEqual(
            self.refused(self.s3.get_object, Bucket="mail", Key="a"), (403, "InvalidAccessKeyId"))
        for secret in (self.owner["secret"], self.reader["secret"]):
            self.assertNotIn(secret, self.server.log())
        self.server.logged("a request to S3 was refused",
                                              "code=SignatureDoesNotMatch")

    def test_a_link_is_for_what_it_says(self):
        self.s3.put_object(Bucket="mail", Key="a b&c", Body=b"1")
        link = self.s3.generate_presigned_url(
            "get_object",
            {"Bucket": "mail", "Key": "a b&c", "ResponseContentType": "message/rfc822"},
            ExpiresIn=3_600)
        with urllib.request.urlopen(link, timeout=DEADLINE_SECONDS) as answer:
            self.assertEqual(answer.read(), b"1")
            self.assertEqual(answer.headers["Content-Type"], "message/rfc822")
        for other in (link.replace("rfc822", "partial"), link.replace("a%20b", "a%20x"),
                      link.replace("Expires=3600", "Expires=3601"), link + "&prefix=x"):
            with self.assertRaises(urllib.error.HTTPError, msg=other) as caught:
                urllib.request.urlopen(other, timeout=DEADLINE_SECONDS)
            with caught.exception as error:
                self.assertIn(b"<Code>SignatureDoesNotMatch</Code>", error.read())
        long = self.s3.generate_presigned_url(
            "get_object", {"Bucket": "mail", "Key": "a b&c"}, ExpiresIn=604_801)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(long, timeout=DEADLINE_SECONDS)
        with caught.exception as error:
            self.assertIn(b"<Code>AuthorizationQueryParametersError</Code>", error.read())
        put = self.s3.generate_presigned_url(
            "put_object", {"Bucket": "mail", "Key": "by-link"}, ExpiresIn=60)
        request = urllib.request.Request(put, data=b"body", method="PUT")
        request.add_header("Content-Type", "")
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS):
            self.assertEqual(self.bytes_of("by-link"), b"body")


class Writing(S3Case):
    def test_put_copy_delete(self):
        key = "deep/er/ü é"
        put = self.s3.put_object(Bucket="mail", Key=key, Body=b"one")
        self.assertEqual(self.server.objects()[key], b"one")
        self.assertEqual(self.s3.head_object(Bucket="mail", Key=key)["ETag"], put["ETag"])
        again = self.s3.put_object(Bucket="mail", Key=key, Body=b"two")
        self.assertNotEqual(put["ETag"], again["ETag"])
        self.assertEqual(self.bytes_of(key), b"two")
        copied = self.s3.copy_object(
            Bucket="other", Key="copy", CopySource={"Bucket": "mail", "Key": key})
        self.assertEqual(self.bytes_of("copy", "other"), b"two")
        self.assertEqual(
            copied["CopyObjectResult"]["ETag"],
            self.s3.head_object(Bucket="other", Key="copy")["ETag"])
        self.assertEqual(
            self.refused(self.s3.copy_object, Bucket="other", Key="x", CopySource="mail/none"),
            (404, "NoSuchKey"))
        for _ in range(2):
            answer = self.s3.delete_object(Bucket="mail", Key=key)
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.assertEqual(self.server.objects(), {})
        # A file of their own, and a stream, as transfers send them.
        place = self.server.path("upload")
        with open(place, "wb") as file:
            file.write(os.urandom(700_000))
        self.s3.upload_file(place, "other", "file")
        with open(place, "rb") as file:
            self.assertEqual(self.bytes_of("file", "other"), file.read())
        self.s3.put_object(Bucket="other", Key="empty", Body=b"")
        self.assertEqual(self.bytes_of("empty", "other"), b"")
        self.assertEqual(os.listdir(self.server.path("data/spool/objects")), [])

    def test_what_is_deleted_is_kept_with_its_mail(self):
        mail = message(body=large_body(100_000))
        id = self.server.send(mail)
        self.server.settled(id)
        self.s3.delete_object(Bucket="mail", Key=f"in/{id}")
        self.assertEqual(self.server.objects(), {})
        self.assertTrue(self.server.raw(id).endswith(mail))

    def test_limits_of_an_object(self):
        self.s3.put_object(Bucket="mail", Key="most", Body=b"x" * self.objects_max)
        self.assertEqual(
            self.s3.head_object(Bucket="mail", Key="most")["ContentLength"], self.objects_max)
        self.assertEqual(
            self.refused(
                self.s3.put_object, Bucket="mail", Key="more", Body=b"x" * (self.objects_max + 1)),
            (400, "EntityTooLarge"))
        # The connection goes on.
        self.assertEqual(self.bytes_of("most", Range="bytes=0-2"), b"xxx")
        self.assertEqual(sorted(self.server.objects()), ["most"])

    def test_what_would_not_be_kept_is_refused(self):
        for what in ({"Metadata": {"a": "b"}}, {"ServerSideEncryption": "AES256"},
                     {"Tagging": "a=b"}, {"StorageClass": "GLACIER"}, {"ACL": "public-read"},
                     {"IfNoneMatch": "*"}):
            self.assertEqual(
                self.refused(self.s3.put_object, Bucket="mail", Key="a", Body=b"1", **what),
                (501, "NotImplemented"), what)
        self.assertEqual(
            self.refused(self.s3.create_multipart_upload, Bucket="mail", Key="a"),
            (501, "NotImplemented"))
        self.assertEqual(
            self.refused(self.s3.get_object_acl, Bucket="mail", Key="a"), (501, "NotImplemented"))
        self.assertEqual(
            self.refused(self.s3.create_bucket, Bucket="new"), (405, "MethodNotAllowed"))
        self.assertEqual(self.server.objects(), {})

    def test_a_body_that_is_not_what_was_signed(self):
        digest = hashlib.sha256(b"right").hexdigest()
        for body, length, code in ((b"wrong", 5, "XAmzContentSHA256Mismatch"),):
            link = self.s3.generate_presigned_url(
                "put_object", {"Bucket": "mail", "Key": "a"}, ExpiresIn=60)
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
            self.addCleanup(connection.close)
            signed = self.s3._request_signer  # pylint: disable=protected-access
            request = botocore.awsrequest.AWSRequest(
                "PUT", f"{self.url}/mail/a", data=b"right",
                headers={"X-Amz-Content-SHA256": digest})
            signed.sign("PutObject", request)
            headers = dict(request.headers)
            headers["Content-Length"] = str(length)
            connection.request("PUT", "/mail/a", body, headers)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 400)
            self.assertIn(f"<Code>{code}</Code>".encode(), answer.read())
            self.assertTrue(link)
        self.assertEqual(self.server.objects(), {})


class Clients(S3Case):
    """The aws command as it stands, and what HTTP clients do."""

    objects_max = 20_000_000

    def aws(self, *arguments, key=None, status=0):
        key = key or self.owner
        done = subprocess.run(
            [os.path.join(ENVIRONMENT, "bin/aws"), *arguments], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=DEADLINE_SECONDS, check=False,
            env={"PATH": os.environ["PATH"], "HOME": self.server.path(),
                 "AWS_ENDPOINT_URL_S3": self.url, "AWS_REGION": "us-east-1",
                 "AWS_ACCESS_KEY_ID": key["id"], "AWS_SECRET_ACCESS_KEY": key["secret"],
                 "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"})
        self.assertEqual(done.returncode, status, done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def test_the_aws_command(self):
        id = self.server.send(message(body="Hello.\n"))
        self.server.settled(id)
        stored = self.server.objects()[f"in/{id}"]
        self.assertEqual(self.aws("s3", "cp", f"s3://mail/in/{id}", "-"), stored)
        self.assertIn(id.encode(), self.aws("s3", "ls", "s3://mail/in/", key=self.reader))
        self.assertIn(b"PRE in/", self.aws("s3", "ls", "s3://mail"))
        self.assertIn(b"other", self.aws("s3", "ls"))
        place = self.server.path("note.txt")
        with open(place, "wb") as file:
            file.write(b"a note")
        self.aws("s3", "cp", place, "s3://other/notes/")
        self.aws("s3", "cp", "s3://other/notes/note.txt", "s3://mail/note")
        self.assertEqual(self.server.objects()["note"], b"a note")
        folder = self.server.path("synced")
        self.aws("s3", "sync", "s3://mail", folder)
        self.assertEqual(sorted(os.listdir(folder)), ["in", "note"])
        self.aws("s3", "rm", "--recursive", "s3://mail")
        self.assertEqual(self.server.objects(), {})
        head = self.aws("s3api", "head-object", "--bucket", "other", "--key", "notes/note.txt")
        self.assertEqual(json.loads(head)["ContentLength"], 6)
        self.aws("s3", "cp", place, "s3://mail/x", key=self.reader, status=1)

    def test_a_large_file_is_put_whole(self):
        """Where the command is told so; else it says why it is not, and how it would be."""
        place = self.server.path("large.eml")
        with open(place, "wb") as file:
            file.write(b"0123456789abcdef" * 600_000)
        self.aws("s3", "cp", place, "s3://mail/large", status=1)
        self.assertIn(b"(NotImplemented)", self.stderr)
        self.assertIn(b"multipart_threshold", self.stderr)
        self.aws("configure", "set", "s3.multipart_threshold", "5GB")
        self.aws("s3", "cp", place, "s3://mail/large")
        self.assertEqual(os.path.getsize(place), len(self.server.objects()["large"]))
        # S3's own tools say an MD5 where they are asked to.
        md5 = base64.b64encode(hashlib.md5(b"a note").digest()).decode()
        with open(self.server.path("note"), "wb") as file:
            file.write(b"a note")
        put = ["s3api", "put-object", "--bucket", "mail", "--key", "note", "--body",
               self.server.path("note"), "--content-md5"]
        self.aws(*put, md5)
        other = base64.b64encode(hashlib.md5(b"another").digest()).decode()
        for wrong, code in ((other, b"(BadDigest)"), ("none", b"(InvalidDigest)")):
            self.aws(*put[:5], "wrong", *put[6:], wrong, status=255)
            self.assertIn(code, self.stderr)
        self.assertEqual(sorted(self.server.objects()), ["large", "note"])

    def test_a_connection_carries_several_requests(self):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        self.addCleanup(connection.close)
        link = self.s3.generate_presigned_url(
            "put_object", {"Bucket": "mail", "Key": "a"}, ExpiresIn=60)[len(self.url):]
        # A body that is waited for, one that nobody reads, and none.
        connection.connect()
        connection.sock.sendall(
            f"PUT {link} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: 4\r\n"
            "Expect: 100-continue\r\n\r\n".encode())
        self.assertTrue(connection.sock.recv(100).startswith(b"HTTP/1.1 100 "))
        connection.sock.sendall(b"text")
        answer = http.client.HTTPResponse(connection.sock, method="PUT")
        answer.begin()
        self.assertEqual((answer.status, answer.read()), (200, b""))
        connection.request("PUT", link.replace("/mail/a", "/mail/b"), b"x" * 300_000)
        with connection.getresponse() as answer:
            self.assertEqual(answer.status, 403)
            self.assertIn(b"<Code>", answer.read())
        get = self.s3.generate_presigned_url(
            "get_object", {"Bucket": "mail", "Key": "a"}, ExpiresIn=60)[len(self.url):]
        connection.request("GET", get)
        with connection.getresponse() as answer:
            self.assertEqual((answer.status, answer.read()), (200, b"text"))

    def test_a_head_that_is_too_long_is_refused(self):
        for field in ("x" * 20_000, "x" * 5_000):
            request = urllib.request.Request(f"{self.url}/mail/a", headers={"X-Long": field})
            with self.assertRaises((urllib.error.URLError, ConnectionError)):
                urllib.request.urlopen(request, timeout=DEADLINE_SECONDS)
        self.assertEqual(len(self.s3.list_buckets()["Buckets"]), 2)


class Names(S3Case):
    def setUp(self):
        """The configuration names keys before there are any."""
        server = new_server(self, self.rules, s3={"address": "127.0.0.1", "port": 0})
        server.config["buckets"]["mail"].update({"readers": ["tickets"], "writers": ["app two"]})
        self.server = server.start()
        listens = re.search(r" s3 listens address=127\.0\.0\.1 port=(\d+)", server.eventually(
            lambda: server.log_lines(" s3 listens "), "objects are served")[0])
        self.url = f"http://127.0.0.1:{listens[1]}"

    def test_keys_are_made_after_the_configuration(self):
        for name in ("app two", "tickets"):
            self.assertEqual(len(self.server.log_lines(
                " warning ", f"the bucket “mail” names the access key “{name}”, and there is none: "
                "martlet credentials create makes one")), 1)
        app = self.server.json("credentials", "create", "app two")
        first = self.server.json("credentials", "create", "tickets")
        other = self.client(self.server.json("credentials", "create", "ticket"))
        self.client(app).put_object(Bucket="mail", Key="a", Body=b"text")
        self.assertEqual(self.bytes_of("a", client=self.client(first)), b"text")
        self.assertEqual(
            self.refused(self.client(first).put_object, Bucket="mail", Key="b", Body=b""),
            (403, "AccessDenied"))
        self.assertEqual(self.refused(other.get_object, Bucket="mail", Key="a"),
                         (403, "AccessDenied"))
        # One takes another's place, and the configuration stays.
        second = self.server.json("credentials", "create", "tickets")
        self.server.cli("credentials", "delete", first["id"])
        self.assertEqual(self.bytes_of("a", client=self.client(second)), b"text")
        self.assertEqual(
            self.refused(self.client(first).get_object, Bucket="mail", Key="a"),
            (403, "InvalidAccessKeyId"))


class Settings(unittest.TestCase):
    def test_check_says_that_nobody_is_served(self):
        server = new_server(self, RULES, s3={"address": "127.0.0.1", "port": 0})
        server.write_config()
        self.assertIn("s3 serves nobody", server.cli("check").stderr)
        del server.config["s3"]
        server.config["buckets"]["mail"]["readers"] = ["AKIAQ3EGU5XWB7LJ2K4M"]
        server.write_config()
        self.assertIn("without an “s3” section", server.cli("check", status=2).stderr)


if __name__ == "__main__":
    unittest.main()
