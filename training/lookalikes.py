"""Questions that look as if a paragraph answered them, made from ones that it does answer.

SQuAD 2.0 (arXiv 1806.03822, table 2) names what its writers changed: a name or number for
another, a word for its opposite, a negation. The same changes are made here by rule, of
questions of training articles. What takes the place of a name, number or word comes from the
texts around, so that words alone cannot tell the questions apart.
"""

import re

# Pairs that turn a question round, whichever of them stands in it.
OPPOSITES = """first last; largest smallest; biggest smallest; highest lowest; higher lower; north south;
northern southern; east west; eastern western; before after; oldest youngest; older younger; early late; earliest latest;
most least; more less; more fewer; increase decrease; increased decreased; best worst; won lost; win lose; male female;
men women; minimum maximum; begin end; began ended; start finish; started ended; open close; opened closed;
above below; inside outside; internal external; positive negative; major minor; common rare; strong weak;
allowed forbidden; accepted rejected; support oppose; supported opposed; rise fall; rose fell; gain loss; gained lost;
public private; legal illegal; old new; modern ancient; long short; longest shortest; large small; good bad; hot cold;
left right; same different; always never; enter leave; arrive leave; built destroyed; created destroyed;
majority minority; rural urban; rich poor; father mother; brother sister; husband wife; king queen;
winter summer; day night; succeeded failed; agreed refused; joined left; bought sold; hired fired; inner outer"""
TURNED = {}
for _pair in OPPOSITES.replace("\n", " ").split(";"):
    _one, _other = _pair.split()
    TURNED.setdefault(_one, _other)
    TURNED.setdefault(_other, _one)
NEGATED = {
    word: short for word, short in zip(
        "is are was were do does did can could has had have would".split(),
        "isn't aren't wasn't weren't don't doesn't didn't can't couldn't hasn't hadn't haven't wouldn't".split())}
NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'-]+(?:(?: of| the| de| and)? [A-Z][\w'-]+)*")
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w,]|\.\d)")
WORD = re.compile(r"(?<![\w'-])[a-z]{5,}(?![\w'-])")
ENDINGS = ("ing", "ed", "tion", "ness", "ity", "al", "ous", "ers", "er", "ies", "es", "s", "ly")
NEGATIONS = 0.4  # of the questions may be negated: nearly all can be, and too many would teach the word alone
UNNAMED = set("The This That These Those It In On At He She They His Her Their There However After Before During For From With".split())
ASKING = set("about after along another before between could during first other should their there these those through under until "
             "which while whose would called known named".split())


def lookalike(random, question, answer, context, others):
    """The question changed so that `context` says nothing of it, or None where no rule fits.

    `others` are further texts of the same article, for names, numbers and words to come from.
    """
    rules = [(_name, 0.4), (_number, 0.15), (_word, 0.2), (_opposite, 0.15)] + ([(_negated, 0.1)] if random.random() < NEGATIONS else [])
    while rules:
        total = sum(weight for _, weight in rules)
        index = int(random.choice(len(rules), p=[weight / total for _, weight in rules]))
        rule, _ = rules.pop(index)
        made = rule(random, question, context, others)
        if made and made != question and answer.lower() not in made.lower():
            return made
    return None


def _replaced(random, found, question, choices):
    """One of the found places with one of the choices instead, none of which the question has."""
    choices = sorted({choice for choice in choices if choice not in UNNAMED and choice.lower() not in question.lower()})
    if not found or not choices:
        return None
    place = found[random.integers(len(found))]
    return question[:place.start()] + choices[random.integers(len(choices))] + question[place.end():]


def _name(random, question, context, others):
    found = [place for place in NAME.finditer(question) if place.group() not in question[:place.start()]]
    near = NAME.findall(context)
    far = [name for text in others for name in NAME.findall(text)]
    return _replaced(random, found, question, near if random.random() < 0.6 else far)


def _number(random, question, context, others):
    found = list(NUMBER.finditer(question))
    choices = [number for text in [context, *others] for number in NUMBER.findall(text)]
    if found and found[0].group().isdigit():  # another year, or a number as long
        number = found[0].group()
        choices = [choice for choice in choices if len(choice) == len(number)] or [str(int(number) + int(random.integers(1, 9)))]
    return _replaced(random, found, question, choices)


def _ending(word):
    return next((ending for ending in ENDINGS if word.endswith(ending)), "")


def _word(random, question, context, others):
    """A word that the context says too, for one of other texts with the same ending."""
    said = set(WORD.findall(context.lower()))
    found = [place for place in WORD.finditer(question) if place.group() in said and place.group() not in ASKING]
    if not found:
        return None
    place = found[random.integers(len(found))]
    ending = _ending(place.group())
    elsewhere = {word for text in others for word in WORD.findall(text) if word not in said and word not in ASKING}
    return _replaced(random, [place], question, [word for word in elsewhere if ending and _ending(word) == ending])


def _opposite(random, question, context, others):
    found = [place for place in re.finditer(r"\b[a-z]+\b", question) if place.group() in TURNED]
    if not found:
        return None
    place = found[random.integers(len(found))]
    return question[:place.start()] + TURNED[place.group()] + question[place.end():]


def _negated(random, question, context, others):
    found = [place for place in re.finditer(r"\b[a-z]+\b", question) if place.group() in NEGATED]
    if not found:
        return None
    return question[:found[0].start()] + NEGATED[found[0].group()] + question[found[0].end():]
