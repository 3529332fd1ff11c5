"""Load shedding: too much that waits turns new sessions and mails away until it is less."""

import unittest

from support import message, new_server
from test_operation import WAITING, get, metrics

RULES = """
    ruleSet: main
    rules:
      - name: slow
        actions:
          - invoke: {handler: waiting}
    """


class Shedding(unittest.TestCase):
    def test_a_backlog_of_actions_turns_mail_away(self):
        server = new_server(self, RULES, limits={"actionsWaitingMax": 4, "handlersRunningMax": 1})
        server.add_handler("waiting", WAITING)
        server.start()
        with server.dialog() as kept:
            kept.expect(220)
            kept.command("EHLO client.example", 250)
            # Four may wait.
            mails = [server.send(message()) for _ in range(4)]
            self.assertEqual(get(server, "/healthz")[0], 200)
            mails.append(server.send(message()))
            server.eventually(lambda: get(server, "/healthz/ready")[0] == 503, "it is not ready")
            self.assertIn("too many mails wait for their actions", get(server, "/healthz")[1])
            self.assertEqual(get(server, "/healthz/live")[0], 200)
            with server.dialog() as dialog:
                self.assertRegex(dialog.expect(421), r"^4\.3\.2 Too busy")
                self.assertTrue(dialog.is_at_end())
            # One that was there already is told at its next mail, and may go on later.
            kept.command("MAIL FROM:<ada@sender.example>", 250)
            kept.command("RCPT TO:<someone@example.test>", 250)
            self.assertRegex(kept.command("DATA", 452), r"^4\.3\.1 ")
            samples = metrics(server)
            self.assertEqual(samples["martlet_shedding"], 1)
            self.assertEqual(samples['martlet_sheddings_total{cause="actionsWaiting"}'], 1)
            self.assertEqual(samples["martlet_mails_due"], 5)
            self.assertEqual(len(server.log_lines("takes no mail: too many mails wait")), 1)
            with open(server.path("out", "go"), "w", encoding="utf-8"):
                pass
            for mail in mails:
                server.settled(mail)
            server.eventually(lambda: get(server, "/healthz/ready")[0] == 200, "it is ready again")
            kept.command("MAIL FROM:<ada@sender.example>", 250)
            kept.command("RCPT TO:<someone@example.test>", 250)
            kept.command("DATA", 354)
            kept.send(message() + b".\r\n")
            kept.expect(250)
        server.settled(server.send(message()))
        self.assertEqual(len(server.log_lines("takes mail again")), 1)
        self.assertEqual(metrics(server)["martlet_shedding"], 0)


if __name__ == "__main__":
    unittest.main()
