#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints the completion for a shell: completion.py bash|fish|zsh TABLES"""

import importlib
import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True
    import usage

    print(importlib.import_module(sys.argv[1]).script(*usage.read(sys.argv[2])), end="")
