"""What the suites share: replies as codes, and the differences that are agreed on.

A suite is other people's test data, played against the built program. Each reply that it expects is
a result; a result that differs has to stand in `differences/NAME.txt` below the reason for it, and
one that stands there and does not differ is a mistake, too.
"""

import os
import socket
import sys
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "BlackBox"))

import support  # noqa: E402  (beside the black-box tests, which it belongs to)

# A reply that has to come; only a difference waits this long.
REPLY_SECONDS = 20
# One that may as well not come.
SILENCE_SECONDS = 2
# Steps whose figures are printed apart.
STEPS_MAX = 8


@dataclass
class Result:
    """One thing that a suite expects, and what came of it."""

    case: str
    step: str
    theirs: str
    ours: str

    def line(self):
        return f"{self.case} | {self.step} | {self.theirs} | {self.ours}"


class Connection:
    """A connection whose replies are codes: `250`, `closed` or `silent`."""

    def __init__(self, server):
        self.dialog = server.dialog()
        # A reply that is handed out again before the next one is read.
        self.said_before = None

    def send(self, content):
        try:
            self.dialog.send(content)
        except OSError:
            # What became of it, the next reply tells.
            pass

    def reply(self, seconds=REPLY_SECONDS):
        if self.said_before:
            code, self.said_before = self.said_before, None
            return code
        self.dialog.connection.settimeout(seconds)
        try:
            return str(self.dialog.reply()[0])
        except socket.timeout:
            return "silent"
        except (AssertionError, OSError):
            return "closed"

    def command(self, text):
        self.send(text.encode() + b"\r\n")
        return self.reply()

    def shake_hands(self):
        """The handshake after STARTTLS, with a client that takes any certificate."""
        self.dialog.connection.settimeout(REPLY_SECONDS)
        self.dialog.connection = support.unverified_tls().wrap_socket(self.dialog.connection)
        self.dialog.waiting = b""

    def close(self):
        self.dialog.connection.close()


def server(recipients, identities, **config):
    """A server that takes mail for `recipients` (all of its domains, where empty) and answers
    errors at once, so that a suite takes no longer than it must."""
    fresh = support.Server()
    names = f"recipients: {recipients}" if recipients else "enabled: true"
    fresh.write_rules(f"""
        ruleSet: main
        rules:
          - name: all
            {names}
            actions:
              - store: {{bucket: mail}}
        """)
    for section, values in config.items():
        fresh.config.setdefault(section, {}).update(values)
    fresh.config["limits"].update(
        errorDelaySecondsMax=0, connectionsPerAddressPerMinuteMax=100_000)
    return fresh.start(identities)


def agreed(name):
    """The lines of a suite's differences, each with its reason: a line that begins with `#`, and
    those that follow it."""
    path = os.path.join(HERE, "differences", f"{name.replace('/', '-')}.txt")
    if not os.path.exists(path):
        return {}
    reasons, reason, is_heading = {}, "", False
    with open(path, encoding="utf-8") as file:
        for line in map(str.strip, file):
            if line.startswith("#"):
                reason = f"{reason} {line[1:].strip()}" if is_heading else line[1:].strip()
                is_heading = True
            elif line:
                reasons[line] = reason
                is_heading = False
    return reasons


def steps(results):
    """Results by what was compared, where that has a few names and is no number of a line."""
    by_step = {}
    for result in results:
        by_step.setdefault(result.step.split()[0], []).append(result)
    is_named = all(step.isalpha() for step in by_step) and 1 < len(by_step) <= STEPS_MAX
    return by_step if is_named else {}


def report(name, results):
    """Prints a suite's figures and its differences; says whether all of those are agreed on."""
    reasons = agreed(name)
    differing = [result.line() for result in results if result.theirs != result.ours]
    cases = {result.case for result in results}
    bad = {result.case for result in results if result.theirs != result.ours}
    print(f"suite {name} {len(cases) - len(bad)} of {len(cases)}")
    print(f"suite {name}/replies {len(results) - len(differing)} of {len(results)}")
    for step, results_of_step in steps(results).items():
        good = sum(result.theirs == result.ours for result in results_of_step)
        print(f"suite {name}/{step} {good} of {len(results_of_step)}")
    by_reason = {}
    for line in differing:
        if line in reasons:
            by_reason[reasons[line]] = by_reason.get(reasons[line], 0) + 1
    for reason, count in by_reason.items():
        print(f"  differs {count}: {reason}")
    fresh = [line for line in differing if line not in reasons]
    stale = [line for line in reasons if line not in differing]
    for line in fresh:
        print(f"  NOT AGREED ON: {line}")
    for line in stale:
        print(f"  NO DIFFERENCE ANY MORE: {line}")
    return not fresh and not stale
