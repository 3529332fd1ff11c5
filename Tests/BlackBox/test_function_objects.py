"""A Lambda function that fetches the mail from S3, as SES's users write it: unmodified."""

import hashlib

import test_s3
from support import large_body, message
from test_functions import add_function

FUNCTION = """
import hashlib, json, os
import boto3

s3 = boto3.client("s3")

def handler(event, context):
    ses = event["Records"][0]["ses"]
    id = ses["mail"]["messageId"]
    raw = s3.get_object(Bucket="mail", Key="in/" + id)["Body"].read()
    with open(os.path.join(os.environ["OUT"], "fetched.new"), "w") as file:
        json.dump({"id": id, "sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw)}, file)
    os.rename(os.path.join(os.environ["OUT"], "fetched.new"),
              os.path.join(os.environ["OUT"], id))
"""


def setUpModule():
    test_s3.setUpModule()


class FromAFunction(test_s3.S3Case):
    rules = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail, prefix: in}
          - invoke: {handler: ticket}
    """

    def prepare(self, server):
        add_function(server, "ticket", FUNCTION, processes=1)

    def setUp(self):
        super().setUp()
        server = self.server
        server.stop()
        # Where it listened until now, so that the function knows it beforehand.
        server.config["s3"]["port"] = self.port
        server.config["handlers"]["ticket"]["environment"].update({
            "AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": self.reader["id"],
            "AWS_SECRET_ACCESS_KEY": self.reader["secret"]})
        server.write_config()
        server.launch()
        server.eventually(server.is_ready, "the server is ready with its function")

    def test_what_a_rule_stored_is_fetched_byte_for_byte(self):
        for body in ("short\n", large_body(2_000_000)):
            id = self.server.send(message(body=body))
            self.server.settled(id)
            action = self.server.actions(id)["all", 1]
            self.assertEqual((action["state"], action["attempts"]), ("done", 1), action)
            stored = self.server.objects()[f"in/{id}"]
            self.assertEqual(self.server.out(id), {
                "id": id, "sha256": hashlib.sha256(stored).hexdigest(), "size": len(stored)})
