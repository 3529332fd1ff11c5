#!/usr/bin/env python3
"""Load, strike, restart, compare: what was acknowledged has to be there, once and whole.

Several SMTP sessions send mails of mixed sizes, some to two recipients. Of those that are
received, rules store each in a bucket, tell some to a file of JSON lines, and hand some to a
handler that notes its stable id. Those that are submitted go on to a next hop that keeps them, and
refuses some. A third load meets rules with an action of every kind, and whatever these reach keeps
the ids that it was given. The fault layer (Tests/FaultLayer) strikes the server at a chosen call:
the strikes walk over every kind of call on every kind of file, before and after it. Some fall into
a start instead, the first of a folder or one that recovers.

A run is one strike. Of the kind `kill` it is SIGKILL. Of the kind `power` the folder is then made
what a power cut leaves: all that was not synced is gone, or, every other time, some of it has come
through, in any order and torn at sectors. After some runs the server is started once more, and when
nothing is on its way any more, its folder, or what the next hop has, is compared with what it
acknowledged (crash_comparison.py, crash_sending.py, crash_actions.py).

Controls show that this can fail. `synchronous=normal`: the database is told not to sync its
commits. `directory_sync=ignored`: syncs of folders do nothing. Both have to lose mails when the
power goes.

The exit status is 0 when nothing was lost and the controls have lost, in both directions.
"""

import argparse
import collections
import pathlib
import random
import shutil
import sys
import tempfile
import time

from crash_actions import ActionMails, ActionsComparison
from crash_actions_site import ActionsSite
from crash_comparison import Comparison
from crash_load import Ledger, Load, complain
from crash_sending import SendingComparison, Submissions
from crash_site import Site, Wrong
from crash_strikes import Strikes

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Strikes on one folder before it is compared and a new one begun.
RUNS_OF_A_SITE = 12
LOAD_SECONDS_MAX = 1.5
CONTROL_RUNS = 6
# The server, what loads it, and what says whether all of it is there.
WAYS = {"receive": (Site, Load, Comparison), "send": (Site, Submissions, SendingComparison),
        "actions": (ActionsSite, ActionMails, ActionsComparison)}


class Tally:
    """What a line is printed of."""

    def __init__(self):
        self.runs = self.acknowledged = self.missed = self.doubled_in_window = 0
        self.lost, self.torn, self.doubled, self.others = set(), set(), set(), []
        # Of each kind of action, where these are told apart.
        self.figures = collections.defaultdict(collections.Counter)

    @property
    def is_well(self):
        return not (self.lost or self.torn or self.doubled or self.others)

    def complain(self):
        for title, things in (("lost", self.lost), ("torn", self.torn),
                              ("doubled", self.doubled), ("left", self.others)):
            for thing in sorted(things)[:20]:
                complain(f"{title}: {thing}")


class Crashing:
    """All runs of one kind, on one site after the other."""

    def __init__(self, options, folder, strikes, way, kind, synchronous="full", always=()):
        self.options = options
        self.way = way
        self.make_site, self.make_load, self.make_comparison = WAYS[way]
        self.folder = folder
        self.strikes = strikes
        self.is_power = kind == "power"
        self.synchronous = synchronous
        self.always = always
        self.is_control = synchronous != "full" or always
        self.tally = Tally()
        self.choice = random.Random(f"{options.seed} {way} {kind}")
        self.history = []

    def run(self, runs):
        number = 0
        while self.tally.runs < runs:
            number += 1
            kind = "power" if self.is_power else "kill"
            name = f"{self.way}-{kind}-{number}"
            if self.is_control:
                name = f"control-{self.synchronous}-{name}"
            around = self.folder / name
            around.mkdir(parents=True)
            site = self.make_site(
                self.options.binary, around, self.synchronous, self.always, self.is_power)
            ledger = Ledger()
            comparison = self.make_comparison(
                site, ledger, outbox_seconds_max=1 if self.is_control else 30)
            self.history = []
            was_well = self.tally.is_well
            try:
                if self.is_control:
                    self.strike_load(site, ledger)
                else:
                    self.strike(site, ledger, min(runs, self.tally.runs + RUNS_OF_A_SITE))
                self.compare(site, comparison)
            except Wrong as error:
                self.tally.others.append(f"{around.name}: {error}")
            finally:
                site.end()
            self.add(comparison, ledger, around)
            if was_well and not self.tally.is_well and not self.is_control:
                complain(f"{around} after the strikes:\n  " + "\n  ".join(self.history))
            if self.tally.is_well and not self.options.keep or self.is_control:
                site.remove()
            if self.is_control and len(self.tally.lost) > 0:
                break
        return self.tally

    # One site

    def strike(self, site, ledger, end):
        """Every other time the first start is struck, else the first load; later starts are one
        time in four."""
        if self.choice.random() < 0.5:
            self.strike_start(site, self.strikes.at_first_start())
        elif self.strikes.rare:
            self.strike_load(site, ledger, self.strikes.at_first_load())
        while self.tally.runs < end:
            if self.choice.random() < 0.25:
                self.strike_start(site, self.strikes.at_later_start())
            else:
                self.strike_load(site, ledger)

    def strike_start(self, site, rule):
        site.start(rule)
        end = time.monotonic() + 0.6
        while site.process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        self.finish(site, rule, 0)

    def strike_load(self, site, ledger, first=None):
        rule = first or self.strikes.at_load()
        site.start(*[first] if first else [])
        try:
            site.wait_until_serving()
            site.trust()
        except (Wrong, OSError):
            if not first or site.process.wait(5) != -9:
                raise
            return self.finish(site, rule, 0)
        load = self.make_load(ledger, site, self.tally.runs + 1)
        try:
            load.is_served.wait(20)
            if not first:
                site.layer.set(*self.always, rule)
            return self.finish(site, rule, LOAD_SECONDS_MAX)
        finally:
            load.stop()

    def finish(self, site, rule, seconds):
        is_struck = site.wait_until_struck(seconds)
        self.tally.runs += 1
        self.tally.missed += not is_struck
        # A kill now and then stays one, and the power goes at the next strike.
        is_cut = self.is_power and (self.is_control or self.choice.random() < 0.8)
        seed = self.choice.random() if self.choice.random() < 0.5 and is_cut else None
        self.history.append(
            f"{rule}{'' if is_struck else ' (did not come)'}"
            + (f", power cut {'by chance ' + str(seed) if seed is not None else 'strict'}"
               if is_cut else ""))
        if is_cut:
            site.lose_power(None if self.is_control else seed)
        self.show(site)

    def compare(self, site, comparison):
        site.start()
        site.wait_until_serving()
        site.trust()
        comparison.settle()
        comparison.look_at_spool()
        comparison.read_all_again()
        site.stop()

    def add(self, comparison, ledger, around):
        tally = self.tally
        comparison.read()
        lost, torn, doubled = comparison.compare()
        tally.acknowledged += len(ledger.acknowledged)
        tally.doubled_in_window += comparison.doubled_in_window
        for kind, figures in getattr(comparison, "figures", {}).items():
            tally.figures[kind].update(figures)
        for seen, found in ((tally.lost, lost), (tally.torn, torn), (tally.doubled, doubled)):
            seen.update(f"{around.name}: {thing}" for thing in found)
        tally.others += [f"{around.name}: {thing}" for thing in comparison.leftovers]
        # A cut leaves at most the lines of one write torn, a kill the last of them.
        if not self.is_power and comparison.half_lines > len(self.history):
            tally.others.append(f"{around.name}: {comparison.half_lines} half lines")
        if ledger.refused:
            tally.others.append(f"{around.name}: {ledger.refused} commands were refused")

    def show(self, site):
        if sys.stderr.isatty() or self.options.verbose:
            print(f"{site.around.name}: run {self.tally.runs}: {self.history[-1]}",
                  file=sys.stderr, flush=True)


