"""Makes a folder what a power cut would have left of it, from the fault layer's journal.

The strict model throws away all that was not synced: bytes written to a file after its last
fsync, fdatasync or syncfs began, and names that were made or removed in a folder after its last
sync began. What a failed sync was to write is lost for good, since Linux marks it clean. A name
that a rename removed is gone only where its new name lasts, as on every journalling file system.

With `chance`, some of what was not synced survives: of each name's changes the first few, of a
file's writes any, in any order, and of some of them only some sectors of 512 bytes.

    cut = PowerCut(layer, watched=["data/spool/*.sqlite*", "data/lock"])
    ...                                 # the program runs, and is killed
    cut.apply(chance=None)              # the folder is now what the disk would hold

Files that were there before are taken as durable. Those of them that the program changes in place
have to match `watched`, because their content is kept beforehand.
"""

import fnmatch
import os
import shutil

SECTOR_BYTES = 512


class Impossible(Exception):
    """The journal holds what this cannot follow; the test is worth nothing then."""


class Changes:
    """What happened to one thing, in order; the first of it may be settled meanwhile."""

    def __init__(self):
        self.open = []
        self.settled = 0

    @property
    def end(self):
        return self.settled + len(self.open)

    def settle(self, end):
        """Takes those before `end` out, and answers them."""
        count = max(0, end - self.settled)
        taken, self.open = self.open[:count], self.open[count:]
        self.settled += count
        return taken


class File:
    """The bytes of one inode: those that last, and the changes that may not."""

    def __init__(self, inode, durable):
        self.inode = inode
        # None: was there before, and has not been changed.
        self.durable = durable
        self.changes = Changes()
        # What a failed sync was to write.
        self.doubtful = []
        # Where its bytes were put, once it has been rebuilt.
        self.rebuilt = None

    @property
    def is_whole(self):
        return not self.changes.open and not self.doubtful

    def settle(self, end, error):
        taken = self.changes.settle(end)
        if error:
            self.doubtful += taken
        else:
            for change in taken:
                apply_change(self.durable, change)

    def left(self, chance):
        content = bytearray(self.durable)
        for change in self.doubtful + self.changes.open if chance else []:
            dice = chance.random()
            if dice < 0.4:
                apply_change(content, change)
            elif dice < 0.7 and change[1] is not None:
                for piece in sectors(change):
                    if chance.random() < 0.5:
                        apply_change(content, piece)
        return content


def apply_change(content, change):
    """`(offset, bytes)` is a write, `(length, None)` a truncation."""
    offset, data = change
    if data is None:
        del content[offset:]
        offset, data = len(content), bytes(offset - len(content))
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


