# SPDX-License-Identifier: GPL-2.0-or-later
"""The schemas of the JSON answers, for the tests that validate against them."""

import json


def close(node):
    """No object may have a field that the schema does not describe."""
    if isinstance(node, dict):
        if "properties" in node:
            node["additionalProperties"] = False
        for value in node.values():
            close(value)
    return node


def load(folder, verb):
    """That of a verb, closed; what it takes from check's schema is in it."""
    text = (folder / f"{verb}.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text.replace("check.schema.json#", "#"))
    check = json.loads((folder / "check.schema.json").read_text(encoding="utf-8"))
    schema["$defs"] = {**check["$defs"], **schema.get("$defs", {})}
    return close(schema)


def errors(folder, verb, document):
    """What is wrong with a document: an iterator of jsonschema's errors. Raises ImportError where that
    is missing."""
    import jsonschema

    schema = load(folder, verb)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).iter_errors(document)
