"""Where a server is struck: every kind of call on every kind of file, one after the other."""

import collections
import random
import re

from faults import KINDS

CENSUS_SECONDS = 1.0
# Calls that a load makes less often are struck in the first load of a folder, where they come.
OFTEN = 4
# Ids, numbers, and a Maildir's files, whose names begin with the time.
ID = re.compile(r"[0-9a-v]{40}|(?<=/)\d+(?=$|/)|(?<=maildir/(?:tmp|new)/)[^/]+")
# Foundation's names for a file that it writes beside and renames.
FOREIGN = re.compile(r"\.dat\.nosync[^/]*")


class Strikes:
    """Rules of the fault layer that walk evenly over the calls of a start, and of a load."""

    def __init__(self, seed, load):
        """`load` makes the load, given a ledger, a site and a name."""
        self.make_load = load
        self.choice = random.Random(seed)
        self.first_start = self.later_start = 1
        # What a load calls: kind, pattern, how often at the start, how often in a census.
        self.load, self.rare = [], []
        self.places = {"start": 0, "load": 0, "rare": 0}

    def take_census(self, site, ledger):
        """Counts the calls of a first start, of a load, and of a start after a kill. The site is
        whole afterwards, its server not running."""
        site.start()
        site.wait_until_serving()
        site.trust()
        first = self.counts(site)
        load = self.make_load(ledger, site, "census")
        load.is_served.wait(20)
        site.wait_until_struck(CENSUS_SECONDS)
        load.stop()
        loaded = self.counts(site)
        site.cut.check()
        site.start()
        site.wait_until_serving()
        everything = self.counts(site)
        site.stop()
        site.cut.check()
        site.cut.begin()
        self.first_start = sum(first.values())
        self.later_start = sum(everything.values()) - sum(loaded.values())
        calls = sorted(
            (kind, pattern, first[kind, pattern], count - first[kind, pattern])
            for (kind, pattern), count in loaded.items()
            if count > first[kind, pattern] and not pattern.endswith("-shm"))
        self.choice.shuffle(calls)
        self.load = [call for call in calls if call[3] >= OFTEN]
        self.rare = [call for call in calls if call[3] < OFTEN]

    @staticmethod
    def counts(site):
        counts = collections.Counter()
        for record in site.layer.records():
            if record.kind in KINDS:
                path = record.second if record.kind == "R" else record.path
                pattern = FOREIGN.sub("*", ID.sub("*", path)) or "."
                counts[KINDS[record.kind], pattern] += 1
        return counts

    def at_first_start(self):
        return f"any * {self.choice.randint(1, self.first_start)} {self.effect('start')}"

    def at_later_start(self):
        """Recovery and the first calls of serving."""
        return f"any * {self.choice.randint(1, self.later_start)} {self.effect('start')}"

    def at_load(self):
        """Counted from the first mail on."""
        kind, pattern, _, count = self.load[self.places["load"] % len(self.load)]
        # Early enough that it comes about, on a slow machine too.
        number = self.choice.randint(1, max(1, count // 4))
        # Every place before and after the call, turn by turn.
        turn = self.places["load"] // len(self.load)
        return f"{kind} {pattern} {number} {self.effect('load', turn)}"

    def at_first_load(self):
        """Counted from the start of the process on."""
        kind, pattern, before, count = self.rare[self.places["rare"] % len(self.rare)]
        number = before + self.choice.randint(1, count)
        turn = self.places["rare"] // len(self.rare)
        return f"{kind} {pattern} {number} {self.effect('rare', turn)}"

    def effect(self, what, turn=None):
        turn = self.places[what] if turn is None else turn
        self.places[what] += 1
        return ("kill-before", "kill-after")[turn % 2]
