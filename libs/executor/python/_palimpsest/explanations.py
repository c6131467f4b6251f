"""Plain explanations of the exceptions that beginners meet.

A table: for the name of an exception class a function of the error and where it happened, which answers an identifier and one or
two sentences, or None where it has nothing to say. Identifiers are recorded with the run and never change their meaning;
the sentences may. The rules go by what the exception itself carries (`name`, `obj`, `errno`) and where that is not enough by
Python's own message, loosely, since messages change between versions.
"""

import builtins
import errno
import keyword
import os
import re
import sys

# How much is looked at in search of a similar name; people's programs are small, their data need not be.
MOST_NAMES = 2000
MOST_KEYS = 1000
MOST_FILES = 500
LONGEST_NAME = 60

QUOTES = '‘’‚‛“”„‟«»‹›´`'
OPERATORS = {'&&': 'and', '||': 'or', '!': 'not', '<>': '!=', '=>': '>=', '=<': '<='}
SHORT_NAMES = {'np': 'import numpy as np', 'pd': 'import pandas as pd', 'plt': 'import matplotlib.pyplot as plt'}
NAMES_IN_MODULES = {
    **dict.fromkeys(('sqrt', 'pi', 'sin', 'cos', 'tan', 'floor', 'ceil', 'factorial', 'gcd', 'log10'), 'math'),
    **dict.fromkeys(('randint', 'choice', 'shuffle', 'randrange', 'uniform', 'sample'), 'random'),
    **dict.fromkeys(('sleep', 'perf_counter'), 'time'),
    **dict.fromkeys(('datetime', 'timedelta', 'date'), 'datetime'),
    **dict.fromkeys(('Counter', 'defaultdict', 'deque', 'namedtuple', 'OrderedDict'), 'collections'),
    **dict.fromkeys(('permutations', 'combinations', 'product', 'chain', 'accumulate'), 'itertools'),
    **dict.fromkeys(('reduce', 'partial', 'lru_cache', 'wraps'), 'functools'),
    **dict.fromkeys(('dataclass', 'field'), 'dataclasses'),
    **dict.fromkeys(('Optional', 'List', 'Dict', 'Any', 'Callable', 'Union'), 'typing'),
    **dict.fromkeys(('mean', 'median', 'stdev'), 'statistics'),
    **dict.fromkeys(('Path',), 'pathlib'),
    **dict.fromkeys(('ABC', 'abstractmethod'), 'abc'),
    **dict.fromkeys(('Enum',), 'enum'),
    **dict.fromkeys(('ascii_lowercase', 'ascii_uppercase', 'ascii_letters', 'punctuation'), 'string'),
}
# What people who know another language write: the method of Python's own types.
OTHER_NAMES = {
    'push': 'append',
    'add': 'append',
    'size': 'len(...)',
    'length': 'len(...)',
    'len': 'len(...)',
    'toUpperCase': 'upper',
    'toLowerCase': 'lower',
    'indexOf': 'index',
    'contains': 'in',
    'has_key': 'in',
    'trim': 'strip',
    'substring': '[start:end]',
    'charAt': '[index]',
    'toString': 'str(...)',
}
ARTICLES = {'int': 'an int', 'str': 'text (str)', 'float': 'a float', 'list': 'a list', 'dict': 'a dictionary (dict)'}


class Place:
    """Where an error happened, as far as the rules ask: the student's own innermost frame, and the run's limits."""

    def __init__(self, frame=None, line='', workspace='/workspace', console=False, limits=None, standard=None):
        self.frame = frame
        self.line = line.strip()
        self.workspace = workspace
        self.console = console
        self.limits = limits or {}
        self.standard = standard or (lambda name: None)

    def variables(self):
        """The names that can be used there: of the function, of the file, of Python."""
        if self.frame is None:
            return {}
        return {**self.frame.f_globals, **self.frame.f_locals}

    def own_file(self, name):
        """The workspace's file that is called like this module, if there is one."""
        for candidate in (f'{name}.py', f'{name}/__init__.py'):
            if os.path.isfile(os.path.join(self.workspace, candidate)):
                return candidate
        return None

    def files(self):
        """Paths in the workspace, a bounded number of them."""
        found = []
        for folder, folders, names in os.walk(self.workspace):
            folders[:] = sorted(name for name in folders if not name.startswith('.'))
            inside = os.path.relpath(folder, self.workspace)
            found += [name if inside == '.' else f'{inside}/{name}' for name in sorted(names) if not name.startswith('.')]
            if len(found) >= MOST_FILES:
                break
        return found[:MOST_FILES]


def explain(error, place):
    """(identifier, text) of what the error means, or None. May raise whatever the error's own methods do."""
    message = str(error)[:4000]
    for kind in type(error).__mro__:
        rules = RULES.get(kind.__name__, ()) if kind.__module__ in KNOWN_HOMES else ()
        for rule in rules:
            found = rule(error, message, place)
            if found is not None:
                return found
    return None


