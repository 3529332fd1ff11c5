"""Mails that rules answer: a client hands over, a hop on loopback takes the answers."""

import email
import email.header

from hop import Hop
from sending import SendingCase
from support import eventually
from test_bounce import ZONE

RULES = r"""
    ruleSet: main
    rules:
      - name: away
        recipients: [bob@shop.example]
        actions:
          - reply: {text: "I am away, ${mailFrom}.\n"}
      - name: desk
        recipients: [desk@shop.example, help@shop.example]
        actions:
          - reply:
              subject: "Ticket: ${subject}"
              text: "Grüße"
              html: "<p>${subject}</p>"
              as: desk@shop.example
              everyDays: 1
              onlyWhereNamed: false
      - name: stranger
        recipients: [stranger@shop.example]
        actions:
          - reply: {text: "Hello.", as: nobody@unknown.example}
    """


def mail(to="bob@shop.example", fields=b""):
    return (b"From: Eve <eve@far.example>\r\nTo: " + to.encode() + b"\r\n"
            b"Subject: =?utf-8?q?caf=C3=A9?= <i>\r\nMessage-ID: <2@far.example>\r\n"
            b"References: <1@far.example>\r\n"
            + fields + b"\r\nHello.\r\n")


class Reply(SendingCase):
    def setUp(self):
        self.hop = Hop(self, {})
        server = self.sending_server(self.hop.port, ZONE, authentication={"enabled": True})
        server.write_rules(RULES)
        self.start(server)

    def journal(self, id):
        """State and detail of the action."""
        self.server.settled(id)
        action, = self.server.json("mail", "show", id)["actions"]
        self.assertEqual(action["kind"], "reply")
        return action["state"], action["detail"]

    def answer(self, to, content, sender="eve@far.example"):
        """What the hop has of an answer, and the mail's id."""
        before = len(self.hop.taken)
        id = self.server.send(content, to, sender=sender)
        eventually(lambda: len(self.hop.taken) > before, "the answer arrives")
        return self.hop.taken[before], id

    def stays_silent(self, reason, content=None, to="bob@shop.example", sender="eve@far.example"):
        id = self.server.send(content or mail(), to, sender=sender)
        self.assertEqual(self.journal(id), ("done", "nothing is sent: " + reason))
        self.assertEqual(self.rows("SELECT count(*) FROM sent_mail"), [(0,)])

    def test_a_known_sender_is_answered(self):
        taken, id = self.answer("bob@shop.example", mail())
        self.assertEqual((taken.path, taken.recipients), ("", ("eve@far.example",)))
        answer = email.message_from_bytes(taken.content)
        self.assertEqual(answer["From"], "<bob@shop.example>")
        self.assertEqual(answer["To"], "eve@far.example")
        self.assertEqual(answer["Auto-Submitted"], "auto-replied")
        self.assertEqual(answer["In-Reply-To"], "<2@far.example>")
        self.assertEqual(answer["References"], "<1@far.example> <2@far.example>")
        self.assertEqual(str(email.header.make_header(
            email.header.decode_header(answer["Subject"]))), "Auto: café <i>")
        self.assertEqual(answer.get_payload(decode=True), b"I am away, eve@far.example.\r\n")
        state, detail = self.journal(id)
        self.assertEqual(state, "done")
        self.tells(detail.split()[-1], "Send", "Delivery")

    def test_an_answer_may_be_html(self):
        taken, _ = self.answer("help@shop.example", mail("somebody@shop.example"))
        answer = email.message_from_bytes(taken.content)
        self.assertEqual(answer["From"], "<desk@shop.example>")
        text, html = answer.get_payload()
        self.assertEqual(text.get_payload(decode=True).decode().strip(), "Grüße")
        self.assertIn("&lt;i&gt;</p>", html.get_payload(decode=True).decode())
        taken.content.decode("ascii")

    def test_a_sender_is_answered_once_in_its_time(self):
        _, first = self.answer("bob@shop.example", mail())
        sent = self.journal(first)[1].split()[-1]
        with self.store_of_a_stopped_server() as database:
            kept, = database.execute("SELECT i.created_ms - s.accepted_ms FROM idempotency i, "
                                     "sent_mail s WHERE s.id = i.mail").fetchone()
        self.assertEqual(kept, 6 * 86_400_000)
        again = self.server.send(mail(fields=b"X: y\r\n"), "bob@shop.example",
                                 sender="EVE@far.example")
        self.assertEqual(self.journal(again), (
            "done", "nothing is sent: EVE@far.example is answered once in 7 days; "
            f"the last was {sent}"))
        # Another one is, and so is the same by another rule.
        self.answer("bob@shop.example", mail(), sender="carol@far.example")
        self.answer("desk@shop.example", mail("desk@shop.example"))
        self.assertEqual(len(self.hop.taken), 3)

    def test_nobody_is_answered_who_is_not_known(self):
        self.stays_silent("it came from the null path", sender="")
        self.stays_silent("neither SPF nor DKIM shows that eve@other.example sent it",
                          sender="eve@other.example")

    def test_no_program_is_answered(self):
        for fields, reason in (
                (b"Auto-Submitted: auto-replied\r\n", "nobody wrote it: Auto-Submitted"),
                (b"auto-submitted: Auto-Generated; x=y\r\n", "nobody wrote it: Auto-Submitted"),
                (b"List-Id: <l.far.example>\r\n", "it came from a list"),
                (b"list-unsubscribe: <https://far.example>\r\n", "it came from a list"),
                (b"Precedence: Bulk\r\n", "it is bulk: Precedence"),
                (b"X-Auto-Response-Suppress: OOF, AutoReply\r\n",
                 "it wants no answer: X-Auto-Response-Suppress"),
                (b"Content-Type: multipart/report; boundary=x\r\n", "it is a report")):
            with self.subTest(fields):
                self.stays_silent(reason, mail(fields=fields))
        for name in ("mailer-daemon", "MAILER-DAEMON", "owner-list", "list-request", "noreply",
                     "list-bounces"):
            with self.subTest(name):
                self.stays_silent(f"{name}@far.example is no person's address",
                                  sender=f"{name}@far.example")

    def test_nobody_is_answered_who_did_not_write_to_us(self):
        reason = "it names no recipient of the rule in To or Cc"
        self.stays_silent(reason, mail("somebody@shop.example"))
        self.stays_silent(reason, mail("bob@shop.example.far.example"))
        self.answer("bob@shop.example",
                    mail("x@far.example", b"Cc: y@far.example,\r\n Bob <BOB@shop.example>\r\n"))

    def test_what_a_person_wrote_is_answered(self):
        self.answer("bob@shop.example", mail(fields=b"Auto-Submitted: No (really)\r\n"
                                             b"Precedence: first-class\r\n"))

    def test_nobody_answers_as_who_is_not_verified(self):
        id = self.server.send(mail("stranger@shop.example"), "stranger@shop.example",
                              sender="eve@far.example")
        self.assertEqual(self.journal(id), (
            "dead", "nobody@unknown.example is of no verified identity to send as"))

    def test_an_answer_obeys_the_suppression_list(self):
        self.server.cli("suppression", "put", "eve@far.example", "--reason", "COMPLAINT")
        self.stays_silent("the suppression list has eve@far.example")