def sectors(change):
    offset, data = change
    end = offset + len(data)
    while offset < end:
        stop = min(end, (offset // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield offset, data[offset - end + len(data):stop - end + len(data)]
        offset = stop


class Name:
    """One entry of a folder: what it means on the disk (a File, a Folder or None), and what it came
    to mean since: pairs of a meaning and, where a rename took the name away, of where to."""

    def __init__(self, path, durable):
        self.path = path
        self.durable = durable
        self.changes = Changes()

    def add(self, meaning, instead=None):
        self.changes.open.append((meaning, instead))

    def settle(self, end):
        for meaning, instead in self.changes.settle(end):
            self.durable = meaning
            # Both halves of a rename last together.
            if instead:
                instead[0].settle(instead[1])


class Folder:
    """A folder that was made; those that were there before need no object."""


class PowerCut:
    """Knows the folder as it was when this was made, or last applied."""

    def __init__(self, layer, watched):
        self.layer = layer
        self.watched = watched
        self.begin()

    def begin(self):
        """Takes the folder as durable as it is."""
        self.layer.begin_anew()
        self.before = {}  # inode → path, bytes
        for folder, _, names in os.walk(self.layer.folder):
            for name in names:
                path = os.path.join(folder, name)
                place = os.path.relpath(path, self.layer.folder)
                if any(fnmatch.fnmatchcase(place, pattern) for pattern in self.watched):
                    with open(path, "rb") as file:
                        self.before[os.stat(path).st_ino] = place, file.read()

    # The journal

    def replay(self):
        self.files = {}  # inode → File
        self.names = {}  # path → Name
        self.folders = {}  # path → the Names in it
        syncs = {}
        for record in self.layer.records():
            self.take(record, syncs)

    def take(self, record, syncs):
        kind = record.kind
        if kind == "W":
            self.changed(record).changes.open.append((record.offset, record.data))
        elif kind == "T":
            self.changed(record).changes.open.append((record.offset, None))
        elif kind == "C":
            self.files[record.inode] = File(record.inode, bytearray())
            self.name(record.path).add(self.files[record.inode])
        elif kind == "L":
            self.name(record.path).add(self.file(record.inode))
        elif kind == "U":
            self.name(record.path, self.file(record.inode)).add(None)
        elif kind == "R":
            file = self.file(record.inode)
            replaced = self.file(record.second_inode) if record.second_inode else None
            new = self.name(record.second, replaced)
            new.add(file)
            self.name(record.path, file).add(None, (new, new.changes.end))
        elif kind == "M":
            self.name(record.path).add(Folder())
        elif kind == "D":
            self.name(record.path, Folder()).add(None)
        elif kind in "SdF":
            syncs[record.second_inode] = self.covered(record)
        elif kind == "E":
            files, names = syncs.pop(record.second_inode)
            for file, end in files:
                file.settle(end, record.error)
            for name, end in names if not record.error else []:
                name.settle(end)
        elif kind == "!":
            raise Impossible(f"{record.second} of {record.path} is not followed")

    def file(self, inode):
        if inode not in self.files:
            self.files[inode] = File(inode, None)
        return self.files[inode]

    def name(self, path, durable=None):
        """The name at `path`, which meant `durable` if nothing was heard of it before."""
        if path not in self.names:
            self.names[path] = Name(path, durable)
            self.folders.setdefault(os.path.dirname(path), []).append(self.names[path])
        return self.names[path]

    def changed(self, record):
        file = self.file(record.inode)
        if file.durable is None:
            if record.inode not in self.before:
                raise Impossible(f"{record.path} was there before and is changed in place")
            place, content = self.before[record.inode]
            file.durable = bytearray(content)
            self.name(place, file)
        return file

    def covered(self, record):
        """What a sync that begins now makes durable, if it succeeds."""
        if record.kind == "S":
            file = self.file(record.inode)
            return [(file, file.changes.end)], []
        is_all = record.kind == "F"
        names = self.names.values() if is_all else self.folders.get(record.path, [])
        files = self.files.values() if is_all else []
        return ([(file, file.changes.end) for file in files if file.changes.open],
                [(name, name.changes.end) for name in names if name.changes.open])

    # The folder

    def apply(self, chance=None):
        """Rebuilds the folder; `chance` (a random.Random) lets some of the rest survive."""
        self.replay()
        meanings = self.meanings(chance)
        root = self.layer.folder
        # Deepest first for what goes, so that files are kept before their folder goes.
        for place in sorted(meanings, key=lambda place: -place.count("/")):
            self.clear(root / place, meanings[place])
        for place in sorted(meanings, key=lambda place: place.count("/")):
            self.put(root / place, meanings[place], chance)
        self.begin()

    def meanings(self, chance):
        """What each name that was touched means on the disk."""
        kept = {name: chance.randint(0, len(name.changes.open)) if chance else 0
                for name in self.names.values()}

        def is_kept(change):
            # A name is not lost to a rename whose new name is lost.
            if change[1] is None:
                return True
            new, end = change[1]
            return end <= new.changes.settled + kept[new]

        meanings = {}
        for place, name in self.names.items():
            count = kept[name]
            while count and not is_kept(name.changes.open[count - 1]):
                count -= 1
            meanings[place] = name.changes.open[count - 1][0] if count else name.durable
            # Mapped memory that SQLite makes anew.
            if place.endswith("-shm"):
                meanings[place] = None
        return meanings

    def clear(self, path, meaning):
        """Removes what does not belong there, and what has other bytes there; its inode is kept,
        since another name of it may last."""
        if path.is_dir() and not path.is_symlink():
            if not isinstance(meaning, Folder):
                shutil.rmtree(path)
        elif path.exists():
            inode = path.stat().st_ino
            kept = self.layer.grave / str(inode)
            if not kept.exists():
                os.link(path, kept)
            if not isinstance(meaning, File) or meaning.inode != inode or not meaning.is_whole:
                path.unlink()

    def put(self, path, meaning, chance):
        if meaning is None or not path.parent.is_dir():
            return
        if isinstance(meaning, Folder):
            path.mkdir(mode=0o750, exist_ok=True)
        elif not path.exists():
            os.link(self.bytes_of(meaning, chance), path)

    def bytes_of(self, file, chance):
        """A file with the bytes that last; one for all names of it."""
        kept = self.layer.grave / str(file.inode)
        if file.durable is None or file.is_whole and kept.exists():
            return kept
        if not file.rebuilt:
            file.rebuilt = self.layer.grave / f"{file.inode}.rebuilt"
            file.rebuilt.write_bytes(file.left(chance))
            file.rebuilt.chmod(0o600)
        return file.rebuilt

    def check(self):
        """Fails where the journal, followed to its end, does not give the folder as it is: then
        something has changed it unseen."""
        self.replay()
        for place, name in self.names.items():
            meaning = name.changes.open[-1][0] if name.changes.open else name.durable
            path = self.layer.folder / place
            if meaning is None or isinstance(meaning, Folder):
                if path.is_dir() != isinstance(meaning, Folder) or path.is_file():
                    raise Impossible(f"{place} came or went unseen")
            elif not place.endswith("-shm") and meaning.durable is not None:
                content = bytearray(meaning.durable)
                for change in meaning.doubtful + meaning.changes.open:
                    apply_change(content, change)
                if not path.is_file() or path.read_bytes() != content:
                    raise Impossible(
                        f"{place} was changed unseen: {len(content)} bytes, "
                        f"{path.stat().st_size if path.exists() else None} are there")
