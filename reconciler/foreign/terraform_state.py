"""A Terraform or OpenTofu state, format version 4, as what it holds of our resources.

The resources are those of the provider hashicorp/aws, which began to have them with 6.17 and has all four since 6.28 at the
latest; their schemas are known up to 6.66. What came since is named in a note and not carried over. Secrets stand in a state in
clear: they are dropped with the parsed JSON, and of a secret only that there is one goes on.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.diagnostics import Diagnostic, Source
from reconciler.errors import InvalidInput
from reconciler.foreign.found import Found, Reading, hidden
from reconciler.foreign.terraform_resources import READERS, Unexpected
from reconciler.model.kinds import kind_of
from reconciler.model.strict_json import Repeated, load_json
from reconciler.model.visible import is_visible

_PULL = (
    "Give it the state itself: `terraform state pull > state.json` (or `tofu state pull`) writes it, from any backend."
)
_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_TEXT = r'"(?:[^"\\]|\\.)*"'
_MODULES = re.compile(rf"(?:module\.[\w-]+(?:\[(?:\d+|{_TEXT})\])?(?:\.(?!$)|$))*")
_NAME = re.compile(r"[\w-]+")
_CONFIGURATION = re.compile(
    rb"\s*(?:#|//|/\*|(?:terraform|provider|resource|data|module|variable|locals|import)\b[^:]*\{)"
)


def read_terraform_state(content: bytes, file: str) -> Reading:
    """What the state holds. Raises InvalidInput for what is no such state, or one whose resources have another shape."""
    try:
        resources = _resources(_parsed(content, file), file)
    except RecursionError:
        raise _no_state(file, "it nests deeper than any state does") from None
    found: list[Found] = []
    notes: list[str] = []
    others: Counter[str] = Counter()
    instances: Counter[str] = Counter()
    for one in resources:
        if one.mode != "managed" or one.type not in READERS:
            others[one.type if one.mode == "managed" else f"data.{one.type}"] += len(one.instances)
            continue
        for instance in one.instances:
            address = _address(one, instance, file)
            if instance.get("deposed"):
                notes.append(f"{address}: a deposed object is left out; Terraform deletes it next.")
                continue
            instances[one.block] += 1
            found.append(_found(one, instance, address, file))
    _check_unique(found, file)
    return Reading(
        found=tuple(sorted(found, key=lambda one: (one.type, one.name, one.source))),
        others=dict(sorted(others.items())),
        instances=dict(sorted(instances.items())),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resource:
    mode: str
    type: str
    address: str  # without an index
    instances: tuple[Mapping[str, Any], ...]

    @property
    def block(self) -> str:
        """The address of its block in the configuration: no instance keys, not those of modules either."""
        return _INDEX.sub("", self.address)


def _parsed(content: bytes, file: str) -> Mapping[str, Any]:
    """The document, once it is certain that it is a state of version 4. Nothing of its content enters a message."""
    try:
        state = load_json(content.decode("utf-8-sig"))
    except Repeated:
        raise _no_state(file, "an object in it says the same key twice") from None
    except json.JSONDecodeError as error:
        if _CONFIGURATION.match(content) or file.endswith((".tf", ".hcl")):
            raise _no_state(file, "it is a configuration: it says what shall be, not what is") from None
        raise _no_state(file, f"it is no JSON (line {error.lineno}, column {error.colno})") from None
    except ValueError:  # not UTF-8, or a number that JSON does not have
        raise _no_state(file, "it is no JSON in UTF-8") from None
    if not isinstance(state, dict):
        raise _no_state(file, "it is no JSON object")
    _check_version(state, file)
    return state


def _check_version(state: Mapping[str, Any], file: str) -> None:
    if "encrypted_data" in state or "encryption_version" in state:
        raise _no_state(file, "it is encrypted by OpenTofu; `tofu state pull` decrypts it")
    if "format_version" in state:
        raise _no_state(file, "it is what `terraform show -json` writes")
    if "backend" in state and "resources" not in state:
        raise _no_state(file, "it only says where the backend is that keeps the state")
    version = state.get("version")
    if version != 4 or isinstance(version, bool):
        said = f"has version {version}" if isinstance(version, int) else "has no version"
        raise _no_state(file, f"it {said}, and 4 is what Terraform 0.12 and later and OpenTofu write")


def _resources(state: Mapping[str, Any], file: str) -> list[_Resource]:
    """Of ours all but the secrets, of the others their type and number."""
    listed = [] if state.get("resources") is None else state["resources"]
    if not isinstance(listed, list):
        raise _no_state(file, "its `resources` is no list")
    return [_resource(raw, number, file) for number, raw in enumerate(listed)]


def _resource(raw: Any, number: int, file: str) -> _Resource:
    if not isinstance(raw, dict):
        raise _no_state(file, f"its resources[{number}] is no object")
    words = {name: raw.get(name, "") for name in ("mode", "type", "name", "module")}
    instances = raw.get("instances") or []
    if not all(isinstance(word, str) for word in words.values()) or not _objects(instances) or not _is_address(words):
        raise _no_state(file, f"its resources[{number}] has another shape than version 4 gives one")
    address = ".".join(filter(None, (words["module"], words["type"], words["name"])))
    ours = words["mode"] == "managed" and words["type"] in READERS
    kept = tuple(instances) if ours else ({},) * len(instances)
    return _Resource(mode=words["mode"], type=words["type"], address=address, instances=kept)


def _is_address(words: Mapping[str, str]) -> bool:
    """Whether the parts make an address as Terraform writes them: they will stand in commands, and in a configuration."""
    named = all(_NAME.fullmatch(words[part]) for part in ("type", "name"))
    return named and is_visible(words["module"]) and _MODULES.fullmatch(words["module"]) is not None


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _address(resource: _Resource, instance: Mapping[str, Any], file: str) -> str:
    """As Terraform writes it, the index included: `module.a["x"].TYPE.NAME[0]`."""
    index = instance.get("index_key")
    if index is None:
        return resource.address
    if isinstance(index, bool) or not isinstance(index, (int, str)):
        raise _no_state(file, f"an instance of {resource.address} has an index that is neither number nor text")
    return f"{resource.address}[{index}]" if isinstance(index, int) else f"{resource.address}[{hcl_key(index)}]"


def hcl_key(key: str) -> str:
    """A text in the quotes in which Terraform's addresses have it."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return '"' + "".join(one if is_visible(one) else f"\\U{ord(one):08x}" for one in escaped) + '"'


