#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One stage of `rdna1-doctor test`: workload.py STAGE DEVICE

Does on the card what PyTorch programs do (DEVICE: cuda, cuda:N; cpu to try this file itself), in
single precision, and holds the result against the processor's, in double precision. Weights and
input are the same on every machine. Each stage is run in a process of its own, which may hang or
be killed; what it has to say goes to standard output at once, as lines "@WORD TEXT":

    @error, @limit   largest difference to the processor, relative to the largest value; the most
                     that rounding explains
    @seconds         time of the work on the device alone, PASSES times
    @torch, @python, @card, @arch   versions, and what the card calls itself
    @why             a reason for a failure; there may be several
    @passed          the stage's name, if all is well: an exit status of 0 alone may be a library's
"""

import copy
import getpass
import glob
import math
import os
import platform
import sys
import time

PASSES = 10  # in one process; the first one searches and compiles
SINGLE = 1e-3  # one convolution: some 1e-6 is usual, Winograd's transforms lose more
STACKED = 1e-2  # many layers on each other
OK, WRONG, NO_TORCH, NO_DEVICE = 0, 10, 11, 12  # exit codes; 1 is Python's own, for an exception


def say(word, text):
    # The line end comes first: a library may have left a line of its own unfinished.
    os.write(1, f"\n@{word} {' '.join(str(text).split())}\n".encode())


def import_torch():
    try:
        import torch
    except ModuleNotFoundError as e:
        if e.name != "torch":
            raise
        say("why", f"{sys.executable} has no module torch")
        sys.exit(NO_TORCH)
    return torch


# --- The device ------------------------------------------------------------------------------------

def reasons(torch):
    """Why there is no card, as far as it can be seen from here."""
    if not getattr(torch.version, "hip", None):
        yield f"torch {torch.__version__} was built without ROCm"
    if not os.path.exists("/dev/kfd"):
        yield "there is no /dev/kfd: amdgpu is not loaded, or refuses the card for compute work"
    nodes = glob.glob("/dev/dri/renderD*")
    if not nodes:
        yield "there is no /dev/dri/renderD*: no driver has taken a card"
    for path in ["/dev/kfd", *nodes]:
        if os.path.exists(path) and not os.access(path, os.R_OK | os.W_OK):
            yield f"{getpass.getuser()} may not open {path}: a matter of the groups render and video"
    try:
        torch.cuda.init()
    except Exception as e:  # whatever it is, it is what we are looking for
        yield f"torch says: {e}"


def find_device(torch, name):
    if name == "cpu":
        say("card", f"the processor ({platform.machine()})")
        return OK
    index = int(name.partition(":")[2] or 0)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if index >= count:
        if count:
            say("why", f"torch sees {count} card(s), counted from 0, and {name} is none of them")
        for reason in reasons(torch) if not count else ():
            say("why", reason)
        return NO_DEVICE
    properties = torch.cuda.get_device_properties(index)
    say("card", torch.cuda.get_device_name(index))
    if getattr(properties, "gcnArchName", None):
        say("arch", properties.gcnArchName)
    return OK


def stage_import(torch, _device):
    say("torch", torch.__version__)
    say("python", platform.python_version())
    return OK


def stage_device(torch, device):
    """It is there, and what is copied to it, added there and copied back is right."""
    code = find_device(torch, device)
    if code:
        return code
    numbers = torch.arange(1024, dtype=torch.float32)
    return judge(torch, [numbers.to(device) + 1], [numbers.double() + 1], SINGLE)


# --- Comparing -------------------------------------------------------------------------------------

def deviation(results, references):
    """The largest difference in any tensor, relative to the largest value that it should have."""
    worst = 0.0
    for result, reference in zip(results, references):
        difference = (result.detach().cpu().double() - reference.detach()).abs().max().item()
        scale = reference.detach().abs().max().item() or 1.0
        if not math.isfinite(difference):
            return math.inf
        worst = max(worst, difference / scale)
    return worst


def judge(_torch, results, references, limit, error=0.0):
    error = max(error, deviation(results, references))
    say("error", f"{error:.3g}")
    say("limit", f"{limit:.3g}")
    return OK if error <= limit else WRONG


def wait_for(torch, device):
    if device != "cpu":
        torch.cuda.synchronize(device)


def forward(torch, device, module, shape, limit):
    """The same input PASSES times through a module, each result compared."""
    torch.manual_seed(1010)
    module.eval()
    data = torch.randn(*shape)
    with torch.no_grad():
        reference = copy.deepcopy(module).double()(data.double())
        on_device, data = module.to(device), data.to(device)
        error, spent = 0.0, 0.0
        for _ in range(PASSES):
            start = time.monotonic()
            result = on_device(data)
            wait_for(torch, device)
            spent += time.monotonic() - start
            error = max(error, deviation([result], [reference]))
    say("seconds", f"{spent:.3f}")
    return judge(torch, [result], [reference], limit, error)


# --- The stages ------------------------------------------------------------------------------------

def convolution(size, channels, **options):
    """A stage: one layer of convolution on pictures of size x size."""
    def run(torch, device):
        torch.manual_seed(1010)
        layer = torch.nn.Conv2d(channels, 64, **options)
        return forward(torch, device, layer, (1, channels, size, size), SINGLE)
    return run


def stack(torch):
    """The layers of ResNet-18 in small: 7x7, normalisation, pooling, two blocks with a bypass."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, before, after, stride):
            super().__init__()
            self.path = nn.Sequential(
                nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after),
                nn.ReLU(), nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after))
            self.bypass = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

        def forward(self, x):
            return torch.relu(self.path(x) + self.bypass(x))

    torch.manual_seed(1010)
    return nn.Sequential(
        nn.Conv2d(3, 32, 7, 2, 3, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.MaxPool2d(3, 2, 1), Block(32, 32, 1), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def stage_resnet(torch, device):
    return forward(torch, device, stack(torch), (2, 3, 224, 224), STACKED)


def train(torch, model, data, labels):
    """One step; the loss, all gradients, and all parameters after it."""
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = torch.nn.functional.cross_entropy(model(data), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return [loss, *(p.grad for p in model.parameters()), *model.parameters()]


def stage_training(torch, device):
    model = stack(torch)
    data, labels = torch.randn(4, 3, 64, 64), torch.tensor([1, 3, 5, 7])
    references = train(torch, copy.deepcopy(model).double(), data.double(), labels)
    model, data, labels = model.to(device), data.to(device), labels.to(device)
    start = time.monotonic()
    results = train(torch, model, data, labels)
    wait_for(torch, device)
    say("seconds", f"{time.monotonic() - start:.3f}")
    return judge(torch, results, references, STACKED)


STAGES = {
    "import": stage_import,
    "device": stage_device,
    "conv1x1": convolution(32, 64, kernel_size=1),
    "conv3x3-32": convolution(32, 64, kernel_size=3, padding=1),
    "conv3x3-44": convolution(44, 64, kernel_size=3, padding=1),  # where hangs begin
    "conv7x7-224": convolution(224, 3, kernel_size=7, stride=2, padding=3),
    "resnet": stage_resnet,
    "training": stage_training,
}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in STAGES:
        sys.exit(f"usage: workload.py {'|'.join(STAGES)} cuda|cuda:N|cpu")
    # Nothing beside this file is a module.
    sys.path[:] = [p for p in sys.path if p != os.path.dirname(os.path.abspath(__file__))]
    code = STAGES[sys.argv[1]](import_torch(), sys.argv[2])
    if code == OK:
        say("passed", sys.argv[1])
    sys.exit(code)


if __name__ == "__main__":
    main()
