"""Runs a program above the fault layer, and tells it which calls fail or are struck.

    layer = FaultLayer(folder, journal=True)
    subprocess.Popen([...], env=layer.environment())
    layer.set("sync *.sqlite-wal 1 EIO")        # takes effect at the next call
    layer.clear()

The rules are described in fault_layer.c. The layer itself is compiled when it is missing or older
than its source.
"""

import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent / "fault_layer.c"
LIBRARY = SOURCE.parents[2] / ".build/fault_layer.so"
CONTROL_BYTES = 4096
# As `struct record`: length, kind, error, lengths of two paths, process, two inodes, offset, length
# of data.
RECORD = struct.Struct("<IcBHHIQQqI")

# The names of rules by the kinds of records.
KINDS = {"C": "create", "W": "write", "T": "truncate", "L": "link", "R": "rename", "U": "unlink",
         "M": "mkdir", "D": "rmdir", "S": "sync", "d": "dirsync", "F": "syncfs"}


def library():
    """The compiled layer."""
    if not LIBRARY.exists() or LIBRARY.stat().st_mtime < SOURCE.stat().st_mtime:
        LIBRARY.parent.mkdir(parents=True, exist_ok=True)
        fresh = LIBRARY.with_suffix(f".{os.getpid()}")
        compiler = os.environ.get("CC") or shutil.which("cc") or "clang"
        subprocess.run(
            [compiler, "-O2", "-Wall", "-Wno-unused-result", "-shared", "-fPIC", "-o", fresh,
             SOURCE, "-ldl", "-lpthread"], check=True)
        os.rename(fresh, LIBRARY)
    return LIBRARY


class Record:
    """One call that was made, or the beginning or end of a sync."""

    __slots__ = ("kind", "error", "path", "second", "inode", "second_inode", "offset", "data")

    def __init__(self, kind, error, path, second, inode, second_inode, offset, data):
        self.kind = kind
        self.error = error
        self.path = path
        self.second = second
        self.inode = inode
        self.second_inode = second_inode
        self.offset = offset
        self.data = data


class FaultLayer:
    """The layer over one folder. What it needs for itself lies beside the folder, in `work`."""

    def __init__(self, folder, is_journalled=False, sync_microseconds=None):
        self.folder = pathlib.Path(folder).resolve()
        self.work = pathlib.Path(
            tempfile.mkdtemp(prefix=f"{self.folder.name}-faults-", dir=self.folder.parent))
        self.control = self.work / "control"
        self.control.write_bytes(bytes(CONTROL_BYTES))
        self.journal = self.work / "journal" if is_journalled else None
        self.grave = self.work / "grave"
        self.grave.mkdir()
        self.sync_microseconds = sync_microseconds
        self.generation = 0

    def environment(self):
        """The environment of this process with what loads the layer."""
        added = {"LD_PRELOAD": str(library()), "FAULT_ROOT": str(self.folder),
                 "FAULT_CONTROL": str(self.control)}
        if self.journal:
            added |= {"FAULT_JOURNAL": str(self.journal), "FAULT_GRAVE": str(self.grave)}
        if self.sync_microseconds is not None:
            added["FAULT_SYNC_MICROSECONDS"] = str(self.sync_microseconds)
        return {**os.environ, **added}

    def set(self, *rules):
        """These rules and no others from the next call on, counted anew."""
        self.generation += 1
        text = "\n".join(rules).encode()
        assert len(text) < CONTROL_BYTES - 4, "the rules are too long"
        # In place: the program has mapped the file. The text before what makes it count.
        with open(self.control, "r+b", buffering=0) as file:
            file.seek(4)
            file.write(text.ljust(CONTROL_BYTES - 4, b"\0"))
            file.seek(0)
            file.write(struct.pack("<I", self.generation))

    def clear(self):
        self.set()

    def records(self):
        """What was journalled, in order."""
        if not self.journal or not self.journal.exists():
            return
        data = self.journal.read_bytes()
        position = 0
        while position + RECORD.size <= len(data):
            (length, kind, error, first, second, _, inode, other, offset,
             _) = RECORD.unpack_from(data, position)
            if position + length > len(data):
                break
            start = position + RECORD.size
            yield Record(
                kind.decode(), error, data[start:start + first].decode(),
                data[start + first:start + first + second].decode(), inode, other, offset,
                data[start + first + second:position + length])
            position += length

    def begin_anew(self):
        """Forgets what was journalled: what the folder holds now is taken as durable."""
        if self.journal:
            self.journal.unlink(missing_ok=True)
        for name in os.listdir(self.grave):
            os.unlink(self.grave / name)

    def remove(self):
        shutil.rmtree(self.work, ignore_errors=True)
