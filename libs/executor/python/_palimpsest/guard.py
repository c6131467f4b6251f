"""Refuses some modules and calls to the student's own code, as the course wants it. A guard-rail, no boundary: the sandbox is that.

Who asks decides. Walking outwards from the request, frames of the module itself (subprocess.py, multiprocessing, ctypes) and of
generated code are passed over; the first that is left is the one that asks. If it is a file of the workspace or the console, it is
refused; if it is a library, it is let through, since numpy, platform, uuid and others use these modules for purposes of
their own. Imports are seen by a finder in front of all others, which is asked for every module that is not loaded yet; calls by
an audit hook, which also catches the use of a module that a library had loaded before.

What a determined student gets around: giving os.system to a library that calls it (threading.Thread(target=os.system)), taking
the finder off sys.meta_path, ctypes once a library has loaded a function. What is reached by that is a sandbox that holds all the same.
"""

import sys

SENTENCES = {
    'os.system': 'os.system() starts other programs',
    'os.exec': 'os.exec...() replaces the program by another',
    'os.spawn': 'os.spawn...() starts other programs',
    'os.posix_spawn': 'os.posix_spawn() starts other programs',
    'os.fork': 'os.fork() makes a second process of the program',
    'subprocess': 'subprocess starts other programs',
    'ctypes': 'ctypes calls functions of the system past Python',
    'multiprocessing': 'multiprocessing starts further processes',
}
# Modules whose import counts as asking for one of these.
MODULES = {
    'subprocess': 'subprocess',
    '_posixsubprocess': 'subprocess',
    'ctypes': 'ctypes',
    '_ctypes': 'ctypes',
    'cffi': 'ctypes',
    '_cffi_backend': 'ctypes',
    'multiprocessing': 'multiprocessing',
    '_multiprocessing': 'multiprocessing',
}
# Audit events, see "Audit events table" in Python's documentation.
EVENTS = {
    'os.system': 'os.system',
    'os.exec': 'os.exec',
    'os.posix_spawn': 'os.posix_spawn',
    'os.fork': 'os.fork',
    'os.forkpty': 'os.fork',
    'subprocess.Popen': 'subprocess',
    'ctypes.dlopen': 'ctypes',
    'ctypes.dlsym': 'ctypes',
    'ctypes.dlsym/handle': 'ctypes',
    'ctypes.call_function': 'ctypes',
    'ctypes.cdata': 'ctypes',
    'ctypes.cdata/buffer': 'ctypes',
    'ctypes.string_at': 'ctypes',
}
SPAWNERS = frozenset(
    ('_spawnvef', 'spawnl', 'spawnle', 'spawnlp', 'spawnlpe', 'spawnv', 'spawnve', 'spawnvp', 'spawnvpe')
)
WORKSPACE = '/workspace/'


class ModuleRefused(ImportError):
    """The course does not allow this module to the student's own code."""


class CallRefused(PermissionError):
    """The course does not allow this call to the student's own code."""


def install(refused, before_matplotlib=None):
    """`refused`: names of SENTENCES. `before_matplotlib` is called once, when anybody imports it."""
    refused = frozenset(refused)
    sys.meta_path.insert(0, Finder(refused, before_matplotlib))
    if refused:
        sys.addaudithook(hook_for(refused))


class Finder:
    """Finds nothing; refuses."""

    def __init__(self, refused, before_matplotlib):
        self.refused = refused
        self.before_matplotlib = before_matplotlib

    def find_spec(self, name, path=None, target=None):
        top = name.partition('.')[0]
        if top in MODULES:
            own, what = asks(sys._getframe(1), MODULES[top])
            if own and what in self.refused:
                raise refusal(ModuleRefused, what, name)
        elif name == 'matplotlib' and self.before_matplotlib is not None:
            self.before_matplotlib()
        return None


def hook_for(refused):
    # What it needs is bound here: at the end of the program its module may be empty already.
    def hook(event, args, events=EVENTS, getframe=sys._getframe, asks=asks, refusal=refusal):
        what = events.get(event)
        if what is None:
            return
        own, what = asks(getframe(1), what)
        if own and what in refused:
            raise refusal(CallRefused, what, what)

    return hook


def asks(frame, what):
    """(whether it is the student's own code that asks, what is asked for)."""
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(WORKSPACE) or path == '<stdin>':
            return True, what
        if path == '<frozen os>' or path.endswith('/os.py'):
            if frame.f_code.co_name in SPAWNERS:
                what = 'os.spawn'
        elif path.endswith('/subprocess.py'):
            what = 'subprocess'
        elif '/multiprocessing/' in path:
            what = 'multiprocessing'
        elif not (path.startswith('<') or path.endswith(('/pty.py', '/importlib/__init__.py')) or '/ctypes/' in path):
            return False, what
        frame = frame.f_back
    return False, what


def refusal(kind, what, name):
    reason = f'{SENTENCES[what]}; this course does not allow that. A professor of the course can allow "{what}" in its settings.'
    error = kind(f'"{name}" is not allowed in this course')
    error.palimpsest_reason = reason
    if isinstance(error, ImportError):
        error.name = name
    return error