def distance(one, other, most):
    """Edits (insert, remove, replace, swap neighbours) between two words; anything above `most` is `most + 1`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, row = None, list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if older is not None and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def nearest(word, candidates):
    """The most similar of the candidates, or None if none is similar. Other letter case counts as very similar."""
    if not isinstance(word, str) or not 0 < len(word) <= LONGEST_NAME:
        return None
    most = 1 if len(word) <= 4 else 2 if len(word) <= 9 else 3
    best, least = None, most + 1
    for _, candidate in zip(range(MOST_NAMES), candidates):
        if not isinstance(candidate, str) or candidate == word or len(candidate) > LONGEST_NAME:
            continue
        away = 0.5 if candidate.lower() == word.lower() else distance(word, candidate, most)
        # A single letter is a change away from every other.
        if away < least and not (len(candidate) == 1 or (len(word) <= 2 and away > 1)):
            best, least = candidate, away
    return best


def shown(value):
    """A value as it may be quoted in a sentence."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= 80 else text[:77] + '…'


def kind_name(name):
    return ARTICLES.get(name, f'a value of type {name}')


def names_of(place):
    yield from place.variables()
    yield from (name for name in dir(builtins) if not name.startswith('_'))
    yield from keyword.kwlist


# Names


def name_error(error, message, place):
    name = getattr(error, 'name', None) or first(r"'([^']+)'", message)
    if name is None:
        return None
    if 'free variable' in message:
        return 'name-unassigned', f'The function uses "{name}" of the function around it, which has no value yet.'
    if name.lower() in ('true', 'false', 'none') and name not in keyword.kwlist:
        return 'name-capital', f'Python writes it with a capital letter: {name.capitalize()}.'
    if name in ('null', 'nil', 'undefined'):
        return 'name-capital', f'Python has no "{name}": nothing is written None.'
    if name == 'self':
        return 'name-self', 'Only methods that have "self" as their first parameter can use it: def method(self, ...).'
    if name in SHORT_NAMES:
        return 'name-module', f'"{name}" is known after an import: write "{SHORT_NAMES[name]}" at the top of the file.'
    later = defined_later(name, place)
    if later is not None:
        return 'name-later', f'"{name}" gets its value only in line {later}, which had not run yet. Move this below it.'
    similar = nearest(name, names_of(place))
    if similar is not None and (similar.lower() == name.lower() or name not in sys.stdlib_module_names):
        return 'name-typo', f'There is no "{name}". Did you mean "{similar}"?'
    if name in sys.stdlib_module_names or place.own_file(name):
        return 'name-module', f'"{name}" is a module: write "import {name}" at the top of the file first.'
    if name in NAMES_IN_MODULES:
        home = NAMES_IN_MODULES[name]
        return 'name-in-module', f'"{name}" is in the module {home}: write "from {home} import {name}" at the top of the file.'
    advice = 'Is it spelled as where it got its value? If it is meant as text, put it in quotes.'
    return 'name-unknown', f'Nothing has the name "{name}" here. {advice}'


def defined_later(name, place):
    """The line below the present one in which the file gives this name a value at its top level."""
    frame = place.frame
    if frame is None or frame.f_code.co_name != '<module>' or not frame.f_code.co_filename.startswith(place.workspace):
        return None
    with open(frame.f_code.co_filename, encoding='utf-8', errors='replace') as file:
        text = file.read(1_000_000)
    wanted = re.compile(rf'(?:(?:async\s+)?def|class)\s+{re.escape(name)}\b|{re.escape(name)}\s*(?::[^=]*)?=(?!=)')
    for number, line in enumerate(text.split('\n'), 1):
        if number > frame.f_lineno and wanted.match(line):
            return number
    return None


def unbound_local(error, message, place):
    name = getattr(error, 'name', None) or first(r"variable '([^']+)'", message)
    if place.frame is not None and name in place.frame.f_globals:
        cause = f'The function gives "{name}" a value, so it is a variable of the function alone, and has none yet'
        return 'local-global', f'{cause}. Pass it as a parameter, or write "global {name}" first in the function.'
    cause = f'"{name}" has no value yet: the line that gives it one has not run'
    return 'local-unassigned', f'{cause}. Give it a value before the if or the loop.'


def attribute_error(error, message, place):
    name = getattr(error, 'name', None) or first(r"attribute '([^']+)'", message)
    owner = getattr(error, 'obj', None)
    kind = first(r"^'([^']+)' object has no", message)
    if kind == 'NoneType':
        cause = f'The value before ".{name}" is None, that is: nothing'
        return 'none-attribute', f'{cause}. Often it comes from a function without a return, or from append() or sort().'
    if isinstance(owner, type(sys)) or message.startswith(('module ', 'partially initialized')):
        found = module_attribute(owner, name, message, place)
        if found is not None:
            return found
    similar = nearest(name, dir(owner)) if owner is not None else None
    if similar is not None:
        return 'attribute-typo', f'{kind_name_of(owner, kind)} has no "{name}". Did you mean "{similar}"?'
    if name in OTHER_NAMES and kind in ('str', 'list', 'dict', 'tuple', 'set', 'int'):
        return 'attribute-other', f'Python has another word for "{name}": {OTHER_NAMES[name]}.'
    if kind is None:
        return 'attribute-unknown', f'There is nothing called "{name}" in it.'
    advice = f'Is the variable what you think? print(type(...)) shows it.'
    return 'attribute-unknown', f'{kind_name(kind).capitalize()} has nothing called "{name}". {advice}'


