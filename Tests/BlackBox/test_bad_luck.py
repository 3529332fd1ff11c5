"""What mails come to when their next hop does not do as it should: in the queue, in the log and in
events, and once it is itself again. Each row has a domain and a hop of its own; one server sends to
them all."""

import time
import unittest
from dataclasses import dataclass, field

from hop import (
    Chance, Hop, by_recipient, close, close_when_taken, flood, hang,
)
from sending import SendingCase
from test_policies import certificate

# Loopback has many addresses; there is one port for all exchangers.
FIRST_ADDRESS = 11


def handshake_that_ends(session):
    session.say("220 2.0.0 go")
    close(session)


@dataclass
class Luck:
    name: str
    # What the hop does: a list once each, anything else always.
    acts: dict
    # Of the recipient after the first try, and something that is said of it.
    state: str
    words: str
    # After the time of the next try.
    later: str = "delivered"
    # How often the hop has the mail in the end.
    taken: int = 1
    # Of the connection on which it came.
    tls: object = None
    offers_tls: bool = False
    offers: list = field(default_factory=lambda: ["PIPELINING", "8BITMIME"])

    @property
    def events(self):
        told = {"delivered": ["Delivery"], "bounced": ["Bounce"], "queued": ["DeliveryDelay"]}
        return ["Send"] + told[self.state] + (told[self.later] if self.state == "queued" else [])


TABLE = [
    Luck("greets with garbage", {"connect": ["Welcome"]}, "queued", "what is no reply"),
    Luck("closes at once", {"connect": [close]}, "queued", "was lost"),
    Luck("is busy, and recovers", {"connect": ["421 4.3.2 busy"]}, "queued", "421 4.3.2 busy"),
    Luck("refuses us", {"connect": ["554 5.7.1 not you"]}, "queued", "554 5.7.1 not you"),
    Luck("never takes mail", {"connect": "521 5.3.2 no mail"}, "bounced", "521 5.3.2 no mail",
         later="bounced", taken=0),
    Luck("greets with 100 MB", {"connect": [flood]}, "queued", "too long"),
    Luck("answers EHLO with bytes", {"ehlo": [b"\x00\x01\xff\xfe\r\n"]}, "queued",
         "what is no reply"),
    Luck("closes at EHLO", {"ehlo": [close]}, "queued", "was lost"),
    Luck("answers EHLO with 100 MB", {"ehlo": [flood]}, "queued", "too long"),
    Luck("refuses STARTTLS", {"starttls": "454 4.7.0 not now"}, "delivered", "250",
         offers_tls=True),
    Luck("ends in the handshake", {"starttls": handshake_that_ends}, "delivered", "250",
         offers_tls=True),
    Luck("speaks before TLS", {"starttls": b"220 2.0.0 go\r\n250-injected\r\n250 DSN\r\n"},
         "delivered", "250", offers_tls=True, tls="TLSv1.3"),
    Luck("has another's certificate", {}, "delivered", "250", offers_tls=True, tls="TLSv1.3"),
    Luck("answers MAIL with two codes", {"mail": [b"250-one\r\n251 two\r\n"]}, "queued",
         "different codes"),
    Luck("closes at MAIL", {"mail": [close]}, "queued", "was lost"),
    Luck("wants less at MAIL", {"mail": ["421 4.7.0 slower"]}, "queued", "421 4.7.0 slower"),
    Luck("refuses the sender", {"mail": "550 5.7.1 never you"}, "bounced", "550 5.7.1 never you",
         later="bounced", taken=0),
    Luck("greylists", {"rcpt": ["450 4.7.1 Greylisted"]}, "queued", "450 4.7.1 Greylisted"),
    Luck("greylists twice", {"rcpt": ["451 4.7.1 Come back"] * 2}, "queued", "451 4.7.1 Come back",
         later="queued", taken=0),
    Luck("has a full mailbox", {"rcpt": ["452 4.2.2 full"]}, "queued", "452 4.2.2 full"),
    Luck("knows nobody", {"rcpt": "550 5.1.1 nobody"}, "bounced", "550 5.1.1 nobody",
         later="bounced", taken=0),
    Luck("closes at RCPT", {"rcpt": [close]}, "queued", "was lost"),
    Luck("answers twice at RCPT", {"rcpt": ["250 2.1.5 ok\r\n250 2.1.5 ok"]}, "queued",
         "does not belong there", offers=["8BITMIME"]),
    Luck("refuses DATA for now", {"data": ["451 4.3.0 later"]}, "queued", "451 4.3.0 later"),
    Luck("takes DATA for the mail", {"data": ["250 2.0.0 ok"]}, "queued",
         "does not belong there"),
    Luck("closes at DATA", {"data": [close]}, "queued", "was lost"),
    Luck("refuses the mail", {"end": "554 5.6.0 no such mail"}, "bounced",
         "554 5.6.0 no such mail", later="bounced", taken=0),
    Luck("refuses the mail for now", {"end": ["421 4.3.2 shutting down"]}, "queued",
         "421 4.3.2 shutting down"),
    # The one window in which a mail is doubled: nobody can know that it was taken.
    Luck("closes when it has the mail", {"end": [close_when_taken]}, "queued",
         "it may have been delivered", taken=2),
    Luck("closes after the dot", {"end": [close]}, "queued", "it may have been delivered"),
    Luck("ends with garbage", {"end": ["what?"]}, "queued", "it may have been delivered"),
    Luck("ends with 100 MB", {"end": [flood]}, "queued", "too long"),
    Luck("answers twice", {"end": ["250 2.0.0 taken\r\n250 2.0.0 taken again"]}, "delivered",
         "250 2.0.0 taken"),
]