def census(options, folder, way):
    """Where the strikes of all runs fall."""
    make_site, make_load, _ = WAYS[way]
    strikes = Strikes(options.seed, make_load)
    around = folder / f"{way}-census"
    around.mkdir()
    site = make_site(options.binary, around, is_power=True)
    try:
        strikes.take_census(site, Ledger())
    finally:
        site.end()
    site.remove()
    return strikes


def crash(options, folder, way):
    """Says whether all was as it has to be."""
    strikes = census(options, folder, way)
    is_well = True
    for kind in options.kinds.split(","):
        began = time.monotonic()
        tally = Crashing(options, folder, strikes, way, kind).run(options.runs)
        doubled = {
            "receive": f"doubled_without_id={len(tally.doubled)}",
            "send": f"doubled={len(tally.doubled)} doubled_in_window={tally.doubled_in_window}",
            "actions": f"doubled={tally.doubled_in_window} doubled_without_id={len(tally.doubled)}",
        }[way]
        print(f"crash {way} kind={kind} runs={tally.runs} acknowledged={tally.acknowledged} "
              f"lost={len(tally.lost)} torn={len(tally.torn)} {doubled}", flush=True)
        for action, figures in tally.figures.items():
            print(f"crash {way} kind={kind} action={action} " + " ".join(
                f"{name}={figures[name]}"
                for name in ("effects", "lost", "doubled", "doubled_without_id")), flush=True)
        complain(f"{way} {kind}: {(time.monotonic() - began) / tally.runs:.2f} s a run; "
                 f"{tally.missed} strikes did not come by themselves")
        tally.complain()
        is_thin = tally.acknowledged < tally.runs or tally.missed > tally.runs // 2
        if is_thin:
            complain(f"{way} {kind}: too little was acknowledged or struck: "
                     "these runs prove nothing")
        is_well = is_well and tally.is_well and not is_thin
    controls = {"synchronous=normal": {"synchronous": "normal"},
                "directory_sync=ignored": {"always": ["dirsync * 1+ ignore"]}}
    for name, settings in controls.items() if options.controls else ():
        tally = Crashing(options, folder, strikes, way, "power", **settings).run(CONTROL_RUNS)
        print(f"control {way} {name} lost={len(tally.lost)}", flush=True)
        if not tally.lost:
            complain(f"the control {name} has lost nothing: these runs prove nothing")
        is_well = is_well and bool(tally.lost)
    return is_well


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True, help="the program")
    parser.add_argument("--runs", type=int, default=300, help="of each kind")
    parser.add_argument("--ways", default="receive,send,actions")
    parser.add_argument("--kinds", default="kill,power")
    parser.add_argument("--no-controls", dest="controls", action="store_false")
    parser.add_argument("--seed", default=None, help="the same strikes again")
    parser.add_argument("--folder", help="where; var by default")
    parser.add_argument("--keep", action="store_true", help="keep the folders when all is well too")
    parser.add_argument("--verbose", action="store_true", help="say what each run was")
    options = parser.parse_args()
    options.seed = options.seed or str(random.SystemRandom().randrange(1_000_000))
    random.seed(options.seed)
    var = pathlib.Path(options.folder) if options.folder else ROOT / "var"
    var.mkdir(exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crash-", dir=var))
    # A copy: the program is started again and again, and a build may replace it meanwhile.
    options.binary = folder / "martlet"
    shutil.copy2(options.martlet, options.binary)
    is_well = all([crash(options, folder, way) for way in options.ways.split(",")])
    if is_well and not options.keep:
        shutil.rmtree(folder)
    else:
        complain(f"seed {options.seed}; see {folder}")
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