def kind_name_of(owner, kind):
    if isinstance(owner, type(sys)):
        return f'The module {owner.__name__}'
    return kind_name(kind or type(owner).__name__).capitalize()


def module_attribute(module, name, message, place):
    title = getattr(module, '__name__', None) or first(r"module '([^']+)'", message) or ''
    own = place.own_file(title)
    file = getattr(module, '__file__', None) or ''
    if own is not None and title in sys.stdlib_module_names | set(place.limits.get('libraries', ())):
        return shadowed(own, title)
    if 'partially initialized' in message and file.startswith(place.workspace):
        return circular(title)
    return None


def shadowed(own, title):
    cause = f'Your own file {own} was taken instead of the module {title}, since it has its name'
    return 'shadowed-module', f'{cause}. Give the file another name.'


def circular(title):
    cause = f'The file {title} is still being imported: two files import each other'
    return 'import-circular', f'{cause}. Move what both need into a third file.'


# Grammar


def tab_error(error, message, place):
    return 'indent-tabs', 'This line is indented with tabs and others with spaces. Use four spaces everywhere.'


def indentation_error(error, message, place):
    if 'expected an indented block' in message:
        after = first(r"after (.+?) on line", message)
        line = first(r'on line (\d+)', message)
        what = f'After the {after} in line {line}' if after and line else 'After a line that ends with a colon'
        return 'indent-missing', f'{what} the next line has to be indented (by four spaces). For nothing, write pass.'
    if 'unexpected indent' in message:
        return 'indent-unexpected', 'This line begins further to the right than the one before, without a reason. Remove the spaces.'
    return 'indent-mismatch', 'This line begins at a column at which no block above it begins. Align it with its block.'


SYNTAX_BY_MESSAGE = (
    (r"expected ':'", 'syntax-colon', 'There is a colon missing at the end of this line.'),
    (
        r'Missing parentheses in call to',
        'syntax-print',
        'print needs parentheses around what it shows: print(...). (Without them it was Python 2.)',
    ),
    (
        r'unterminated triple-quoted',
        'syntax-triple-quote',
        'The text that begins with three quotes here has no end: put three quotes after it.',
    ),
    (
        r'unterminated (f-)?string|EOL while scanning',
        'syntax-quote',
        'The text that begins here has no closing quote. It ends with the same quote, on the same line.',
    ),
    (
        r"'([({\[])' was never closed",
        'syntax-bracket',
        'The bracket "{0}" that is opened here is never closed. Python notices it only later: look at this line.',
    ),
    (
        r"closing parenthesis '(.)' does not match opening parenthesis '(.)'",
        'syntax-bracket-mismatch',
        'What is opened with "{1}" is closed with "{0}": brackets close with their own kind.',
    ),
    (r"unmatched '(.)'", 'syntax-bracket-extra', 'There is a "{0}" too many, or its opening bracket is missing.'),
    (
        r"Maybe you meant '=='|cannot assign to .+ here|invalid syntax\. Maybe you meant",
        'syntax-equals',
        'One "=" gives a name a value. To compare two values, write "==". A name stands on the left of "=".',
    ),
    (r'cannot (assign to|delete) (.+)', 'syntax-assign-to', 'Only a name can get a value; {1} cannot.'),
    (r'forgot a comma', 'syntax-comma', 'There may be a comma missing between two values, or an operator.'),
    (
        r"'(return|yield|await|break|continue)'.* (outside|not properly in)",
        'syntax-outside',
        '"{0}" stands in the wrong place. Is the line indented as far as the function or loop that it belongs to?',
    ),
    (r'leading zeros', 'syntax-number', 'A whole number does not begin with 0: write 12, not 012.'),
    (
        r'invalid (decimal|hexadecimal|octal|binary|imaginary) literal|invalid digit',
        'syntax-number',
        'A name cannot begin with a digit, and a number contains no letters.',
    ),
    (
        r'positional argument follows keyword',
        'syntax-argument-order',
        'Arguments with a name (x=1) come after those without.',
    ),
    (r'f-string', 'syntax-fstring', 'What stands in { } of the f-string is no Python, or a brace is not closed.'),
    (
        r'unexpected character after line continuation',
        'syntax-backslash',
        'After a backslash (\\) outside of quotes the line has to end. Inside of quotes it is text.',
    ),
    (
        r'unicodeescape',
        'syntax-escape',
        'In text, "\\" begins a special character. Write "\\\\" or put an r before the quotes: r"C:\\Users".',
    ),
    (
        r'Non-UTF-8|can.t decode|encoding problem|unknown encoding|null byte',
        'syntax-encoding',
        'The file contains bytes that are no text in UTF-8. Save it as UTF-8.',
    ),
    (r'unexpected EOF', 'syntax-bracket', 'The file ends too early: is a bracket or a block not finished?'),
    (r'duplicate argument', 'syntax-duplicate', 'Two parameters of the function have the same name.'),
    (r'(assigned|used) .*before global declaration', 'syntax-global', 'The line with "global" comes before the name is used.'),
)