class BadLuck(SendingCase):
    def start_with(self, rows):
        """A hop and a domain `luck<n>` for each row."""
        server = self.sending_server(1, [
            "shop MX 10 mx",
            *(f"luck{number} MX 10 mx{number}\nmx{number} A 127.0.0.{FIRST_ADDRESS + number}"
              for number in range(len(rows)))])
        context = certificate(server, "other.example")
        self.reports = Hop(self)
        self.port_of_hops = self.reports.port
        server.config["delivery"]["port"] = self.port_of_hops
        self.hops = [self.hop(number, row, context) for number, row in enumerate(rows)]
        self.start(server)

    def hop(self, number, row, context):
        acts = {moment: list(act) if isinstance(act, list) else act
                for moment, act in row.acts.items()}
        return Hop(self, acts, f"127.0.0.{FIRST_ADDRESS + number}", self.port_of_hops,
                   context=context if row.offers_tls else None, offers=row.offers)

    def send_to(self, number):
        return self.send(f"ada@luck{number}.example")

    def test_the_table(self):
        self.start_with(TABLE)
        mails = [self.send_to(number) for number in range(len(TABLE))]
        for row, mail in zip(TABLE, mails):
            with self.subTest(row.name):
                self.becomes(mail, row.state, row.words)
                word = {"queued": "deferred"}.get(row.state, row.state)
                line, = self.server.log_lines(f" {word} ", f"mail={mail}")
                self.assertIn("error=" if row.state != "delivered" else "reply=", line)
        self.server.eventually(
            lambda: len(self.reports.taken) == sum(row.state == "bounced" for row in TABLE),
            "the sender has a report of each bounce")
        # A reply without an end is not read to it.
        for hop in self.hops:
            self.assertLess(hop.flooded, 20_000_000)
        self.assertLess(self.resident_megabytes(), 400)
        self.make_due()
        for row, mail, hop in zip(TABLE, mails, self.hops):
            with self.subTest(f"{row.name}, then"):
                self.becomes(mail, row.later)
                self.tells(mail, *row.events)
                self.assertEqual(len(hop.taken), row.taken)
                if row.taken:
                    self.assertEqual(hop.taken[-1].tls, row.tls)
                    self.assertEqual(len({taken.content for taken in hop.taken}), 1)

    def resident_megabytes(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1_024

    def test_some_recipients_are_refused(self):
        self.start_with([Luck("some", {"rcpt": by_recipient(
            gone="550 5.1.1 nobody", full="452 4.2.2 full")}, "delivered", "")])
        hop, = self.hops
        mail = self.send(*(f"{name}@luck0.example" for name in ("ada", "gone", "full", "bob")))

        def states():
            return {address.partition("@")[0]: state
                    for address, (state, detail) in self.recipients(mail).items() if detail}
        expected = {"ada": "delivered", "gone": "bounced", "full": "queued", "bob": "delivered"}
        self.server.eventually(lambda: states() == expected, "each has an end of its own")
        self.assertEqual(sorted(taken.recipients for taken in hop.taken),
                         [("ada@luck0.example",), ("bob@luck0.example",)])
        self.server.eventually(lambda: len(self.told(mail)) == 5, "all is told")
        self.assertEqual(sorted(self.told(mail)),
                         ["Bounce", "Delivery", "Delivery", "DeliveryDelay", "Send"])

    def test_the_end_of_its_time(self):
        self.start_with([Luck("never", {"rcpt": "450 4.2.1 not today"}, "queued", "")])
        mail = self.send_to(0)
        self.becomes(mail, "queued", "450 4.2.1 not today")
        with self.store_of_a_stopped_server() as database:
            database.execute("UPDATE sent_recipient SET due_ms = 0, expires_ms = 1")
            database.execute("UPDATE destination SET due_ms = 0, rests_ms = NULL")
        self.becomes(mail, "bounced", "450 4.2.1 not today")
        bounce = self.bounce_of(mail)
        self.assertEqual(bounce["bounceType"], "Transient")
        # What was answered at the last try, before the server was stopped.
        recipient, = bounce["bouncedRecipients"]
        self.assertEqual(
            (recipient["status"], recipient["diagnosticCode"]),
            ("4.2.1", "smtp; 450 4.2.1 not today"))
        self.server.logged(" expired ", f"mail={mail}")
        # Who could not be reached for so long is not tried by the next mail, and the sender knows.
        listed, = self.server.json("suppression", "get", "ada@luck0.example")
        self.assertEqual(listed["reason"], "BOUNCE")
        self.server.eventually(lambda: self.reports.taken, "the sender has a report")

    def test_many_mails_with_any_luck(self):
        # Each mail has one end, and comes twice only where nobody could know that it had come.
        chances = {
            "connect": Chance(0.1, close, "421 4.3.2 busy", "garbage", b"220-half", seed=1),
            "ehlo": Chance(0.1, close, "500 5.5.1 what?", "421 4.3.2 busy", seed=2),
            "mail": Chance(0.1, close, "450 4.7.1 later", "what?", seed=3),
            "rcpt": Chance(0.2, close, "450 4.7.1 later", "550 5.1.1 nobody", seed=4),
            "data": Chance(0.1, close, "451 4.3.0 later", "250 2.0.0 ok", seed=5),
            "end": Chance(0.2, close, close_when_taken, "451 4.3.0 later", "554 5.6.0 no", seed=6)}
        self.start_with([Luck("any", chances, "", ""), Luck("slow", {}, "", "", offers=[])])
        for hop in self.hops:
            hop.acts = chances
        count = 60
        for index in range(0, count, 20):
            self.send(*(f"user{number}@luck{number % 2}.example"
                        for number in range(index, index + 20)))
        for _ in range(5):
            self.server.eventually(lambda: not self.due(), "nobody is due any more")
            self.make_due()
        for hop in self.hops:
            hop.acts = {}
        self.make_due()
        self.server.eventually(
            lambda: not self.rows("SELECT 1 FROM sent_recipient WHERE state = 'queued' "
                                  "AND address LIKE 'user%'"), "all have an end")
        ends = dict(self.rows("SELECT address, state FROM sent_recipient "
                              "WHERE address LIKE 'user%'"))
        self.assertEqual(len(ends), count)
        self.assertEqual(set(ends.values()), {"delivered", "bounced"})
        for address, state in ends.items():
            came = sum(len(hop.mails(address)) for hop in self.hops)
            untold = sum(hop.untold.count(address) for hop in self.hops)
            with self.subTest(address, state=state):
                self.assertEqual(came - untold, 1 if state == "delivered" else 0)

    def due(self):
        """Who waits to be tried, and not for a destination that rests."""
        now = time.time() * 1_000
        return self.rows("""
            SELECT address FROM sent_recipient WHERE state = 'queued' AND due_ms <= ?
            AND NOT EXISTS (SELECT 1 FROM destination WHERE name = sent_recipient.destination
                            AND rests_ms > ?)
            """, now, now)

    def test_hosts_that_hang_hold_up_nobody_and_lose_nothing(self):
        moments = ["connect", "ehlo", "mail", "rcpt", "data", "end"]
        rows = [Luck(moment, {moment: [hang]}, "queued", "") for moment in moments]
        rows.append(Luck("good", {}, "delivered", "250"))
        self.start_with(rows)
        mails = [self.send_to(number) for number in range(len(rows))]
        for hop in self.hops:
            self.server.eventually(lambda hop=hop: hop.connections, "each is connected to")
        self.becomes(mails[-1], "delivered", "250")
        self.server.eventually(
            lambda: all(hop.hanging for hop in self.hops[:-1]),
            "each has come to where it hangs")
        began = time.monotonic()
        self.server.stop()
        self.assertLess(time.monotonic() - began, 30)
        # Nothing is known of the tries that were cut off, and so they are made again.
        for mail in mails[:-1]:
            self.assertEqual(self.rows(
                "SELECT state, attempts FROM sent_recipient WHERE mail = ?", mail), [("queued", 0)])
        self.server.launch()
        for mail in mails[:-1]:
            self.becomes(mail, "delivered", "250")


if __name__ == "__main__":
    unittest.main()
