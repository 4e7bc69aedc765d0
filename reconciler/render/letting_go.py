"""How another tool lets go of what we manage now, without deleting it: the very text to use there. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from reconciler.foreign.found import Found, Reading
from reconciler.render import hcl

_LISTED = 20
_REMOVED_HEAD = """\
# Terraform lets go of these and leaves them standing. Take their resource blocks out of the configuration, put this file in
# their place, and apply; then this file can go, too. Terraform 1.7 or later.
"""


def removed_blocks(reading: Reading, taken: Sequence[Found]) -> str:
    """A file of `removed` blocks for what was taken; "" where not one block may be let go of as a whole.

    Such a block speaks of every instance of a resource. Where some were not taken, `state_rm_lines` names those that were.
    """
    whole = _whole(reading, taken)
    if not whole:
        return ""
    lines = [_REMOVED_HEAD.rstrip("\n")]
    for block in sorted(whole):
        lifecycle = hcl.block("lifecycle", hcl.attributes([("destroy", False)], 4), 2)
        lines += ["", *hcl.block("removed", [*hcl.attributes([("from", hcl.Raw(block))], 2), "", *lifecycle])]
    return "\n".join(lines) + "\n"


def state_rm_lines(reading: Reading, taken: Sequence[Found], *, all_of_them: bool = False) -> list[str]:
    """Commands for a shell that take instances out of the state: those that no `removed` block speaks of, or all of them."""
    whole = set() if all_of_them else _whole(reading, taken)
    return [f"terraform state rm {shlex.quote(one.source)}" for one in taken if one.block not in whole]


def _whole(reading: Reading, taken: Sequence[Found]) -> set[str]:
    counts = Counter(one.block for one in taken)
    return {block for block, count in counts.items() if count == reading.instances.get(block, count)}


def terraform_farewell(reading: Reading, taken: Sequence[Found], *, removed_file: str = "") -> str:
    """What to do over there, in words and commands. `removed_file`: where the `removed` blocks were written to, if at all."""
    lines = [
        "Terraform holds them still: its next apply may take off the ownership tag, and undoes what is changed here.",
        "Let it go of them without deleting anything:",
    ]
    text = removed_blocks(reading, taken)
    if removed_file and text:
        lines += [
            "",
            f"Take their resource blocks out of the configuration, put {removed_file} beside it, and apply (1.7 or later). "
            "Look at its plan: it says that they will no longer be managed, and that nothing is destroyed.",
        ]
    elif text:
        lines += ["", *text.rstrip("\n").split("\n")]
    rest = state_rm_lines(reading, taken)
    if rest:
        lines += [
            "",
            "Of these only some instances were taken over. Take those out of `count` or `for_each`, and in the same step:",
            "",
            *rest,
        ]
    if text:
        every = state_rm_lines(reading, taken, all_of_them=True)
        more = [f"# … and {len(every) - _LISTED} more"] if len(every) > _LISTED else []
        lines += [
            "",
            "Before 1.7, or with OpenTofu (`tofu`): take the resource blocks out, and in the same step",
            "",
            *every[:_LISTED],
            *more,
        ]
    return "\n".join(lines) + "\n"


def cloudformation_farewell(taken: Sequence[Found], *, stack: str, as_json: bool) -> str:
    """What to do in the template. `stack`: its stack's name, "" where it is not known. `as_json`: the template is JSON."""
    quoted = shlex.quote(stack) if stack else "STACK"
    loose = [one for one in taken if not one.retained]
    lines = [
        "CloudFormation holds them still: deleting the stack, or taking them out of it as they are, would delete them.",
        "Let it go of them in two deployments:",
        "",
    ]
    if loose:
        lines += [
            f"1. Have it keep them. Add the policies to {'these resources' if len(loose) > 1 else 'this resource'} and deploy:",
            "",
            *_policies(loose, as_json=as_json),
            "",
            "   If it answers that no updates are to be performed, change a resource's Metadata along with it. Then look at",
            f"   what is deployed: aws cloudformation get-template --stack-name {quoted}",
        ]
    else:
        lines += ["1. Nothing: all of them have a DeletionPolicy that keeps them."]
    if len(loose) < len(taken) and loose:
        kept = ", ".join(one.source for one in taken if one.retained)
        lines += [f"   Kept already, by their DeletionPolicy: {kept}."]
    names = ", ".join(one.source for one in taken)
    lines.append(
        f"2. Take {names} out of the template, with every !Ref, !GetAtt and output of theirs, and deploy again. They stay."
    )
    return "\n".join(lines) + "\n"


def _policies(resources: Sequence[Found], *, as_json: bool) -> list[str]:
    """What to add, in the template's own language."""
    if not as_json:
        added = ["    DeletionPolicy: Retain", "    UpdateReplacePolicy: Retain"]
        heads = [[f"  {one.source}:", f"    Type: {one.block}"] for one in resources]
        return ["Resources:", *(line for head in heads for line in (*head, *added))]
    members = [
        f'    "{one.source}": {{"Type": "{one.block}", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}}'
        for one in resources
    ]
    return ['  "Resources": {', *(f"{line}," for line in members[:-1]), members[-1], "  }"]