def syntax_error(error, message, place):
    message = str(error.msg or message)
    line = (error.text or place.line or '').strip()
    if re.match(r'else\s+if\b', line):
        return 'syntax-elif', 'Python writes "else if" as one word: elif.'
    character = re.search(r"invalid (?:non-printable )?character (?:'(.)' )?\(?U\+([0-9A-F]+)", message)
    if character:
        return strange_character(chr(int(character[2], 16)))
    for pattern, identifier, text in SYNTAX_BY_MESSAGE:
        found = re.search(pattern, message)
        if found:
            return identifier, re.sub(r'\{(\d)\}', lambda place: (found.groups() + ('', ''))[int(place[1])] or '', text)
    return plain_syntax(line, error)


def strange_character(character):
    if character in QUOTES:
        return 'syntax-typographic', f'{character} is a quote of a text editor. Python knows only the straight ones: " and \'.'
    if character.isspace() or not character.isprintable():
        return 'syntax-invisible', 'There is an invisible character here, often from a web page. Delete the spaces and type them again.'
    return 'syntax-character', f'Python does not know the character {character} outside of quotes.'


BLOCKS = ('if', 'elif', 'else', 'for', 'while', 'def', 'class', 'try', 'except', 'finally', 'with')


def plain_syntax(line, error):
    """For a bare "invalid syntax" the line itself may tell."""
    words = re.findall(r'[^\W\d]\w*', line)
    if not words:
        return 'syntax-other', 'Python does not understand this line. Look at the line before as well.'
    taken = re.match(r'(?:(?:for|def|import)\s+)?([^\W\d]\w*)\s*(?:=(?!=)|\(|in\b)', line)
    if taken and taken[1] in keyword.kwlist and (taken[1] not in BLOCKS or re.match(r'\w+\s*=', line)):
        return 'syntax-reserved', f'"{taken[1]}" is a word of Python itself and cannot be a name. Choose another.'
    if re.search(r'(\+\+|--)\s*($|\))', line):
        return 'syntax-increment', 'Python has no ++ and --: write x += 1 or x -= 1.'
    for wrong, right in OPERATORS.items():
        if wrong in line and not (wrong == '!' and ('!=' in line or '"' in line or "'" in line)):
            return 'syntax-operator', f'Python writes "{right}" instead of "{wrong}".'
    if words[0] in BLOCKS and ':' not in line:
        return 'syntax-colon', 'There is a colon missing: it stands before the part that is to be repeated or decided on.'
    if words[0] in ('elif', 'else', 'except', 'finally'):
        return 'syntax-orphan', f'"{words[0]}" has nothing above that it belongs to. Is it indented like its "if" or "try"?'
    for word in words:
        similar = nearest(word, keyword.kwlist) if word not in keyword.kwlist and not hasattr(builtins, word) else None
        if similar is not None and len(word) > 2:
            return 'syntax-keyword', f'Did you mean "{similar}" instead of "{word}"?'
    return 'syntax-other', 'Python does not understand this line at the marked place. Often something is missing just before it.'


# Types


def type_error(error, message, place):
    kinds = re.findall(r"'([^']+)'", message)
    if 'NoneType' in message and re.search(
        r"'NoneType' object (is not|does not|cannot)|unsupported operand|not supported between|no len|non-iterable NoneType",
        message,
    ):
        cause = 'One of the values is None, that is: nothing'
        return 'none-value', f'{cause}. Often it comes from a function without a return, or from print(), append() or sort().'
    for pattern, rule in TYPE_RULES:
        found = re.search(pattern, message)
        if found:
            return rule(found, kinds, place) if callable(rule) else (rule[0], fill(rule[1], found))
    return 'type-other', 'A value has the wrong type for what is done with it. print(type(...)) shows the type of a value.'


def fill(text, found):
    return re.sub(r'\{(\d)\}', lambda place: found.group(int(place[1]) + 1) or '', text)


def text_and_number(found, kinds, place):
    advice = 'Make text of the number with str(...), or a number of the text with int(...)'
    return 'type-text-and-number', f'Text and a number cannot be put together with this operator. {advice}.'


def operands(found, kinds, place):
    pair = kinds[-2:] if len(kinds) >= 2 else []
    if set(pair) & {'str'} and set(pair) & {'int', 'float'}:
        return text_and_number(found, kinds, place)
    names = ' and '.join(kind_name(kind) for kind in pair) or 'these values'
    return 'type-operand', f'"{found[1]}" does not work with {names}.'