def _found(resource: _Resource, instance: Mapping[str, Any], address: str, file: str) -> Found:
    attributes = instance.get("attributes")
    if not isinstance(attributes, dict):
        raise InvalidInput(
            f"{file}: {address} has no attributes in the form that the AWS provider writes",
            (),
            "A state that very old versions left behind is brought up to date by `terraform apply -refresh-only`.",
        )
    try:
        read = READERS[resource.type](attributes)
    except Unexpected as problem:
        raise InvalidInput(
            f"{file}: {address}: {problem}",
            (),
            "As far as it is known (up to 6.66), the AWS provider writes it differently. Report it, with its version.",
        ) from None
    wrong = kind_of(read.type).name.problem(read.name)
    if wrong:
        raise InvalidInput(f"{file}: {address}: its name {wrong}", (), "No such resource can exist.")
    tainted = ("Terraform holds it for tainted: it would have replaced it.",) if instance.get("status") else ()
    return Found(
        type=read.type,
        name=read.name,
        attributes=read.attributes,
        account=read.account,
        region=read.region,
        source=address,
        block=resource.block,
        notes=(*tainted, *read.notes),
        hidden=tuple(_write_only(address, member, file) for member in read.hidden),
    )


def _write_only(address: str, member: str, file: str) -> Diagnostic:
    return hidden(
        f"{address}: {member} is write-only in Terraform, so that its state does not hold it",
        "The directory does: leave out --offline, and it is read there.",
        Source(file),
    )


def _check_unique(found: list[Found], file: str) -> None:
    """Raise InvalidInput where one resource stands in the state twice."""
    for first, second in _twice(found):
        raise InvalidInput(
            f"{file}: {first.source} and {second.source} are the same {first.type}, {first.name}",
            (),
            "One resource has one entry in a manifest. Take one of the two out of the state: `terraform state rm ADDRESS`.",
        )


def _twice(found: list[Found]) -> Iterator[tuple[Found, Found]]:
    seen: dict[tuple[str, ...], Found] = {}
    for one in found:
        first = seen.setdefault((one.type, one.name, one.account, one.region), one)
        if first is not one:
            yield first, one


def _no_state(file: str, why: str) -> InvalidInput:
    return InvalidInput(f"{file} is no Terraform state that can be read: {why}", (), _PULL)
