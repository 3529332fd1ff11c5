#!/usr/bin/env python3
"""Debian's testssl.sh against a server of ours: its STARTTLS and its implicit listener.

The server's certificate is signed by an authority made for the run, which testssl.sh is given.
Prints one line for each listener, then every finding above low; those about the test certificate
itself (short validity, no transparency log, no revocation) are counted and left out. Status 1
where one is left.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

RULES = "ruleSet: main\nrules: [{name: all, actions: [{stop: {}}]}]\n"
ABOVE_LOW = ("MEDIUM", "HIGH", "CRITICAL")
# What is the test certificate's own, or its authority's: nobody else runs with it.
OF_THE_CERTIFICATE = re.compile(r"^(cert_|DNS_CAArecord|certificate_transparency|OCSP|intermediate)")


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    """`ca.pem`, and `cert.pem` with `key.pem` for localhost."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl(folder, "req", "-x509", *curve, "-subj", "/CN=Test authority", "-days", "300",
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl(folder, "req", *curve, "-subj", "/CN=localhost", "-keyout", "key.pem",
            "-out", "request.pem")
    (folder / "extensions").write_text(
        "subjectAltName=DNS:localhost\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n")
    openssl(folder, "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "200", "-extfile", "extensions", "-out", "cert.pem")


class Server:
    def __init__(self, binary, folder):
        make_certificates(folder)
        (folder / "rules").mkdir()
        (folder / "rules" / "main.yaml").write_text(RULES)
        (folder / "martlet.yaml").write_text(json.dumps({
            "hostname": "localhost", "dataDirectory": "data",
            "listeners": [{"address": "127.0.0.1", "port": 0},
                          {"address": "127.0.0.1", "port": 0, "tls": "implicit"}],
            "tls": {"certificates": [{"certificate": "cert.pem", "key": "key.pem"}]},
            "rules": {"active": "main"}}))
        self.log = folder / "log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "-c", folder / "martlet.yaml"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        self.ports = self.wait()

    def wait(self):
        for _ in range(600):
            ports = re.findall(r" listens address=127\.0\.0\.1 port=(\d+)", self.log.read_text())
            if len(ports) == 2:
                return ports
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"the server did not start:\n{self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def examine(folder, port, *arguments):
    """testssl.sh's findings, each a mapping with `id`, `severity` and `finding`."""
    result = folder / f"{port}.json"
    done = subprocess.run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "min",
         "--ip", "127.0.0.1", "--add-ca", folder / "ca.pem", "--jsonfile", result, *arguments,
         f"localhost:{port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env=dict(os.environ, TERM="dumb"))
    if not result.exists():
        sys.exit(f"testssl.sh said nothing:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(result.read_text())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True, type=pathlib.Path)
    options = parser.parse_args()
    is_bad = False
    with tempfile.TemporaryDirectory(prefix="martlet-testssl-") as name:
        folder = pathlib.Path(name)
        server = Server(options.martlet.resolve(), folder)
        try:
            for kind, port, arguments in (
                ("starttls", server.ports[0], ["--starttls", "smtp"]),
                ("implicit", server.ports[1], []),
            ):
                findings = examine(folder, port, *arguments)
                above = [each for each in findings if each["severity"] in ABOVE_LOW]
                ours = [each for each in above if not OF_THE_CERTIFICATE.match(each["id"])]
                scanned = "yes" if any(each["id"] == "scanTime" for each in findings) else "no"
                print(f"testssl listener={kind} findings={len(findings)} above_low={len(ours)} "
                      f"of_the_certificate={len(above) - len(ours)} complete={scanned}",
                      flush=True)
                for each in ours:
                    print(f"  {each['severity']} {each['id']}: {each['finding']}", flush=True)
                is_bad = is_bad or bool(ours) or scanned == "no"
        finally:
            server.stop()
    sys.exit(1 if is_bad else 0)


if __name__ == "__main__":
    main()
