#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns the knowledge in data/ into one C file: compile.py DATADIR OUTPUT.c

A .data file holds stanzas separated by empty lines; a stanza is a list of "Field: value" lines. A
line that starts with a space goes on from the one before, a line with a lone dot in it is a
paragraph break, # starts a comment line.
"""

import pathlib
import re
import sys

FINDING_FIELDS = ("Id", "Title", "Problem", "What", "Why", "How", "Remedy", "Sources")
MESSAGE_FIELDS = ("Message", "Id", "Priority", "Subject", "Text")
PARAMETER_FIELDS = ("Parameter", "Value", "Effect", "Source")
LEFTOVER_FIELDS = ("Leftover", "Kind", "Paths", "Effect")
STRINGS_MAX = 4  # RD_LEFTOVER_STRINGS_MAX
VARIABLE_FIELDS = ("Variable", "Does", "Note", "Source")
PROFILES_MAX = 4  # RD_PROFILES_MAX
STACKS = {"torch": "RD_STACK_TORCH", "blas": "RD_STACK_BLAS"}
STAGE_FIELDS = ("Stage", "Title", "Needed", "Seconds")
CRITERION_FIELDS = ("Criterion", "Title", "Stages", "Kernel-log")
SIGNATURE_FIELDS = ("Signature", "Log", "Kind", "Title", "Source")
TEXTS_MAX = 12  # RD_LOG_TEXTS_MAX
YES_NO = {"yes": "true", "no": "false"}
LOGS = {"kernel": "RD_LOG_KERNEL", "program": "RD_LOG_PROGRAM"}
LOG_KINDS = {"fault": "RD_LOG_FAULT", "refusal": "RD_LOG_REFUSAL", "detail": "RD_LOG_DETAIL"}
CLASSES = {"rdna1": "RD_CHIP_RDNA1", "declined": "RD_CHIP_DECLINED", "not-gpu": "RD_CHIP_NOT_GPU"}


def die(path, number, message):
    sys.exit(f"{path}:{number}: {message}")


def stanzas(path):
    """Yields lists of (line number, field, value)."""
    stanza = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza = []
        elif line.startswith(" "):
            if not stanza:
                die(path, number, "a continuation line without a field before it")
            start, field, value = stanza[-1]
            more = line.strip()
            joined = value + "\n\n" if more == "." else (
                value + more if value.endswith("\n") or not value else value + " " + more)
            stanza[-1] = (start, field, joined)
        elif ":" in line:
            field, value = line.split(":", 1)
            stanza.append((number, field, value.strip()))
        else:
            die(path, number, "expected 'Field: value'")
    if stanza:
        yield stanza


def fields(path, stanza, wanted):
    """The stanza as a dict with exactly the wanted fields."""
    found = {}
    for number, field, value in stanza:
        if field not in wanted:
            die(path, number, f"unknown field {field}")
        if field in found:
            die(path, number, f"field {field} twice")
        if not value:
            die(path, number, f"field {field} is empty")
        found[field] = value
    for field in wanted:
        if field not in found:
            die(path, stanza[0][0], f"field {field} is missing")
    return found


def quote(text):
    """A C string literal; octal escapes, so that nothing after them is swallowed."""
    if text is None:
        return "NULL"
    out = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif char == "\t":
            out.append("\\t")
        elif 0x20 <= byte < 0x7F and char != "?":
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def devices(path):
    rows, ids = [], set()
    for stanza in stanzas(path):
        chip = gfx = kind = None
        device = None
        for number, field, value in stanza:
            key, _, name = value.partition(" ")
            if field == "Chip":
                chip = value
            elif field == "Gfx":
                gfx = value
            elif field == "Class":
                if value not in CLASSES:
                    die(path, number, f"unknown class {value}")
                kind = CLASSES[value]
            elif field in ("Device", "Revision"):
                if field == "Device":
                    device = int(key, 16)
                elif device is None:
                    die(path, number, "Revision before Device")
                revision = f"{{ .known = true, .v = 0x{key} }}" if field == "Revision" else "{ 0 }"
                rows.append(f"\t{{ .device = 0x{device:04x}, .revision = {revision}, "
                            f".chip_class = {kind}, .chip = {quote(chip)}, .gfx = {quote(gfx)}, "
                            f".name = {quote(name or None)} }},")
                if kind == "RD_CHIP_RDNA1":
                    ids.add(device)
            else:
                die(path, number, f"unknown field {field}")
        if not (chip and kind):
            die(path, stanza[0][0], "a stanza needs Chip and Class")
    return rows, sorted(ids)


def leftovers(path):
    """One row a stanza; String may stand in it several times, or not at all."""
    for stanza in stanzas(path):
        strings = [value for _, field, value in stanza if field == "String"]
        rest = fields(path, [line for line in stanza if line[1] != "String"], LEFTOVER_FIELDS)
        if len(strings) > STRINGS_MAX:
            die(path, stanza[0][0], f"more than {STRINGS_MAX} strings")
        if rest["Kind"] not in ("file", "library"):
            die(path, stanza[0][0], f"unknown kind {rest['Kind']}")
        yield (f"\t{{ .is_library = {str(rest['Kind'] == 'library').lower()}, "
               f".paths = {quote(rest['Paths'])}, .effect = {quote(rest['Effect'])}, "
               f".strings = {{ {', '.join(map(quote, strings)) or '0'} }} }},")


def profile_values(path, stanza, names):
    """The value of a variable in each profile, None where it must not be set."""
    values = {}
    for number, field, rest in stanza:
        name, _, value = rest.partition(" ")
        # Values need no quoting in any of the formats that they are written in.
        if name not in names or name in values or (
                not re.fullmatch(r"[A-Za-z0-9._:-]+", value) if field == "Value" else value):
            die(path, number, f"expected once for each profile: {field}: PROFILE...")
        values[name] = value or None
    if set(values) != set(names):
        die(path, stanza[0][0], "a profile is missing")
    return [values[name] for name in names]


def profiles(path):
    """The rows of the profiles and of their variables."""
    kinds, variables = [], []
    for stanza in stanzas(path):
        if stanza[0][1] == "Profile":
            kinds.append(fields(path, stanza, ("Profile", "Title", "Purpose")))
            continue
        values = profile_values(path, [line for line in stanza if line[1] in ("Value", "Unset")],
                                [kind["Profile"] for kind in kinds])
        rest = [line for line in stanza if line[1] not in ("Value", "Unset", "PerNode")]
        found = fields(path, rest, VARIABLE_FIELDS)
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", found["Variable"]):
            die(path, stanza[0][0], "no name of a variable")
        per_node = any(field == "PerNode" for _, field, _ in stanza)
        variables.append(
            f"\t{{ .name = {quote(found['Variable'])}, "
            f".values = {{ {', '.join(map(quote, values))} }}, .does = {quote(found['Does'])}, "
            f".note = {quote(found['Note'])}, .source = {quote(found['Source'])}, "
            f".is_per_node = {str(per_node).lower()} }},")
    if not kinds or len(kinds) > PROFILES_MAX:
        die(path, 1, f"1 to {PROFILES_MAX} profiles")
    return [f"\t{{ .name = {quote(k['Profile'])}, .title = {quote(k['Title'])}, "
            f".purpose = {quote(k['Purpose'])} }}," for k in kinds], variables


def stacks(path):
    for stanza in stanzas(path):
        found = fields(path, stanza, ("Stack", "Kind", "Paths"))
        if found["Kind"] not in STACKS:
            die(path, stanza[0][0], f"unknown kind {found['Kind']}")
        yield f"\t{{ .kind = {STACKS[found['Kind']]}, .paths = {quote(found['Paths'])} }},"


def settings(path):
    """All patterns of all stanzas, one a row."""
    for stanza in stanzas(path):
        for pattern in fields(path, stanza, ("Settings", "Paths"))["Paths"].split():
            yield f"\t{quote(pattern)},"


def chosen(path, stanza, words, value):
    """What stands in C for one of a few words."""
    if value not in words:
        die(path, stanza[0][0], f"{value} is none of {', '.join(words)}")
    return words[value]


def workload(path):
    """The rows of the stages, and those of the criteria."""
    stages, criteria, names = [], [], set()
    for stanza in stanzas(path):
        if stanza[0][1] == "Stage":
            s = fields(path, stanza, STAGE_FIELDS)
            names.add(s["Stage"])
            stages.append(f"\t{{ .name = {quote(s['Stage'])}, .title = {quote(s['Title'])}, "
                          f".is_needed = {chosen(path, stanza, YES_NO, s['Needed'])}, "
                          f".seconds = {int(s['Seconds'])} }},")
        else:
            c = fields(path, stanza, CRITERION_FIELDS)
            if set(c["Stages"].split()) - names:
                die(path, stanza[0][0], "a stage that is none")
            criteria.append(f"\t{{ .name = {quote(c['Criterion'])}, .title = {quote(c['Title'])}, "
                            f".stages = {quote(c['Stages'])}, "
                            f".wants_log = {chosen(path, stanza, YES_NO, c['Kernel-log'])} }},")
    return stages, criteria


def log_signatures(path):
    """One row a stanza; Text stands in it once or more."""
    for stanza in stanzas(path):
        texts = [value for _, field, value in stanza if field == "Text"]
        s = fields(path, [line for line in stanza if line[1] != "Text"], SIGNATURE_FIELDS)
        if not 0 < len(texts) <= TEXTS_MAX:
            die(path, stanza[0][0], f"wanted are 1 to {TEXTS_MAX} texts")
        yield (f"\t{{ .name = {quote(s['Signature'])}, .title = {quote(s['Title'])}, "
               f".log = {chosen(path, stanza, LOGS, s['Log'])}, "
               f".kind = {chosen(path, stanza, LOG_KINDS, s['Kind'])}, "
               f".source = {quote(s['Source'])}, "
               f".texts = {{ {', '.join(map(quote, texts))} }} }},")


def messages(path):
    """The stanzas of messages.data."""
    found = [fields(path, stanza, MESSAGE_FIELDS) for stanza in stanzas(path)]
    for message in found:
        if len(message["Id"]) != 32 or not set(message["Id"]) <= set("0123456789abcdef"):
            die(path, 0, f"no message id: {message['Id']}")
    return found


def table(out, ctype, name, rows):
    out.append(f"static const {ctype} {name}[] = {{")
    out.extend(rows)
    out.append("};\n")


def accessor(out, ctype, name, array):
    out += [f"{ctype}{name}(size_t *np)", "{",
            f"\t*np = sizeof({array}) / sizeof({array}[0]);", f"\treturn {array};", "}\n"]


def main(data, output):
    data = pathlib.Path(data)
    out = ["/* Made by data/compile.py from the files beside it: change those. */", "",
           "#include <stdbool.h>", "", '#include "model/data.h"', '#include "model/profile.h"', ""]

    rows, ids = devices(data / "devices.data")
    table(out, "struct rd_device", "devices", rows)
    table(out, "uint16_t", "rdna1_ids", [f"\t0x{i:04x}," for i in ids])

    path = data / "patches.data"
    found = [fields(path, s, ("Patch", "Title", "String")) for s in stanzas(path)]
    table(out, "struct rd_patch_string", "patch_strings",
          [f"\t{{ .patch = {quote(p['Patch'])}, .title = {quote(p['Title'])}, "
           f".text = {quote(p['String'])} }}," for p in found])

    path = data / "parameters.data"
    found = [fields(path, s, PARAMETER_FIELDS) for s in stanzas(path)]
    table(out, "struct rd_recipe_parameter", "recipe_parameters",
          [f"\t{{ .name = {quote(p['Parameter'])}, .value = {quote(p['Value'])}, "
           f".effect = {quote(p['Effect'])}, .source = {quote(p['Source'])} }}," for p in found])

    table(out, "struct rd_leftover_sign", "leftover_signs", leftovers(data / "leftovers.data"))

    kinds, variables = profiles(data / "profiles.data")
    table(out, "struct rd_profile_kind", "profiles", kinds)
    table(out, "struct rd_profile_variable", "profile_variables", variables)
    table(out, "struct rd_stack_place", "stack_places", stacks(data / "stacks.data"))
    table(out, "char *const", "setting_places", settings(data / "settings.data"))
    stages, criteria = workload(data / "workload.data")
    table(out, "struct rd_stage", "stages", stages)
    table(out, "struct rd_criterion", "criteria", criteria)
    table(out, "struct rd_log_signature", "log_signatures",
          log_signatures(data / "kernel-log.data"))

    path = data / "scope.data"
    table(out, "char *const", "crat_functions",
          [f"\t{quote(value)}," for s in stanzas(path) for _, _, value in s])

    path = data / "dkms-set.data"
    table(out, "char *const", "dkms_set",
          [f"\t{quote(value)}," for s in stanzas(path) for _, _, value in s])

    path = data / "findings.data"
    found = [fields(path, s, FINDING_FIELDS) for s in stanzas(path)]
    table(out, "struct rd_finding_text", "findings",
          ["\t{ " + ", ".join(f".{k.lower()} = {quote(f[k])}" for k in FINDING_FIELDS) + " },"
           for f in found])

    table(out, "struct rd_message", "journal_messages",
          [f"\t{{ .name = {quote(m['Message'])}, .id = {quote(m['Id'])}, "
           f".priority = {int(m['Priority'])} }}," for m in messages(data / "messages.data")])

    accessor(out, "const struct rd_message *", "rd_data_messages", "journal_messages")
    accessor(out, "const struct rd_device *", "rd_data_devices", "devices")
    accessor(out, "const uint16_t *", "rd_data_rdna1_ids", "rdna1_ids")
    accessor(out, "const struct rd_patch_string *", "rd_data_patch_strings", "patch_strings")
    accessor(out, "const char *const *", "rd_data_crat_functions", "crat_functions")
    accessor(out, "const char *const *", "rd_data_dkms_set", "dkms_set")
    accessor(out, "const struct rd_recipe_parameter *", "rd_data_recipe_parameters",
             "recipe_parameters")
    accessor(out, "const struct rd_leftover_sign *", "rd_data_leftover_signs", "leftover_signs")
    accessor(out, "const struct rd_profile_kind *", "rd_data_profiles", "profiles")
    accessor(out, "const struct rd_profile_variable *", "rd_data_profile_variables",
             "profile_variables")
    accessor(out, "const struct rd_stack_place *", "rd_data_stack_places", "stack_places")
    accessor(out, "const char *const *", "rd_data_setting_places", "setting_places")
    accessor(out, "const struct rd_stage *", "rd_data_stages", "stages")
    accessor(out, "const struct rd_criterion *", "rd_data_criteria", "criteria")
    accessor(out, "const struct rd_log_signature *", "rd_data_log_signatures", "log_signatures")
    accessor(out, "const struct rd_finding_text *", "rd_data_findings", "findings")

    for name in ("find_subtype_mem", "kfd_parse_subtype", "kfd_parse_subtype_mem"):
        stock = (data / f"{name}.stock").read_text(encoding="utf-8")
        out += [f"const char *rd_data_stock_{name.removeprefix('kfd_')}(void)", "{", "\treturn"]
        out += [f"\t\t{quote(line)}" for line in stock.splitlines(keepends=True)]
        out += ["\t\t;", "}"]
    pathlib.Path(output).write_text("\n".join(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: compile.py DATADIR OUTPUT.c")
    main(sys.argv[1], sys.argv[2])
