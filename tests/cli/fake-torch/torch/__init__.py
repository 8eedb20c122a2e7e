# SPDX-License-Identifier: GPL-2.0-or-later
"""A torch that computes nothing and fails as it is told to: FAKE_TORCH="HOW@STAGE", where STAGE is that
of data/workload.py. Without it everything passes. FAKE_FILE: where the ways "kernel"
and "environment" write."""

import fcntl
import os
import signal
import subprocess
import sys
import time

__version__ = "0.0-fake"
HOW, _, STAGE = os.environ.get("FAKE_TORCH", "@").partition("@")
STAGE_NOW = sys.argv[1] if len(sys.argv) > 1 else ""


class Anything:
    """Whatever is asked of it is there, can be called, and is itself."""

    def __init__(self, number=0.0):
        self.number = number

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_args, **_options):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def __iter__(self):
        return iter([self, self])

    def __add__(self, _other):
        return self

    __sub__ = __add__

    def item(self):
        return self.number


class Version:
    hip = "5.2"


class Properties:
    gcnArchName = "gfx1030"


class Cuda:
    @staticmethod
    def is_available():
        return HOW != "no-card"

    @staticmethod
    def device_count():
        return 1

    @staticmethod
    def init():
        raise RuntimeError("No HIP GPUs are available")

    @staticmethod
    def get_device_properties(_index):
        return Properties

    @staticmethod
    def get_device_name(_index):
        return "Fake Radeon"

    @staticmethod
    def synchronize(_device):
        pass


class Layers:
    """torch.nn, whose Module is a class that others are made from."""

    class Module(Anything):
        def __init__(self, *_):
            super().__init__(TENSOR.number)

    def __getattr__(self, name):
        return TENSOR


def misbehave():
    if HOW == "hang":
        time.sleep(1000)
    if HOW == "family":  # a child and its child, which hold the output open; none ends by itself
        subprocess.Popen([sys.executable, "-c",
                          "import subprocess, sys, time\n"
                          "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(987)'])\n"
                          "time.sleep(987)"])
        time.sleep(987)
    if HOW == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(1000)
    if HOW == "signal":
        os.write(2, b"Memory access fault by GPU node-1 (Agent handle: 0x55) on address 0x7f00. "
                    b"Reason: Page not present or supervisor privilege.\nand more\n")
        os.abort()
    if HOW == "exception":
        raise RuntimeError("HIP error: the operation cannot be performed in the present state")
    if HOW == "import-error":
        raise ImportError("libamdhip64.so.5: cannot open shared object file")
    if HOW == "status":
        os._exit(42)
    if HOW == "noise":
        os.write(1, b"\x1b[31m@\x00\xff@error nonsense\n@\n@error\n" + b"x" * 100000 + b"\n@why \x1b[1m\n")
        os._exit(1)
    if HOW == "kernel":
        f = os.open(os.environ["FAKE_FILE"], os.O_WRONLY)
        fcntl.fcntl(f, fcntl.F_SETFL, os.O_DIRECT)  # a record is a packet, pipe(2)
        for line in (b"12,1,100,-;amdgpu 0000:03:00.0: amdgpu: ring gfx timeout, signaled seq=1",
                     b"6,2,101,-;usb 1-1: ring gfx timeout, signaled seq=1",
                     b"3,3,102,-;amdgpu 0000:03:00.0: amdgpu: [gfxhub] page fault (src_id:0 ring:24 "
                     b"vmid:8 pasid:32863)\n SUBSYSTEM=pci\n DEVICE=+pci:0000:03:00.0",
                     b"3,4,103,-;amdgpu 0000:03:00.0: amdgpu:  in process python pid 7 thread python "
                     b"pid 7"):
            os.write(f, line + b"\n")
        os.close(f)
    if HOW == "quiet":
        os._exit(0)
    if HOW == "environment":
        uids, gids = os.getresuid(), [*os.getresgid(), *os.getgroups()]
        with open(os.environ["FAKE_FILE"], "w", encoding="utf-8") as f:
            f.write(f"{sorted(set(uids))} {sorted(set(gids))}\n")
            f.writelines(f"{k}={v}\n" for k, v in sorted(os.environ.items()))


IS_NOW = STAGE_NOW == STAGE
TENSOR = Anything(0.5 if HOW == "wrong" and IS_NOW else float("nan") if HOW == "nan" and IS_NOW else 0.0)
version, cuda, nn = Version, Cuda, Layers()
if IS_NOW:
    misbehave()


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return TENSOR