def comparison(found, kinds, place):
    if set(kinds[-2:]) == {'str', 'int'} or set(kinds[-2:]) == {'str', 'float'}:
        advice = 'What input() gives is text: make a number of it with int(...)'
        return 'type-compare', f'Text and a number cannot be compared by size. {advice}.'
    names = ' and '.join(kind_name(kind) for kind in kinds[-2:])
    return 'type-compare', f'{names.capitalize()} cannot be compared by size.'


def not_callable(found, kinds, place):
    variables = place.variables()
    for name in re.findall(r'([^\W\d]\w*)\s*\(', place.line):
        if name in variables and hasattr(builtins, name) and not callable(variables[name]):
            cause = f'You have given the name "{name}" to a value, so Python\'s own {name}() is hidden'
            return 'type-hidden-builtin', f'{cause}. Choose another name for the variable.'
    kind = found[1]
    if kind == 'module':
        return 'type-not-callable', 'A module cannot be called. The function is inside it: module.function(...).'
    hint = {'list': ' Elements are taken with [ ].', 'dict': ' Elements are taken with [ ].', 'tuple': ' Is a comma missing before the parenthesis?'}
    advice = hint.get(kind, ' Is a * missing before the parenthesis?' if kind in ('int', 'float') else '')
    return 'type-not-callable', f'Parentheses after a value call it as a function, but this is {kind_name(kind)}.{advice}'


def too_many_arguments(found, kinds, place):
    taken, given = found[2], found[3]
    if found[0].endswith('given') and re.search(r'^\d+$', taken) and int(given) == int(taken) + 1 and '.' in found[1]:
        return 'type-too-many-arguments', f'{found[1]} was called with {given} arguments and takes {taken}. A method needs "self" as its first parameter.'
    return 'type-too-many-arguments', f'{found[1]} was called with {given} arguments and takes {taken}. Compare the call with the "def" line.'


TYPE_RULES = (
    (r'can only concatenate (\w+) \(not "(\w+)"\)', lambda found, kinds, place: concatenation(found, kinds, place)),
    (r'unsupported operand type\(s\) for ([^:]+):', operands),
    (r'bad operand type for unary ([^:]+):', ('type-operand', '"{0}" does not work with this type of value.')),
    (r'not supported between instances', comparison),
    (r"'([^']+)' object is not callable", not_callable),
    (
        r'^(.+\(\)) missing \d+ required (?:positional|keyword-only) arguments?: (.+)$',
        ('type-missing-argument', '{0} needs a value for {1}, which the call does not give.'),
    ),
    (r'^(.+\(\)) takes (?:from )?([\w ]+?) positional arguments? but (\d+) (?:was|were) given', too_many_arguments),
    (r'^(.+) (?:takes|expected) (?:exactly |at most )?(\w+) arguments?,? ?\(?(?:got )?(\d+)', too_many_arguments),
    (r"^(.+\(\)) got an unexpected keyword argument '([^']+)'", ('type-keyword-argument', '{0} has no parameter called "{1}".')),
    (r"'([^']+)' is an invalid keyword argument for (\w+\(\))", ('type-keyword-argument', '{1} has no parameter called "{0}".')),
    (r"^(.+\(\)) got multiple values for argument '([^']+)'", ('type-argument-twice', '{0} gets a value for "{1}" twice: by its place and by its name.')),
    (r"'([^']+)' object is not subscriptable", lambda found, kinds, place: ('type-not-subscriptable', subscript(found[1]))),
    (
        r'(\w+) indices must be integers',
        ('type-index', 'What stands in [ ] has to be a whole number here. Text as a key works with a dictionary (dict) only.'),
    ),
    (
        r"(?:'([^']+)' object is not iterable|cannot unpack non-iterable (\w+))",
        lambda found, kinds, place: iteration(found[1] or found[2]),
    ),
    (
        r"unhashable type: '([^']+)'",
        ('type-unhashable', 'A value of type {0} can change, so it cannot be a key of a dictionary or an element of a set. Use a tuple.'),
    ),
    (
        r"'([^']+)' object does not support item (?:assignment|deletion)",
        ('type-immutable', 'A value of type {0} cannot be changed in place. Make a new one instead.'),
    ),
    (r"object of type '([^']+)' has no len", ('type-no-length', 'A value of type {0} has no length. len() is for text, lists and the like.')),
    (
        r"'([^']+)' object cannot be interpreted as an integer",
        ('type-whole-number', 'A whole number is needed here, and this is of type {0}. Convert it with int(...).'),
    ),
    (
        r'(?:int|float)\(\) argument must be',
        ('type-conversion', 'Only text and numbers can be converted to a number; this is something else.'),
    ),
    (r'sequence item \d+: expected str', ('type-join', 'join() puts together text only. Convert the elements first: map(str, ...).')),
    (r"can't multiply sequence", ('type-multiply', 'Text or a list can be repeated by a whole number only. Convert with int(...) or float(...) first.')),
    (r'not all arguments converted|real number is required|must be real number|format requires', ('type-format', 'The values do not fit the %-places of the text.')),
    (r'exceptions must derive', ('type-raise', 'Only exceptions can be raised: raise ValueError("what is wrong").')),
    (r'not JSON serializable', ('type-json', 'JSON knows only text, numbers, lists, dictionaries, True, False and None.')),
)


