"""A CloudFormation template, alone or with what its stack tells, as what it declares of our resources.

The types are those of CloudFormation's registry: `AWS::BedrockAgentCore::WorkloadIdentity`, `…OAuth2CredentialProvider` and
`…ApiKeyCredentialProvider`; there is none for the token vault. Of a secret nothing is read but where it comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic
from reconciler.errors import InvalidInput
from reconciler.foreign.found import Found, Reading, place_of
from reconciler.foreign.intrinsics import Hidden, Scope, holds
from reconciler.foreign.properties import PROPERTIES, Reader
from reconciler.foreign.templates import Node, compose
from reconciler.model.kinds import kind_of

_LISTS = ("CommaDelimitedList", "List<")
_RETAINS = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What a deployed stack tells. `physical`: ids by logical id. `parameters`: its own, but for those with NoEcho."""

    name: str
    account: str
    region: str
    physical: Mapping[str, str]
    parameters: Mapping[str, str]


def read_cloudformation(
    content: bytes, file: str, *, parameters: Mapping[str, str], deployed: Deployed | None = None
) -> Reading:
    """What the template declares. `parameters` go before its defaults, and before those of the stack.

    Raises InvalidInput for what is no template, for a parameter that it does not declare, and for a name that it does not tell.
    """
    try:
        return _read(content, file, parameters, deployed)
    except RecursionError as error:
        raise InvalidInput(f"{file} nests too deeply to be read", (), "Write the values out.") from error


def _read(content: bytes, file: str, parameters: Mapping[str, str], deployed: Deployed | None) -> Reading:
    template = compose(content, file)
    _check_declared(template, parameters, file)
    scope = _scope(template, parameters, deployed)
    others: Counter[str] = Counter()
    found: list[Found] = []
    notes: list[str] = []
    problems: list[Diagnostic] = []
    for logical, node in scope.section("Resources").items():
        type_ = node.members["Type"].text if "Type" in node.members else ""
        if type_ not in PROPERTIES:
            others[type_ or logical] += 1
            continue
        if not logical.isalnum() or not logical.isascii():
            notes.append("A resource is left out whose logical id has other characters than letters and digits.")
            continue
        reader = Reader(file=file, logical=logical, scope=scope, problems=[])
        try:
            missing = _missing(logical, node, scope, deployed)
        except Hidden as hidden:
            problems.append(reader.problem(hidden, "Condition"))
            continue
        if missing:
            notes.append(missing)
            continue
        one = _found(reader, type_, node, deployed)
        if one is None:
            problems += reader.problems
        else:
            found.append(one)
    if problems:
        summary = f"{file} does not tell everything that is needed; nothing was written"
        raise InvalidInput(summary, problems, confidential=True)
    return Reading(
        found=tuple(sorted(found, key=lambda one: (one.type, one.name, one.source))),
        others=dict(sorted(others.items())),
        instances={one.source: 1 for one in found},
        notes=tuple(notes),
    )


def _check_declared(template: Node, given: Mapping[str, str], file: str) -> None:
    """Raise InvalidInput for a parameter that there is not: it is misspelt."""
    declared = Scope(template=template).section("Parameters")
    for name in given:
        if name not in declared and not name.startswith("AWS::"):
            known = f"It declares: {', '.join(declared)}." if declared else "It declares none."
            raise InvalidInput(f"{file} declares no parameter {name}", (), known)


def _scope(template: Node, given: Mapping[str, str], deployed: Deployed | None) -> Scope:
    declared = Scope(template=template).section("Parameters")
    texts = {name: one.members["Default"].text for name, one in declared.items() if "Default" in one.members}
    texts |= {name: text for name, text in (deployed.parameters if deployed else {}).items() if name in declared}
    texts |= {name: text for name, text in given.items() if name in declared}
    values: dict[str, str | tuple[str, ...]] = {}
    for name, text in texts.items():
        type_ = declared[name].members.get("Type")
        kind = type_.text if type_ else "String"
        if kind.startswith("AWS::SSM::Parameter::Value") and name not in given and not deployed:
            continue  # the text is the name of the parameter, not its value
        values[name] = tuple(text.split(",")) if kind.startswith(_LISTS) or "List<" in kind else text
    silent = frozenset(name for name, one in declared.items() if _says(one, "NoEcho", "true") and name not in given)
    pseudo = {name: text for name, text in given.items() if name.startswith("AWS::")}
    if deployed:
        pseudo = {
            "AWS::AccountId": deployed.account,
            "AWS::Region": deployed.region,
            "AWS::StackName": deployed.name,
            **pseudo,
        }
    physical = deployed.physical if deployed else {}
    return Scope(template=template, parameters=values, silent=silent, physical=physical, pseudo=pseudo)


def _says(node: Node, name: str, text: str) -> bool:
    return name in node.members and node.members[name].text.lower() == text


def _missing(logical: str, node: Node, scope: Scope, deployed: Deployed | None) -> str:
    """Why it is not there, as a sentence; "" where it is. Raises Hidden."""
    if deployed is not None:
        return (
            "" if logical in deployed.physical else f"{logical} is left out: the stack {deployed.name} has not made it."
        )
    condition = node.members.get("Condition")
    if condition is None or holds(condition.text, scope, condition):
        return ""
    return f"{logical} is left out: its condition {condition.text} does not hold."


def _found(reader: Reader, type_: str, node: Node, deployed: Deployed | None) -> Found | None:
    """None where its name cannot be told; `reader.problems` says why."""
    kind = PROPERTIES[type_]
    properties = node.members.get("Properties", Node({}, node.line, node.column)).members
    physical = deployed.physical[reader.logical] if deployed else ""
    account, region = place_of(physical)
    if deployed:
        account, region = account or deployed.account, region or deployed.region
    name = physical.rpartition("/")[2] if physical else reader.name(properties, node)
    wrong = kind_of(kind.type).name.problem(name) if name else None
    if wrong:
        reader.problems.append(reader.problem(Hidden(f"it {wrong}", node), "Properties.Name"))
    if not name or wrong:
        return None
    read = kind.read(reader, properties)
    return Found(
        type=kind.type,
        name=name,
        attributes=read.attributes,
        source=reader.logical,
        block=type_,
        account=account,
        region=region,
        notes=read.notes,
        hidden=tuple(reader.problems),
        secrets=read.secrets,
        retained=any(_says(node, "DeletionPolicy", policy.lower()) for policy in _RETAINS),
    )
