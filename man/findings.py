#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the manual page of the findings: findings.py DATADIR OUTPUT.scd"""

import pathlib
import re
import sys

HEAD = """rdna1-doctor-findings(7)

# NAME

rdna1-doctor-findings - what the findings of rdna1-doctor mean, and what to do

# DESCRIPTION

Each finding has an id that never changes and one of five results. *pass*: the title holds. *na*: it
does not apply to this machine. *warn*: worth knowing. *fail*: what
it asks does not hold. *unknown*: it could not be judged, which is never a pass. Where a finding does
not pass, *check* names the problem instead of the title. The same texts are printed by *rdna1-doctor explain*.
"""

PARTS = (("What", "What it means"), ("Why", "Why it matters"), ("How", "How it is found"),
         ("Remedy", "What to do"), ("Sources", "Sources"))

TAIL = """
# SEE ALSO

*rdna1-doctor*(8)
"""


def escape(text):
    """Text that scdoc takes as it stands."""
    return re.sub(r"([\\_*~<\[#|])", r"\\\1", text)


def main(data, output):
    sys.path.insert(0, data)
    sys.dont_write_bytecode = True
    import compile as knowledge  # noqa: E402

    path = pathlib.Path(data) / "findings.data"
    page = [HEAD]
    for stanza in knowledge.stanzas(path):
        texts = knowledge.fields(path, stanza, knowledge.FINDING_FIELDS)
        page.append(f"# {texts['Id']}\n\n*{escape(texts['Title'])}*\n")
        page += [f"*{name}*\n\n{escape(texts[field])}\n" for field, name in PARTS]
    page.append(TAIL)
    pathlib.Path(output).write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: findings.py DATADIR OUTPUT.scd")
    main(sys.argv[1], sys.argv[2])
