#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns messages.data into a message catalog of systemd: catalog.py DATADIR OUTPUT.catalog

Format: systemd.io/CATALOG, and journalctl(1), --catalog.
"""

import pathlib
import sys
import textwrap

import compile as data


def entry(message):
    text = "\n\n".join(textwrap.fill(p, 78, break_long_words=False, break_on_hyphens=False)
                       for p in message["Text"].split("\n\n"))
    return (f"-- {message['Id']}\nSubject: {message['Subject']}\nDefined-By: rdna1-doctor\n"
            f"Documentation: man:rdna1-doctor(8)\n\n{text}\n")


def main(folder, output):
    messages = data.messages(pathlib.Path(folder) / "messages.data")
    head = "# Made by data/catalog.py from data/messages.data.\n\n"
    pathlib.Path(output).write_text(head + "\n".join(map(entry, messages)), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: catalog.py DATADIR OUTPUT.catalog")
    main(sys.argv[1], sys.argv[2])
