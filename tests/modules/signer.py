#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a key that signs modules of the pictures: signer.py OUTPUT.pem SERIAL COMMON-NAME

Key and certificate, in one file; as scripts/gen_key and update-secureboot-policy make them. The
serial number is fixed, so that what names it reads the same after every build.
"""

import pathlib
import subprocess
import sys
import tempfile


def main(output, serial, name):
    with tempfile.TemporaryDirectory() as scratch:
        key, cert = pathlib.Path(scratch, "key"), pathlib.Path(scratch, "cert")
        done = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days",
             "36500", "-subj", f"/CN={name}", "-set_serial", serial, "-addext",
             "subjectKeyIdentifier=hash", "-keyout", str(key), "-out", str(cert), "-batch"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit(f"openssl: exit {done.returncode}\n{done.stdout.decode(errors='replace')}")
        pathlib.Path(output).write_bytes(key.read_bytes() + cert.read_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
