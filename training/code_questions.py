"""Questions about source code, made by rule from its definitions: where, of what type, with what parameters, what for.

A passage is shown as the reader shows a codebase's: the file's path, then its lines as one. What is asked
stands there, or is of another file and not answered.
"""

import re

import prompts as p
from tasks import load, one_line

FILES = ("code_python", "code_go_rust")
MOST_FILES = 4000  # of each: more say nothing new about the forms
LONGEST_FILE = 60_000  # characters
PASSAGE = (400, 1300)  # characters, from and to
UNIT_LINES = 6  # of a unit of code (Sources/Retrieval/Text/TextUnits.swift)
LONGEST_PURPOSE = 140
DEFINITIONS = [re.compile(pattern) for pattern in (
    r"^\s*(?:async )?def (?P<name>\w+)\((?P<parameters>.*)\)(?:\s*->\s*(?P<returns>[^:]+(?:\[.*\])?))?:\s*$",
    r"^func (?:\([^)]*\) )?(?P<name>\w+)\((?P<parameters>[^)]*)\)\s*(?P<returns>[^{]*?)\s*\{$",
    r"^\s*(?:pub(?:\([^)]*\))? )?(?:async |unsafe |const )*fn (?P<name>\w+)(?:<[^>]*>)?\((?P<parameters>.*)\)"
    r"(?:\s*->\s*(?P<returns>[^{]+?))?\s*\{$")]
BRACKETS = re.compile(r"\[[^][]*\]|\([^()]*\)")
WHERE = ("In which file is the function {} defined?", "Which file defines the function {}?", "Where is {} defined?", "What file is {} in?")
TYPE = ("What type does the function {} return?", "What is the return type of {}?", "What does the function {} return?")
PARAMETERS = ("Which parameters does the function {} take?", "What are the parameters of {}?", "What arguments does {} take?")
PURPOSE = ("What does the function {} do?", "What is {} for?")


class Definition:
    """A function's first line: `line` its number, the rest as it stands there, empty where it does not."""

    def __init__(self, lines, line, found):
        self.line, self.name = line, found["name"]
        self.returns = one_line(found["returns"] or "")
        bare = BRACKETS.sub("", BRACKETS.sub("", found["parameters"]))
        self.parameters = ", ".join(name for name in map(self._parameter, bare.split(",")) if name)
        self.purpose = self._purpose(lines, line)

    @staticmethod
    def _parameter(text):
        name = re.match(r"\s*[&*]*(?:mut )?(\w+)", text)
        return name[1] if name and name[1] not in ("self", "cls") else ""

    def _purpose(self, lines, line):
        below = re.match(r'\s*r?"""(.+?)(?:"""|$)', lines[line + 1]) if line + 1 < len(lines) else None
        above = re.match(rf"\s*//+\s*{self.name}\s+(.+)", lines[line - 1]) if line else None
        text = one_line((below or above)[1]) if below or above else ""
        return text.rstrip(".") if 10 < len(text) <= LONGEST_PURPOSE else ""


def definitions(lines):
    found = [(line, pattern.match(text)) for line, text in enumerate(lines) for pattern in DEFINITIONS]
    return [Definition(lines, line, match) for line, match in found if match and len(match["name"]) > 4 and not match["name"].startswith("__")]


class Code:
    """A passage of a file, and what is asked of the functions that begin in it."""

    def __init__(self, folder, part):
        self.files = []
        for name in FILES:
            for record in load(folder, name, part)[:MOST_FILES]:
                lines = record["text"].split("\n") if len(record["text"]) < LONGEST_FILE else []
                found = definitions(lines)
                if found:
                    self.files.append((record["id"].split("/", 1)[-1], lines, found))

    def make(self, random, prompts):
        path, lines, found = self.files[random.integers(len(self.files))]
        chosen = found[random.integers(len(found))]
        span = self._span(random, lines, chosen.line)
        text = f"{path}: {one_line(' '.join(lines[span.start:span.stop]))}"
        asked = [pair for d in found if d.line in span for pair in self._asked(random, path, d, lines)]
        asked = [asked[index] for index in random.permutation(len(asked))[:6]]
        shown = self._elsewhere(random) + [text]
        return p.group(random, prompts, shown, asked + self._absent(random, " ".join(shown)))

    @staticmethod
    def _span(random, lines, line):
        """Lines around a definition, as many as a passage may hold."""
        most = random.integers(*PASSAGE)
        start, stop = line, line + 1
        before = int(random.integers(0, 12))
        while sum(map(len, lines[start:stop])) < most and (stop < len(lines) or start > 0 and before > 0):
            if stop == len(lines) or start > 0 and before > 0 and random.random() < 0.5:
                start, before = start - 1, before - 1
            else:
                stop += 1
        return range(start, stop)

    @staticmethod
    def _again(lines, line):
        end = next((index for index in range(line + 1, min(line + UNIT_LINES, len(lines))) if not lines[index].strip()), line + UNIT_LINES)
        return one_line(" ".join(lines[line:end]))

    def _asked(self, random, path, definition, lines):
        answers = [(WHERE, path), (TYPE, definition.returns), (PARAMETERS, definition.parameters), (PURPOSE, definition.purpose)]
        again = self._again(lines, definition.line) if random.random() < 0.7 else None
        return [(forms[random.integers(len(forms))].format(definition.name), answer, again) for forms, answer in answers if answer]

    def _absent(self, random, shown):
        if random.random() < 0.5:
            return []
        _, lines, found = self.files[random.integers(len(self.files))]
        other = found[random.integers(len(found))]
        forms = (WHERE, TYPE, PARAMETERS, PURPOSE)[random.integers(4)]
        return [] if other.name in shown else [(forms[random.integers(len(forms))].format(other.name), p.NOT_SAID, None)]

    def _elsewhere(self, random):
        shown = []
        for _ in range(random.choice(3, p=[0.5, 0.35, 0.15])):
            path, lines, _ = self.files[random.integers(len(self.files))]
            start = int(random.integers(len(lines)))
            shown.append(f"{path}: {one_line(' '.join(lines[start:start + 2 * UNIT_LINES]))[:400]}")
        return shown
