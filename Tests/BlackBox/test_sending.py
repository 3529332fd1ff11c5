"""Mails that are submitted and leave: Python's smtplib sends, a hop on loopback takes them, and the
DNS is a file that the test writes."""

import os
import smtplib
import unittest

from hop import Hop, by_recipient
from sending import SendingCase
from support import eventually, martlet, unverified_tls


class Sending(SendingCase):
    def setUp(self):
        self.hop = Hop(self, {"rcpt": by_recipient(
            gone="550 5.1.1 No such user", later="451 4.7.1 Greylisted")})
        self.start(self.sending_server(self.hop.port, ["far MX 10 mx"]))

    def test_a_mail_leaves_signed_for_by_its_sender(self):
        code, reply = self.submit(
            "ada@far.example", "bob@far.example",
            headers="Bcc: hidden@far.example\r\nX-SES-MESSAGE-TAGS: campaign=spring\r\n"
                    "Message-ID: <order-7@shop.example>\r\n")
        self.assertEqual(code, 250, reply)
        message_id = reply.decode().split()[-1]
        self.assertRegex(message_id, r"^0100[0-9a-f]{12}(-[0-9a-f]+){5}-000000$")
        eventually(lambda: len(self.hop.taken) == 2, "both recipients have it")
        paths = {taken.path for taken in self.hop.taken}
        self.assertEqual(len(paths), 2, "each recipient has a return path of its own")
        for path in paths:
            self.assertRegex(path, r"^[0-9a-v]{56}@mx\.example\.test$")
        content = self.hop.taken[0].content.decode()
        self.assertIn(f"Message-ID: <{message_id}@mx.example.test>", content)
        self.assertIn("Hello.", content)
        self.assertIn("Received: by mx.example.test (Martlet) with ESMTPSA", content)
        self.assertNotIn("Bcc", content)
        self.assertNotIn("X-SES-MESSAGE-TAGS", content)
        eventually(lambda: self.event("Delivery"), "the delivery is told")
        told = self.event("Send")
        self.assertEqual(told["mail"]["messageId"], message_id)
        self.assertEqual(told["mail"]["tags"]["campaign"], ["spring"])
        # The one that was replaced is shown where the sender looks for it.
        self.assertIn({"name": "Message-ID", "value": "<order-7@shop.example>"},
                      told["mail"]["headers"])
        self.assertEqual(told["mail"]["commonHeaders"]["messageId"], message_id)

    def test_a_mail_without_a_configuration_set_has_its_identitys(self):
        self.server.cli("identity", "configuration-set", "set", "shop.example", "orders")
        self.assertEqual(self.submit("ada@far.example")[0], 250)
        eventually(lambda: self.event("Send"), "the mail is told")
        self.assertEqual(
            self.event("Send")["mail"]["tags"]["ses:configuration-set"], ["orders"])
        self.assertEqual(
            self.server.json("identity", "show", "shop.example")["configurationSet"], "orders")
        self.server.cli("identity", "configuration-set", "clear", "shop.example")
        self.submit("ada@far.example", headers="X-SES-CONFIGURATION-SET: own\r\n")
        eventually(
            lambda: any(event["mail"]["tags"].get("ses:configuration-set") == ["own"]
                        for event in self.events()), "the mail's own is told")

    def test_a_mail_leaves_from_the_address_that_is_named(self):
        self.start(self.sending_server(self.hop.port, ["far MX 10 mx"], delivery={
            "addresses": [{"address": "127.0.0.9", "hello": "out9.shop.example"}],
            "retry": [{"domain": "far.example", "delaysMinutes": [1], "giveUpAfterHours": 1}],
            "pools": [{"name": "offers", "addresses": [{"address": "127.0.0.8"}],
                       "configurationSets": ["news", "offers"]}]}))
        self.send("ada@far.example")
        eventually(lambda: self.hop.taken, "it is delivered")
        self.assertEqual(self.hop.peers, ["127.0.0.9"])
        self.submit("ada@far.example", headers="X-SES-CONFIGURATION-SET: offers\r\n")
        eventually(lambda: len(self.hop.taken) == 2, "the offer is delivered")
        self.assertEqual(self.hop.peers, ["127.0.0.9", "127.0.0.8"])

    def test_mail_for_a_domain_goes_to_the_host_that_is_named_for_it(self):
        relay = Hop(self)
        self.start(self.sending_server(self.hop.port, ["far MX 10 mx"], delivery={
            "relays": [{"domain": "corp.example", "host": "127.0.0.1", "port": relay.port,
                        "security": "none"}]}))
        self.submit("ada@far.example", "bob@deep.corp.example", "eve@corp.example")
        eventually(lambda: len(relay.taken) == 2 and self.hop.taken, "all are delivered")
        self.assertEqual(len(self.hop.taken), 1)

    def test_a_bounce_lists_its_address_and_tells_the_sender(self):
        self.assertEqual(self.submit("gone@far.example")[0], 250)
        eventually(lambda: self.event("Bounce"), "the bounce is told")
        bounce = self.event("Bounce")["bounce"]
        self.assertEqual((bounce["bounceType"], bounce["bounceSubType"]), ("Permanent", "General"))
        self.assertEqual(bounce["bouncedRecipients"][0]["emailAddress"], "gone@far.example")
        self.assertIn("No such user", bounce["bouncedRecipients"][0]["diagnosticCode"])
        listed = self.server.json("suppression", "get", "gone@far.example")
        self.assertEqual([entry["reason"] for entry in listed], ["BOUNCE"])
        # The next one is taken, and never tried.
        asked = self.hop.asked("gone@far.example")
        self.assertEqual(self.submit("gone@far.example")[0], 250)
        eventually(
            lambda: any(
                event["eventType"] == "Bounce"
                and event["bounce"]["bounceSubType"] == "OnAccountSuppressionList"
                for event in self.events()), "the suppression is told")
        self.assertEqual(self.hop.asked("gone@far.example"), asked)
        # Nothing of either mail waits, and no bytes of them are kept.
        eventually(
            lambda: self.rows("SELECT DISTINCT state, body_place FROM sent_mail "
                              "WHERE sender <> ''") == [("ended", "expired")],
            "both mails have ended")

    def test_a_mail_that_is_put_off_waits(self):
        self.assertEqual(self.submit("later@far.example")[0], 250)
        eventually(lambda: self.event("DeliveryDelay"), "the delay is told")
        delay = self.event("DeliveryDelay")["deliveryDelay"]
        self.assertEqual(delay["delayedRecipients"][0]["emailAddress"], "later@far.example")
        counts = self.server.json("status")["sending"]
        self.assertEqual((counts["queued"], counts["held"]), (1, 0))
        self.assertRegex(self.server.cli("status").stdout,
                         r"\nsending    1 queued, the next at \S+, 0 being tried, 0 held, 0 ")

    def test_a_server_does_not_start_without_the_key_to_its_secrets(self):
        self.server.stop()
        path = self.server.path("data/keys/secret.key")
        os.rename(path, path + ".away")
        done = martlet("serve", "-c", self.server.config_path, status=1)
        self.assertIn(f"{path}: it is missing", done.stderr)
        self.assertFalse(os.path.exists(path), "no other key is made")
        with open(path, "wb") as file:
            file.write(bytes(32))
        os.chmod(path, 0o600)
        done = martlet("serve", "-c", self.server.config_path, status=1)
        self.assertIn(f"{path}: the secret of ", done.stderr)
        # With the right key there is nothing to forget.
        os.rename(path + ".away", path)
        self.server.serve_options = ["--forget-secrets"]
        self.server.start(())
        self.assertEqual(len(self.server.json("credentials", "list")), 1)
        self.server.stop()
        os.remove(path)
        self.server.start(())
        self.assertEqual(self.server.json("credentials", "list"), [])
        self.assertIn("all access keys and DKIM keys are removed", self.server.log())
        self.server.stop()
        self.server.serve_options = []
        self.server.start(())
        self.key = self.server.json("credentials", "create", "shop")
        self.assertEqual(self.submit("ada@far.example")[0], 250)

    def test_who_may_not_send_is_told_why(self):
        code, reply = self.submit("ada@far.example", sender="eve@other.example")
        self.assertEqual(code, 554)
        self.assertIn(b"Email address is not verified", reply)
        client = smtplib.SMTP("127.0.0.1", self.port, timeout=30)
        self.addCleanup(client.close)
        with self.assertRaises(smtplib.SMTPNotSupportedError):
            client.login(self.key["id"], self.key["smtpPassword"])
        client.starttls(context=unverified_tls())
        with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
            client.login(self.key["id"], "wrong")
        self.assertEqual(refused.exception.smtp_code, 535)


if __name__ == "__main__":
    unittest.main()
