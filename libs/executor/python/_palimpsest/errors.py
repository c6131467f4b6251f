"""Shows an exception to the person who is learning: own lines first, then what it means; tells the interface the same.

Loaded by boot.py when something was raised, under the standard library's own path. The text is made as a whole before anything
is printed: if making it fails, boot.py shows Python's own traceback, as if this file did not exist. Everything is bounded, since
exceptions, their messages and their chains can be of any size, and their methods can do anything.
"""

import json
import os
import sys

import _palimpsest
from _palimpsest.explanations import Place, explain

# Shown in the terminal.
MOST_FRAMES = 8
MOST_MESSAGE = 1500
MOST_LINE = 160
MOST_CHAIN = 3
MOST_MEMBERS = 5
# Told to the interface, characters; the executor reads lines of up to MOST_REPORT_BYTES and takes MOST_REPORTS of a run.
REPORT_MESSAGE = 1000
REPORT_TEXT = 600
RAW_HEAD, RAW_TAIL = 4000, 2000
MOST_REPORT_BYTES = 16 * 1024
MOST_REPORTS = 100

OWN_FILES = '/palimpsest/'


class Teacher:
    """What of an error is whose, and what is said about it; one for a run."""

    def __init__(self, workspace, limits, send, history=lambda: None):
        self.workspace = workspace
        self.limits = limits
        self.send = send
        self.history = history
        self.reports = 0

    def show(self, error, traceback):
        """Prints the error and reports it. Raises, before a word was printed, when it cannot be shown."""
        hide_own_end(error)
        frames = frames_of(error.__traceback__ if error.__traceback__ is not None else traceback)
        own = [frame for frame in frames if self.is_own(frame[0].f_code.co_filename)]
        if isinstance(error, KeyboardInterrupt) and not own:
            return print_whole('\nKeyboardInterrupt\n')  # at the prompt: there was nothing to stop
        colour = Colours if wants_colour() else NoColours
        said = self.explanation(error, own)
        text = '\n'.join(self.lines(error, frames, own, said, colour)) + '\n'
        report = self.report(error, own, said)
        print_whole(text)
        self.tell(report)

    def is_own(self, path):
        return path.startswith(self.workspace + '/') or path == '<stdin>'

    def explanation(self, error, own):
        frame, line, _ = own[-1] if own else (None, 0, None)
        source = self.source(frame.f_code.co_filename, line) if frame is not None else ''
        console = frame is not None and frame.f_code.co_filename == '<stdin>'
        place = Place(frame, source or '', self.workspace, console, self.limits)
        try:
            found = explain(error, place)
        except BaseException:
            return None  # the error itself is shown all the same
        return found and (found[0], cut(found[1], REPORT_TEXT))

    # In the terminal

    def lines(self, error, frames, own, said, colour):
        yield from self.frame_lines(frames, own, colour)
        if isinstance(error, SyntaxError):
            yield from self.syntax_lines(error, colour)
        name, message = kind_of(error), message_of(error)
        if isinstance(error, SyntaxError):
            message = str(error.msg)
        shown = cut(message, MOST_MESSAGE)
        yield colour.error(name + (f': {shown}' if shown else ''))
        for note in notes_of(error):
            yield cut(note, MOST_MESSAGE)
        yield from self.member_lines(error, colour)
        if said:
            yield from ('  ' + line for line in wrapped(said[1], terminal_width() - 2))
        yield from self.chain_lines(error, colour)
        if len(shown) < len(message) or len(own) != len(frames) or len(own) > MOST_FRAMES or error.__context__ is not None:
            yield colour.faint("  (All that Python says: full_traceback())")

    def frame_lines(self, frames, own, colour):
        shown = frames if not own else self.folded(frames)
        yield from self.bounded([line for entry in shown for line in self.entry_lines(entry, colour)], shown, colour)

    def folded(self, frames):
        """The student's own frames, and between them how many of which library."""
        entries, foreign = [], []
        for frame in frames:
            if not self.is_own(frame[0].f_code.co_filename):
                foreign.append(frame)
                continue
            if foreign:
                entries.append(foreign)
            foreign = []
            entries.append(frame)
        return entries + ([foreign] if foreign else [])

    def bounded(self, lines, entries, colour):
        """All of it, or of many calls the first and the last."""
        if len(entries) <= MOST_FRAMES:
            yield from lines
            return
        half = MOST_FRAMES // 2
        for entry in entries[:half]:
            yield from self.entry_lines(entry, colour)
        yield colour.faint(f'  … {len(entries) - 2 * half} more calls …')
        for entry in entries[-half:]:
            yield from self.entry_lines(entry, colour)

    def entry_lines(self, entry, colour):
        if isinstance(entry, list):
            yield colour.faint(f'  … inside {library_of(entry[0][0].f_code.co_filename)}: {counted(len(entry), "call")} …')
            return
        frame, number, columns = entry
        path, name = self.relative(frame.f_code.co_filename), frame.f_code.co_name
        yield f'  {colour.place(f"{path}, line {number}")}' + (f', in {name}' if name != '<module>' else '')
        line = self.source(frame.f_code.co_filename, number)
        if line is not None:
            yield from marked(line, columns, colour)

    def syntax_lines(self, error, colour):
        if not error.lineno:
            return
        path = self.relative(error.filename or '<unknown>')
        yield f'  {colour.place(f"{path}, line {error.lineno}")}'
        if isinstance(error.text, str):
            line = error.text.split('\n')[0]
            begin = (error.offset or 1) - 1
            same_line = error.end_lineno in (None, error.lineno)
            end = (error.end_offset or 0) - 1 if same_line else len(line)
            yield from marked(line, (begin, max(end, begin + 1)), colour, always=True)

    def member_lines(self, error, colour):
        members = getattr(error, 'exceptions', None)
        if not isinstance(members, tuple) or not is_group(error):
            return
        for member in members[:MOST_MEMBERS]:
            yield '  • ' + self.in_short(member)
            said = self.explanation(member, self.own_frames(member))
            if said:
                yield from ('    ' + line for line in wrapped(said[1], terminal_width() - 4))
        if len(members) > MOST_MEMBERS:
            yield colour.faint(f'  … and {len(members) - MOST_MEMBERS} more')

    def chain_lines(self, error, colour):
        seen = {id(error)}
        for _ in range(MOST_CHAIN):
            cause = error.__cause__
            earlier = cause if cause is not None else None if error.__suppress_context__ else error.__context__
            if earlier is None or id(earlier) in seen:
                return
            seen.add(id(earlier))
            yield f'  {"Its cause:" if cause is not None else "While dealing with:"} {self.in_short(earlier)}'
            error = earlier

    def own_frames(self, error):
        return [frame for frame in frames_of(error.__traceback__) if self.is_own(frame[0].f_code.co_filename)]

    def in_short(self, error):
        own = self.own_frames(error)
        where = f' ({self.relative(own[-1][0].f_code.co_filename)}, line {own[-1][1]})' if own else ''
        message = cut(message_of(error), 200)
        return kind_of(error) + (f': {message}' if message else '') + where

    def relative(self, path):
        if path == '<stdin>':
            return 'console'
        start = self.workspace + '/'
        return path[len(start) :] if path.startswith(start) else path

    def source(self, path, number):
        """A line of a file, or of what was typed last. Read anew: the module linecache costs as much as all of this."""
        if path == '<stdin>':
            return self.history() if number == 1 else None
        try:
            with open(path, 'rb') as file:
                for at, line in enumerate(file, 1):
                    if at == number:
                        return line[:4000].decode('utf-8', 'replace').rstrip('\r\n')
        except OSError:
            pass
        return None

    # For the interface

    def report(self, error, own, said):
        path, line = self.place_of(error, own)
        message = str(error.msg) if isinstance(error, SyntaxError) else message_of(error)
        return {
            'exception': cut(kind_of(error), 100),
            'message': cut(message, REPORT_MESSAGE),
            'path': path,
            'line': line,
            'explanation': said and {'id': said[0], 'text': said[1]},
            'traceback': raw_traceback(error, RAW_HEAD, RAW_TAIL),
        }

    def place_of(self, error, own):
        start = self.workspace + '/'
        if isinstance(error, SyntaxError) and isinstance(error.filename, str) and error.filename.startswith(start):
            return error.filename[len(start) :], error.lineno or 1
        for frame, number, _ in reversed(own):
            if frame.f_code.co_filename.startswith(start):
                return frame.f_code.co_filename[len(start) :], number
        return None, None

    def tell(self, report):
        if os.getpid() != _palimpsest.process or self.reports >= MOST_REPORTS:
            return
        self.reports += 1
        text = json.dumps(report)
        while len(text) > MOST_REPORT_BYTES:  # letters that JSON writes as six
            longest = max(('traceback', 'message'), key=lambda name: len(report[name]))
            report[longest] = cut(report[longest], len(report[longest]) // 2)
            text = json.dumps(report)
        self.send('error ' + text)


class Colours:
    error = staticmethod(lambda text: f'\x1b[1;31m{text}\x1b[0m')
    place = staticmethod(lambda text: f'\x1b[36m{text}\x1b[0m')
    mark = staticmethod(lambda text: f'\x1b[33m{text}\x1b[0m')
    faint = staticmethod(lambda text: f'\x1b[2m{text}\x1b[0m')


class NoColours:
    error = place = mark = faint = staticmethod(lambda text: text)


def wants_colour():
    try:
        return sys.stderr.isatty() and 'NO_COLOR' not in os.environ
    except (AttributeError, ValueError):
        return False


def terminal_width():
    try:
        return max(40, min(100, os.get_terminal_size(2).columns))
    except OSError:
        return 100


def frames_of(traceback):
    """(frame, line, columns) of every call, the outermost first, without those of what runs the program."""
    frames = []
    while traceback is not None:
        frame = traceback.tb_frame
        path = frame.f_code.co_filename
        if not path.startswith((OWN_FILES, '<frozen importlib')):
            frames.append((frame, traceback.tb_lineno, columns_of(frame.f_code, traceback)))
        traceback = traceback.tb_next
    return frames


def columns_of(code, traceback):
    """Where in its line the call stands: (begin, end) in bytes, where Python knows and it is one line."""
    positions = getattr(code, 'co_positions', None)
    if positions is None or traceback.tb_lasti < 0:
        return None
    for at, (line, end_line, begin, end) in enumerate(positions()):
        if at == traceback.tb_lasti // 2:
            if line == end_line == traceback.tb_lineno and begin is not None and end is not None:
                return begin, end
            return None
    return None


def hide_own_end(error):
    """Takes off the frames in which our own code refused something: the line that asked is where it happened."""
    before, traceback = None, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith(OWN_FILES) and before is not None:
            before.tb_next = None
            return
        before, traceback = traceback, traceback.tb_next


def marked(line, columns, colour, always=False):
    """The line, and below it a mark under the part that it happened in (not if that is all of it)."""
    text = line.lstrip()
    removed = len(line) - len(text)
    if len(text) > MOST_LINE:
        yield '    ' + text[:MOST_LINE] + '…'
        return
    yield '    ' + text.rstrip()
    if columns is None:
        return
    if not always:  # Python counts bytes here
        encoded = line.encode('utf-8', 'replace')
        columns = tuple(len(encoded[:column].decode('utf-8', 'replace')) for column in columns)
    begin, end = (max(0, column - removed) for column in columns)
    end = min(max(end, begin + 1), max(len(text.rstrip()), begin + 1))
    if always or end - begin < len(text.rstrip()):
        yield '    ' + ' ' * begin + colour.mark('^' * (end - begin))


def library_of(path):
    parts = path.split('/')
    for at, part in enumerate(parts[:-1]):
        following = parts[at + 1]
        if part in ('dist-packages', 'site-packages') or (part.startswith('python3') and following != 'dist-packages'):
            return following[:-3] if following.endswith('.py') else following
    return path.strip('<>').removeprefix('frozen ') or 'a library'


def kind_of(error):
    kind = type(error)
    home = '' if kind.__module__ in ('builtins', '__main__', '_palimpsest.guard') else f'{kind.__module__}.'
    return f'{home}{kind.__qualname__}'


def message_of(error):
    try:
        return str(error)
    except BaseException as problem:
        return f'<no message: its __str__ raised {type(problem).__name__}>'


def notes_of(error):
    notes = getattr(error, '__notes__', None)
    return [note for note in notes[:3] if isinstance(note, str)] if isinstance(notes, list) else []


def is_group(error):
    return any(kind.__name__ == 'BaseExceptionGroup' for kind in type(error).__mro__)


def counted(number, noun):
    return f'{number} {noun}{"" if number == 1 else "s"}'


def cut(text, most):
    return text if len(text) <= most else text[: max(most - 1, 0)] + '…'


def wrapped(text, width):
    line = ''
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = ''
        line = f'{line} {word}' if line else word
    yield line


class Ends:
    """A file that keeps the beginning and the end of what is written to it."""

    def __init__(self, head, tail):
        self.head, self.tail, self.left = '', '', head
        self.most_tail, self.dropped = tail, False

    def write(self, text):
        self.head += text[: self.left]
        rest = text[self.left :]
        self.left -= min(self.left, len(text))
        self.tail += rest
        if len(self.tail) > self.most_tail:
            self.tail, self.dropped = self.tail[-self.most_tail :], True

    def flush(self):
        pass

    def __str__(self):
        return self.head + ('\n…\n' if self.dropped else '') + self.tail


def raw_traceback(error, head, tail):
    """As Python itself writes it: chains, groups and repetitions included."""
    stderr, ends = sys.stderr, Ends(head, tail)
    sys.stderr = ends
    try:
        sys.__excepthook__(type(error), error, error.__traceback__)
    finally:
        sys.stderr = stderr
    return str(ends)


def full_traceback():
    """Everything that Python says about the last error."""
    error = getattr(sys, 'last_value', None)
    if error is None:
        print('Nothing was raised so far.')
    else:
        print_whole(raw_traceback(error, 200_000, 200_000))


def print_whole(text):
    sys.stdout.flush()
    try:
        sys.stderr.write(text)
    except UnicodeEncodeError:  # half a surrogate pair in the message
        sys.stderr.write(text.encode('utf-8', 'backslashreplace').decode('utf-8'))
    sys.stderr.flush()
