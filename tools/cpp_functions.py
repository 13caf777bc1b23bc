# SPDX-License-Identifier: Apache-2.0
"""Finds the functions of a C++ file and their lengths, by matching braces.

Each `{` is judged by its head: the text since the last `;`, `{` or `}` around it. At namespace or
class level a head is a namespace, a type, a function or an initializer; everything inside a
function (lambdas, local types, blocks) belongs to that function. This is right for formatted code
like ours, not for every C++ there is: macros that open braces are beyond it.
"""

import re
from dataclasses import dataclass

from cpp_source import line_of, masked


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    length: int  # lines from the signature to the closing brace, both included


@dataclass
class Scope:
    kind: str  # "names" (file, namespace, type), "function" or "other" (initializer, requires, ...)
    head: int  # where the text that belongs to the next brace starts
    start: int  # where its own head started
    name: str = ""


def functions(text: str) -> list[Function]:
    code = without_preprocessor(masked(text))
    found: list[Function] = []
    scopes = [Scope("names", head=0, start=0)]
    for match in re.finditer(r"[{};]", code):
        here, token, top = match.start(), match.group(), scopes[-1]
        if token == "{":
            scopes.append(opened(code, top, here))
        elif token == ";":
            top.head = here + 1
        elif len(scopes) > 1:
            scopes.pop()
            if top.kind == "function":
                first = line_of(code, top.start)
                found.append(Function(top.name, first, line_of(code, here) - first + 1))
            if top.kind != "other":
                # An initializer may be part of a longer head: Mutex() : fd_{-1}, owner_{} { ... }
                scopes[-1].head = here + 1
    return sorted(found, key=lambda f: f.line)


def opened(code: str, around: Scope, brace: int) -> Scope:
    """The scope that this brace opens."""
    if around.kind != "names":
        return Scope("other", head=brace + 1, start=brace)
    raw = code[around.head : brace]
    kind, name = judge(raw)
    start = around.head + signature_offset(raw)
    return Scope(kind, head=brace + 1, start=start, name=name)


# Where a signature starts: behind blanks and behind `public:` of the class around it.
LEADING = re.compile(r"\s*(?:(?:public|protected|private)\s*:\s*)*")
# Words whose parentheses are not a parameter list.
WRAPPERS = re.compile(r"\b(?:alignas|decltype|noexcept|explicit|requires|__attribute__)\s*\(")
OPERATOR = re.compile(r"\boperator\s*(\(\s*\)|\[\s*\]|[^\s\w(]+|\"\"\s*\w+)")
TYPE = re.compile(r"(?:typedef\s+)?(?:class|struct|union|enum)\b")
# What may stand between a parameter list, or a list of member initializers, and the body.
BEFORE_BODY = re.compile(
    r"[)}](?:\s*\b(?:const|volatile|noexcept|override|final|try|[A-Z_]+)\b|\s*&&?)*\s*"
    r"(?:->.*|requires\b.*)?$",
    re.DOTALL,
)
LAMBDA = re.compile(r"\[[^\[\]]*\]\s*(?:<[^{}]*>)?\s*(?:\(.*\))?[^()]*$", re.DOTALL)


def signature_offset(raw: str) -> int:
    return LEADING.match(raw).end()


def judge(raw: str) -> tuple[str, str]:
    """(kind of scope, name of the function if it is one) for the head before a brace."""
    head = simplified(raw[signature_offset(raw) :])
    if re.match(r"(?:inline\s+)?namespace\b", head) or re.match(r"extern\s+\"\s*\"\s*$", head):
        return "names", ""
    if head.count("(") != head.count(")"):
        return "other", ""  # a braced argument: make(Bar{...}
    outer = outside_parentheses(head)
    if "=" in outer:
        value = head[outer.index("=") + 1 :]
        is_lambda = LAMBDA.match(value.strip()) is not None
        name = outer[: outer.index("=")].split()[-1:]
        return ("function", name[0] if name else "") if is_lambda else ("other", "")
    if TYPE.match(head):
        return "names", ""
    if "(" not in head:
        return "other", ""
    if in_initializer_list(outer) or not BEFORE_BODY.search(outer):
        return "other", ""
    return "function", name_before_parameters(head)


def simplified(head: str) -> str:
    """The head without what only confuses: attributes, template parameters, signs of operators."""
    while re.search(r"\{[^{}]+\}", head):
        head = re.sub(r"\{[^{}]+\}", "{}", head)  # initializers of members before this brace
    head = re.sub(r"\[\[.*?\]\]", " ", head, flags=re.DOTALL).strip()
    while head.startswith("template"):
        head = head[closing(head, head.index("<"), "<>") + 1 :].strip()
    head = OPERATOR.sub("operator_", head)
    while match := WRAPPERS.search(head):
        head = head[: match.start()] + head[closing(head, match.end() - 1, "()") + 1 :]
    return head.strip()


def closing(text: str, start: int, pair: str) -> int:
    """Offset of the bracket that closes the one at start; the end of the text if none does."""
    depth = 0
    for offset in range(start, len(text)):
        if text[offset] == pair[0]:
            depth += 1
        elif text[offset] == pair[1] and text[offset - 1] != "-":
            depth -= 1
            if depth == 0:
                return offset
    return len(text) - 1


def outside_parentheses(head: str) -> str:
    """The head with what stands inside parentheses blanked, the outer parentheses kept."""
    kept, depth = [], 0
    for char in head:
        depth -= char == ")"
        kept.append(" " if depth else char)
        depth += char == "("
    return "".join(kept)


def in_initializer_list(outer: str) -> bool:
    """True for the brace after `fd_` in `Mutex() : fd_{-1}`: a name directly after `:` or `,`."""
    return re.search(r"(?<!:):(?!:)(?:.*,)?\s*[\w:<>]+\s*$", outer, re.DOTALL) is not None


def name_before_parameters(head: str) -> str:
    match = re.search(r"([~\w:]+)\s*(?:<[^()]*>)?\s*\(([^)]*)\)", head)
    if not match:
        return "?"
    if re.fullmatch(r"TEST(_[FP])?|BENCHMARK\w*", match[1]):
        return f"{match[1]}({' '.join(match[2].split())})"
    return match[1]


DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w*)(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)


def without_preprocessor(code: str) -> str:
    """Blanks directives, and all but the first branch of #if: the branches may share their braces."""
    kept, end, depth, skipped_from = [], 0, 0, None
    for match in DIRECTIVE.finditer(code):
        between = code[end : match.start()]
        kept.append(blank(between) if skipped_from is not None else between)
        kept.append(blank(match.group()))
        end = match.end()
        word = match[1]
        if word.startswith("if"):
            depth += 1
        elif word.startswith("el") and skipped_from is None:
            skipped_from = depth
        elif word == "endif":
            if skipped_from == depth:
                skipped_from = None
            depth -= 1
    kept.append(code[end:])
    return "".join(kept)


def blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
