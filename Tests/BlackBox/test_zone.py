"""The service domain's records on somebody's name server: Debian's Knot takes them from us."""

import os
import unittest

from knot import Knot
from support import new_server

RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail}
    """


class ServiceZone(unittest.TestCase):
    def setUp(self):
        # The zone's owner has records of their own, at the same name, too.
        self.knot = Knot(self, records=['@ TXT "of-others"', 'www.dkim TXT "another"'])
        server = new_server(self, RULES)
        self.write_secret(server, self.knot.secret)
        server.config["sending"] = {
            "enabled": True, "serviceDomain": "service.test",
            "nameServer": {"address": "127.0.0.1", "port": self.knot.port,
                           "key": {"name": "martlet", "secretFile": "tsig"}}}
        self.server = server

    @staticmethod
    def write_secret(server, secret):
        with open(server.path("tsig"), "w", encoding="ascii") as file:
            file.write(secret + "\n")
        os.chmod(server.path("tsig"), 0o600)

    def pushed(self):
        return self.server.eventually(
            lambda: self.server.json("status")["serviceZone"].get("pushedAt"), "it is pushed")

    def keys(self, name="example.test"):
        detail = self.server.json("identity", "show", name)
        return {key["selector"]: key for key in detail["dkim"]["keys"]}

    def has(self, selectors):
        return lambda: all(
            len(self.knot.texts(f"{selector}.dkim.service.test")) == (1 if wanted else 0)
            for selector, wanted in selectors.items())

    def test_records_come_and_go(self):
        self.knot.start()
        self.server.start()
        self.pushed()
        self.assertEqual(self.knot.texts("service.test"),
                         ["of-others", "v=spf1 a:mx.example.test ~all"])
        self.server.cli("identity", "dkim", "start", "example.test")
        first = self.keys()
        self.assertEqual(len(first), 3)
        self.server.eventually(self.has(dict.fromkeys(first, True)), "the keys are there")
        zone = self.server.cli("zone", "export").stdout
        for selector in first:
            text = self.knot.texts(f"{selector}.dkim.service.test")[0]
            self.assertIn("".join(text.split()), "".join(zone.replace('" "', "").split()))
        # A second start puts nothing there that is there.
        self.server.stop()
        serial = self.knot.serial()
        self.server.start(identities=())
        self.pushed()
        self.assertEqual(self.knot.serial(), serial)
        # They go with the identity; what others put there stays.
        self.server.cli("identity", "remove", "example.test")
        self.server.eventually(self.has(dict.fromkeys(first, False)), "the keys are gone")
        self.assertEqual(self.knot.texts("service.test"),
                         ["of-others", "v=spf1 a:mx.example.test ~all"])
        self.assertEqual(self.knot.texts("www.dkim.service.test"), ["another"])
        self.assertNotIn(self.knot.secret, self.server.log())

    def test_the_aliases_verify_their_domain(self):
        self.knot.start()
        self.server.config["dns"] = {
            "servers": [{"address": "127.0.0.1", "port": self.knot.port}], "timeoutSeconds": 2}
        self.server.start()
        self.server.cli("identity", "add", "shop.service.test")
        self.server.cli("identity", "dkim", "start", "shop.service.test")
        keys = self.keys("shop.service.test")
        self.server.eventually(self.has(dict.fromkeys(keys, True)), "the keys are there")
        lines = [key["recordToPublish"].split(" ") for key in keys.values()]
        self.assertEqual({line[3] for line in lines}, {"CNAME"})
        self.knot.put(*(f"{name} {ttl} {kind} {data}" for name, ttl, _, kind, data in lines))
        self.server.cli("identity", "check", "shop.service.test")
        detail = self.server.json("identity", "show", "shop.service.test")
        self.assertEqual(detail["status"], "SUCCESS")
        self.assertIn("its DKIM records verify it", detail["finding"])
        self.assertEqual(sum(key["state"] == "active" for key in detail["dkim"]["keys"]), 2)

    def test_what_is_removed_while_we_are_away_goes_later(self):
        self.knot.start()
        self.server.start()
        self.server.cli("identity", "dkim", "start", "example.test")
        first = self.keys()
        self.server.eventually(self.has(dict.fromkeys(first, True)), "the keys are there")
        self.knot.stop()
        self.server.cli("identity", "remove", "example.test")
        self.server.eventually(lambda: "cannot be reached" in self.failure(), "it is told")
        self.server.stop()
        self.knot.start()
        self.server.start(identities=())
        self.server.eventually(self.has(dict.fromkeys(first, False)), "the keys are gone")

    def failure(self):
        return self.server.json("status")["serviceZone"].get("failure") or ""

    def test_a_refusal_says_what_to_do(self):
        self.knot.allows = False
        self.knot.start()
        self.server.start()
        self.server.eventually(self.failure, "it is refused")
        said = self.server.cli("status").stdout
        # Knot tells a key without the right that it does not know it.
        self.assertIn("zone       not pushed: the name server does not", said)
        self.assertIn("action: update", " ".join(said.split()))
        self.assertIn("records could not be pushed", self.server.log())

    def test_another_secret_is_told(self):
        self.knot.start()
        self.write_secret(self.server, "A" * 43 + "=")
        self.server.start()
        self.server.eventually(self.failure, "it is refused")
        self.assertIn("BADSIG", self.failure())
        self.assertIn("secretFile", self.server.json("status")["serviceZone"]["advice"])


if __name__ == "__main__":
    unittest.main()