def concatenation(found, kinds, place):
    if {found[1], found[2]} & {'str'} and {found[1], found[2]} & {'int', 'float'}:
        return text_and_number(found, kinds, place)
    return 'type-operand', f'"+" puts together two values of the same type, but here are {kind_name(found[1])} and {kind_name(found[2])}.'


def subscript(kind):
    if kind in ('function', 'method', 'builtin_function_or_method', 'type'):
        return 'A function is called with ( ), not with [ ].'
    return f'[ ] takes an element out of a list, text or dictionary, but this is {kind_name(kind)}.'


def iteration(kind):
    advice = ' To count, write range(...).' if kind == 'int' else ''
    return 'type-not-iterable', f'This is {kind_name(kind)}, which has no elements to go through or to unpack.{advice}'


# Values


def value_error(error, message, place):
    found = re.search(r'invalid literal for int\(\) with base \d+: (.*)', message)
    if found:
        return 'value-int', whole_number(found[1])
    found = re.search(r'could not convert string to float: (.*)', message)
    if found:
        if re.fullmatch(r"'\s*-?\d+,\d+\s*'", found[1]):
            return 'value-float', f'Python writes a decimal point, not a comma: {found[1].replace(",", ".")}.'
        return 'value-float', f'{shorter(found[1])} is no number, so float() cannot convert it.'
    for pattern, identifier, text in VALUE_RULES:
        found = re.search(pattern, message)
        if found:
            return identifier, fill(text, found)
    return raised_here(place) or ('value-other', 'The type of the value is right, but this value cannot be used here.')


def whole_number(literal):
    if literal in ("''", '""'):
        return 'The text is empty, so int() cannot make a number of it. Was only Enter pressed?'
    if re.fullmatch(r"'\s*-?\d*[.,]\d*\s*'", literal):
        return f'{literal} is not a whole number. Use float(...) for numbers with a decimal point.'
    return f'{shorter(literal)} is not a whole number, so int() cannot convert it.'


def shorter(text):
    return text if len(text) <= 60 else text[:57] + '…'


VALUE_RULES = (
    (r'too many values to unpack \(expected (\d+)', 'value-unpack', 'There are more values on the right of "=" than the {0} names on the left.'),
    (
        r'not enough values to unpack \(expected (?:at least )?(\d+), got (\d+)',
        'value-unpack',
        'There are {0} names on the left of "=", but only {1} values on the right.',
    ),
    (r'substring not found|is not in (?:list|deque)|not in list|not in tuple', 'value-not-found', 'What you look for is not in there. Check before with "in".'),
    (r'empty range|(?:max|min)\(\).* empty|empty sequence', 'value-empty', 'There is nothing to choose from: it is empty.'),
    (r'math domain error|expected a (?:nonnegative|positive|noninteger)', 'value-math', 'This is not defined in mathematics: the root or logarithm of a negative number, for example.'),
    (r'closed file', 'value-closed-file', 'The file is closed already. Read and write inside of its "with" block.'),
    (r'truth value of', 'value-truth', 'A whole array or table is neither true nor false. Use .any(), .all() or compare single elements.'),
    (r'Exceeds the limit', 'value-digits', 'The number has more than some thousand digits; Python does not turn it into text.'),
    (r'chr\(\) arg|ord\(\) expected', 'value-character', 'There is no character with this number.'),
    (r'x and y must (?:be the same size|have same first dimension)', 'value-lengths', 'x and y have to have the same number of elements.'),
    (r'unknown format code|Invalid format specifier', 'value-format', 'The format after the ":" does not fit this type of value.'),
    (r'null byte', 'syntax-encoding', 'The file contains bytes that are no text in UTF-8. Save it as UTF-8.'),
)


def raised_here(place):
    if re.match(r'raise\b', place.line):
        return 'raised-on-purpose', 'The program itself raised this, with "raise" in this line.'
    return None


def index_error(error, message, place):
    if 'empty' in message:
        return 'index-empty', 'It is empty: there is nothing that could be taken out.'
    advice = 'The first element has the index 0, the last one len(...) - 1.'
    return 'index-range', f'There is no element with this index. {advice}'


def key_error(error, message, place):
    if not error.args:
        return None
    key = error.args[0]
    similar = nearest(key, keys_near(place)) if isinstance(key, str) else None
    if similar is not None:
        return 'key-typo', f'There is no key {shown(key)}. Did you mean {shown(similar)}?'
    if isinstance(key, str) and key.lstrip('-').isdigit() and int(key[:12]) in set(keys_near(place)):
        return 'key-type', f'The key {shown(key)} is text; the dictionary has the number {key}. Convert it with int(...).'
    return 'key-missing', f'There is no key {shown(key)}. Ask before with "in", or use .get(...).'


def keys_near(place):
    if place.frame is None:
        return
    for value in list(place.frame.f_locals.values())[:200]:
        if type(value) is dict:
            yield from (key for _, key in zip(range(MOST_KEYS), value))


# Modules


