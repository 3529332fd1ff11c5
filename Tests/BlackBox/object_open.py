"""Opens an encrypted object as its form is written down (above ObjectSeal), with the library
cryptography: object_open.py OBJECT KEYS. Prints its name and what is in it, in base64."""

import base64
import json
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = 65_536 + 16


def derived(key, purpose):
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(key)


def main(path, key_file):
    with open(path, "rb") as file:
        sealed = file.read()
    with open(key_file, encoding="ascii") as file:
        keys = [base64.b64decode(line) for line in file.read().split()]
    mark, key_id, length = struct.unpack_from(">8s8sH", sealed)
    assert mark == b"MRTLOBJ\x01", mark
    key, = [key for key in keys if derived(key, b"martlet object key id")[:8] == key_id]
    front, wrapped = sealed[:18 + length], sealed[18 + length:18 + length + 60]
    object_key = AESGCM(derived(key, b"martlet object keys")).decrypt(
        wrapped[:12], wrapped[12:], front)
    body = sealed[len(front) + 60:]
    chunks = [body[start:start + CHUNK] for start in range(0, len(body), CHUNK)]
    content = b"".join(
        AESGCM(object_key).decrypt(
            struct.pack(">Q3xB", number, number == len(chunks) - 1), chunk, None)
        for number, chunk in enumerate(chunks))
    json.dump({"name": front[18:].decode(), "content": base64.b64encode(content).decode()},
              sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