def module_not_found(error, message, place):
    name = getattr(error, 'name', None) or first(r"named '([^']+)'", message)
    if not name:
        return None
    top = name.split('.')[0]
    own = place.own_file(top)
    if own is not None and 'is not a package' in message:
        return shadowed(own, top)
    own_names = [path[:-3].replace('/', '.') for path in place.files() if path.endswith('.py')]
    similar = nearest(top, own_names) or nearest(top, sys.stdlib_module_names) or nearest(top, ('numpy', 'pandas', 'matplotlib'))
    if similar is not None:
        return 'module-typo', f'There is no module "{top}". Did you mean "{similar}"?'
    inside = [path for path in own_names if path.endswith('.' + top)]
    if inside:
        return 'module-folder', f'The file is in a folder: write "from {inside[0].rpartition(".")[0]} import {top}".'
    ask = 'Packages cannot be installed by programs: ask your teacher, who can have it added'
    return 'module-missing', f'The package "{top}" is not installed here. {ask}.'


def import_error(error, message, place):
    if 'circular import' in message:
        return circular(getattr(error, 'name', None) or 'of the line')
    if 'headless' in message or 'interactive framework' in message:
        return no_display(error, message, place)
    module, wanted = getattr(error, 'name', None), first(r"cannot import name '([^']+)'", message)
    if not module or not wanted:
        return None
    own = place.own_file(module)
    if own is not None and (module in sys.stdlib_module_names or module in place.limits.get('libraries', ())):
        return shadowed(own, module)
    loaded = sys.modules.get(module)
    similar = nearest(wanted, dir(loaded)) if loaded is not None else None
    if similar is not None:
        return 'import-typo', f'There is no "{wanted}" in {module}. Did you mean "{similar}"?'
    return 'import-name', f'There is no "{wanted}" in the module {module}.'


def module_refused(error, message, place):
    return 'module-refused', error.palimpsest_reason


# Files, system and network


def file_not_found(error, message, place):
    path = error.filename
    if not isinstance(path, (str, bytes)):
        return None
    path = os.fsdecode(path)
    files = place.files()
    by_name = {file.rpartition('/')[2]: file for file in files}
    name = path.rpartition('/')[2]
    similar = by_name.get(name) or nearest(path, files) or by_name.get(nearest(name, by_name) or '')
    if similar is not None and similar != path:
        return 'file-typo', f'There is no file {shown(path)}. Did you mean "{similar}"?'
    if path.startswith(('C:', 'D:', '~', '/home', '/Users')):
        return 'file-elsewhere', 'Programs see the files of this workspace only, not those of your computer. Add the file to the workspace.'
    there = ', '.join(files[:8]) + (' …' if len(files) > 8 else '')
    return 'file-missing', f'There is no file {shown(path)} in this workspace. ' + (f'There is: {there}.' if there else 'It is empty.')


def permission_error(error, message, place):
    if from_socket(error):
        return no_network(error, message, place)
    return read_only(error, message, place)


def read_only(error, message, place):
    return 'file-read-only', 'Programs can write in the workspace and in /tmp only. Use a name without folders, such as "result.txt".'


def os_error(error, message, place):
    if from_socket(error) or type(error).__name__ in ('gaierror', 'herror'):
        return no_network(error, message, place)
    number = error.errno
    if number == errno.EFBIG:
        most = place.limits.get('file_bytes')
        size = f' ({most // (1024 * 1024)} MB)' if most else ''
        return 'file-too-large', f'A file of a program can have a certain size only{size}. What fitted is there.'
    if number in (errno.ENOSPC, errno.EDQUOT):
        return 'no-space', 'There is no space left for this program. Delete files that it made, or write less.'
    if number == errno.EAGAIN and not message.startswith('[Errno 11] write'):
        return too_many_processes(error, message, place)
    if number in (errno.EROFS,):
        return read_only(error, message, place)
    if number in (errno.EMFILE, errno.ENFILE):
        return 'too-many-files', 'Too many files are open. Close them, best by "with open(...)".'
    if number == errno.ENOMEM:
        return memory_error(error, message, place)
    if number in (errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EHOSTUNREACH):
        return no_network(error, message, place)
    return None


def from_socket(error):
    """Whether it came out of Python's module socket: nothing else tells a refused connection from a refused file."""
    traceback, last = error.__traceback__, ''
    while traceback is not None:
        last = traceback.tb_frame.f_code.co_filename
        traceback = traceback.tb_next
    return last == getattr(sys.modules.get('socket'), '__file__', None)


def no_network(error, message, place):
    return 'no-network', 'There is no network here: programs run in a closed box. Put the data into a file of the workspace instead.'


def request_failed(error, message, place):
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return no_network(error, message, place) if kinds & {'ConnectionError', 'Timeout'} else None


def file_exists(error, message, place):
    return 'file-exists', 'Something with this name is there already.'


def is_a_folder(error, message, place):
    return 'file-is-folder', 'This is a folder, not a file.'


def not_a_folder(error, message, place):
    return 'file-not-folder', 'A part of this path is a file, not a folder.'


def too_many_processes(error, message, place):
    most = place.limits.get('processes')
    count = f' ({most})' if most else ''
    return 'too-many-processes', f'The program may not start more processes or threads than its limit{count}. Does it start them in a loop?'


def runtime_error(error, message, place):
    if "can't start new thread" in message:
        return too_many_processes(error, message, place)
    if 'changed size during iteration' in message or 'mutated during iteration' in message:
        return 'changed-while-iterating', 'A for loop goes through it while the program changes it. Loop over a copy: for x in list(...).'
    return raised_here(place)


def no_display(error, message, place):
    return 'no-display', 'There is no screen for windows here (tkinter, turtle, pygame). Plots need no window: remove matplotlib.use(...).'


# The rest


def recursion_error(error, message, place):
    return 'recursion', 'A function called itself again and again. It needs a case in which it ends without calling itself.'


def zero_division(error, message, place):
    return 'zero-division', 'A number was divided by 0. Check with "if" before dividing.'


def eof_error(error, message, place):
    return 'input-ended', 'input() got no line: the input had ended (Ctrl-D). Run it again and answer.'


def keyboard_interrupt(error, message, place):
    return 'interrupted', 'The program was stopped with Ctrl-C.'


def unicode_decode(error, message, place):
    advice = 'Open it with its real encoding, such as open(..., encoding="latin-1"), or in mode "rb" if it is no text'
    return 'decode', f'The bytes are no text in {error.encoding}. {advice}.'


def unicode_encode(error, message, place):
    return 'encode', f'The text contains a character that {error.encoding} does not have. Use encoding="utf-8".'


def assertion_error(error, message, place):
    return 'assertion', 'What "assert" claims is not true here. Compare the values with what you expected.'


def stop_iteration(error, message, place):
    return 'iterator-ended', 'next() was asked for another element, and there was none left.'


def overflow_error(error, message, place):
    return 'overflow', 'The result is too large for a decimal number (float). Whole numbers (int) have no limit.'


def memory_error(error, message, place):
    return 'memory', 'The program asked for more memory than it may have. Is a list or text growing without end?'


def not_implemented(error, message, place):
    return 'not-implemented', 'This part of the program is still to be written.'


def exception_group(error, message, place):
    return 'exception-group', 'Several errors were raised together. They are listed one by one.'


def json_error(error, message, place):
    return 'json', 'This is no valid JSON: text needs double quotes ("), and no comma stands before a closing bracket.'


def import_of_windows(error, message, place):
    return no_display(error, message, place) if 'display' in message else None


def first(pattern, text):
    found = re.search(pattern, text)
    return found[1] if found else None


# Classes are known by name: most of their modules are not loaded, and a student's own class of the same name is not meant.
KNOWN_HOMES = frozenset(
    ('builtins', '_palimpsest.guard', 'json.decoder', 'socket', '_socket', 'urllib.error', '_tkinter', 'tkinter')
    + ('urllib3.exceptions', 'requests.exceptions', 'ssl', 'http.client', 'httpx', 'httpcore')
)
RULES = {
    'ModuleRefused': (module_refused,),
    'CallRefused': (module_refused,),
    'UnboundLocalError': (unbound_local,),
    'NameError': (name_error,),
    'TabError': (tab_error,),
    'IndentationError': (indentation_error,),
    'SyntaxError': (syntax_error,),
    'TypeError': (type_error,),
    'JSONDecodeError': (json_error,),
    'UnicodeDecodeError': (unicode_decode,),
    'UnicodeEncodeError': (unicode_encode,),
    'ValueError': (value_error,),
    'IndexError': (index_error,),
    'KeyError': (key_error,),
    'ZeroDivisionError': (zero_division,),
    'OverflowError': (overflow_error,),
    'AttributeError': (attribute_error,),
    'ModuleNotFoundError': (module_not_found,),
    'ImportError': (import_error,),
    'FileNotFoundError': (file_not_found,),
    'PermissionError': (permission_error,),
    'FileExistsError': (file_exists,),
    'IsADirectoryError': (is_a_folder,),
    'NotADirectoryError': (not_a_folder,),
    'gaierror': (no_network,),
    'herror': (no_network,),
    'URLError': (no_network,),
    'NewConnectionError': (no_network,),
    'MaxRetryError': (no_network,),
    'ConnectTimeout': (no_network,),
    'ConnectError': (no_network,),
    'RequestException': (request_failed,),
    'OSError': (os_error,),
    'RecursionError': (recursion_error,),
    'NotImplementedError': (not_implemented,),
    'RuntimeError': (runtime_error,),
    'MemoryError': (memory_error,),
    'EOFError': (eof_error,),
    'KeyboardInterrupt': (keyboard_interrupt,),
    'AssertionError': (assertion_error,),
    'StopIteration': (stop_iteration,),
    'StopAsyncIteration': (stop_iteration,),
    'BaseExceptionGroup': (exception_group,),
    'TclError': (import_of_windows,),
    'BaseException': (lambda error, message, place: raised_here(place),),
}
