"""Runs a student's script inside the sandbox and then becomes the console in its namespace.

Started as `python3 -I -S -B -X utf8 -i boot.py`, perhaps long before there is a script: it gets ready and then waits on
descriptor 7 for its orders, fields that end with a zero byte: MODE PROCESSES CPU FILE_BYTES DATA_BYTES ADDRESS_BYTES REFUSED
[ENTRY]. REFUSED names what the course refuses to the student's own code, with commas between, or is `-` (_palimpsest/guard.py).
It closes 7 before the student's first line; the end of the executor before there were orders is its own end, too.

`-i` makes Python's own REPL follow when this file ends: it is the REPL everybody knows, it works in `sys.modules['__main__']`,
and nothing has to be imported for it. `-S` saves 8 ms; what `site` would have done is done here.

Descriptor 8 is a pipe to the executor. It carries hints for the interface: "the script has ended, the console begins", what
was raised, what was plotted. Code of the student can find it and write to it or close it, so nothing that protects anybody
depends on it.

What is said about errors, what is refused and where plots go is in `_palimpsest`, beside this file in a folder of its own.
"""

import atexit
import builtins
import mmap
import os
import resource
import signal
import sys
import termios

ORDERS = 7
HINTS = 8
WORKSPACE = '/workspace'
RESERVE_BYTES = 24 * 1024 * 1024
OWN_MODULES = '/palimpsest/lib'


def hint(text):
    try:
        # A line that Ctrl-C cut off must not spoil the next one.
        rest = b'\n' + text.encode('utf-8', 'replace') + b'\n'
        while rest:
            rest = rest[os.write(HINTS, rest) :]
    except OSError:
        pass  # closed by the program: the interface merely knows less


def close_inherited():
    os.closerange(3, ORDERS)
    os.closerange(HINTS + 1, 1 << 20)
    os.set_inheritable(ORDERS, False)
    os.set_inheritable(HINTS, False)


def take_terminal():
    # A process group of its own: otherwise Ctrl-C would end bubblewrap, and kill(0) would reach it.
    try:
        os.setpgid(0, 0)
    except OSError:
        pass  # already its leader
    try:
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpgrp())
        signal.signal(signal.SIGTTOU, before)
    except (OSError, TypeError):
        pass


def wait_for_orders():
    orders = b''
    while not orders.endswith(b'\0\0'):
        read = os.read(ORDERS, 65536)
        if not read:
            os._exit(0)
        orders += read
    os.close(ORDERS)
    mode, *fields = orders[:-2].decode().split('\0')
    return mode, [int(number) for number in fields[:5]], fields[5], fields[6:]


def limit_resources(processes, cpu, file_bytes, data_bytes, address_bytes):
    limits = (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, 128, 128),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_DATA, data_bytes, data_bytes),
        (resource.RLIMIT_AS, address_bytes, address_bytes),
        # The first ends with SIGXCPU, which tells why; the second cannot be ignored. A second more than the student has,
        # since the kernel counts from the start of Python and the executor from the orders.
        (resource.RLIMIT_CPU, cpu + 1, cpu + 2),
        (resource.RLIMIT_NPROC, processes, processes),
    )
    for which, soft, hard in limits:
        resource.setrlimit(which, (soft, hard))
    # A file that is too large becomes "OSError: File too large" instead of the end of the program.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def standard_path():
    version = f'python{sys.version_info.major}.{sys.version_info.minor}'
    extra = (f'/usr/local/lib/{version}/dist-packages', '/usr/lib/python3/dist-packages')
    return sys.path + [folder for folder in extra if os.path.isdir(folder)] + [OWN_MODULES]


def standard_import(name):
    """A module of the standard library, whatever the student's files are called (code.py, random.py, token.py)."""
    own = {key: module for key, module in sys.modules.items() if in_workspace(module)}
    path = sys.path
    for key in own:
        del sys.modules[key]
    sys.path = STANDARD_PATH
    try:
        return __import__(name)
    finally:
        sys.path = path
        sys.modules.update(own)


def in_workspace(module):
    file = getattr(module, '__file__', None)
    return isinstance(file, str) and file.startswith(WORKSPACE + '/') and module is not sys.modules.get('__main__')


def add_site_builtins():
    import _sitebuiltins

    builtins.exit = _sitebuiltins.Quitter('exit', 'Ctrl-D (i.e. EOF)')
    builtins.quit = _sitebuiltins.Quitter('quit', 'Ctrl-D (i.e. EOF)')
    builtins.help = _sitebuiltins._Helper()
    builtins.full_traceback = lambda: own_module('errors').full_traceback()


def own_module(name):
    standard_import(f'_palimpsest.{name}')
    return sys.modules[f'_palimpsest.{name}']


def explained(kind, error, traceback):
    """sys.excepthook. Whatever goes wrong in explaining, the error itself is shown."""
    try:
        explained.reserve.close()
        teacher = getattr(explained, 'teacher', None)
        if teacher is None:
            teacher = explained.teacher = own_module('errors').Teacher(WORKSPACE, explained.limits, hint, last_typed)
        teacher.show(error, traceback)
    except BaseException:
        sys.__excepthook__(kind, error, traceback)


def last_typed():
    """The line of the console that was typed last, if it is a statement by itself."""
    readline = sys.modules.get('readline')
    line = readline and readline.get_history_item(readline.get_current_history_length())
    try:
        compile(line, '<stdin>', 'single')
        return line
    except (SyntaxError, ValueError, TypeError):
        return None


def refuse_and_prepare(refused):
    own_module('guard').install([] if refused == '-' else refused.split(','), prepare_fonts)
    sys.modules['_palimpsest'].send = hint


def prepare_fonts():
    """Before matplotlib is imported: its list of fonts, which takes it seconds to make, lies ready in a folder that it can write."""
    try:
        os.makedirs(os.environ['MPLCONFIGDIR'], exist_ok=True)
        for name in os.listdir(FONT_LISTS):
            with open(os.path.join(FONT_LISTS, name), 'rb') as source:
                content = source.read()
            with open(os.path.join(os.environ['MPLCONFIGDIR'], name), 'xb') as file:
                file.write(content)
    except (OSError, KeyError):
        pass  # it makes its own


def emit_figures():
    """Sends the plots that were made and never shown, where matplotlib is at work at all."""
    figures = sys.modules.get('_palimpsest.figures')
    if figures is None:
        return
    try:
        figures.emit_unshown()
    except BaseException as error:
        show(error)


class Prompt:
    """sys.ps1: Python turns it into text each time it is about to ask."""

    def __str__(self):
        emit_figures()
        return '>>> '


def make_main():
    main = type(sys)('__main__')
    main.__builtins__ = builtins
    main.__annotations__ = {}
    sys.modules['__main__'] = main
    return main


def without_boot_frames(traceback):
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def show(error):
    error.__traceback__ = traceback = without_boot_frames(error.__traceback__)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, traceback
    try:
        sys.excepthook(type(error), error, traceback)
    except BaseException:
        explained(type(error), error, traceback)


def exit_code(error):
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def run_script(main, entry):
    """Runs it as `python3 ENTRY` would; the answer is the hint for the executor."""
    path = os.path.join(WORKSPACE, entry)
    folder = os.path.dirname(path)
    sys.argv = [entry]
    sys.path = [WORKSPACE] + ([folder] if folder != WORKSPACE else []) + STANDARD_PATH
    main.__file__ = path
    try:
        with open(path, 'rb') as file:
            source = file.read()
        exec(compile(source, path, 'exec', dont_inherit=True), main.__dict__)
        return 'completed'
    except SystemExit as error:
        return f'exit {exit_code(error)}'
    except BaseException as error:
        show(error)
        return f'raised {type(error).__name__[:200]}'


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # closed or replaced by the program


def complete(text, state):
    """Tab. The module is 10 ms of imports: only for those who press it."""
    completer = getattr(complete, 'of', None)
    if completer is None:
        module = standard_import('rlcompleter')
        completer = complete.of = module.Completer(sys.modules['__main__'].__dict__)
    return completer.complete(text, state)


def prepare_console(attributes):
    take_terminal()
    try:
        termios.tcsetattr(0, termios.TCSANOW, attributes)  # a program that died in curses leaves the terminal raw
        readline = standard_import('readline')
    except (ImportError, termios.error):
        return
    readline.parse_and_bind('set enable-bracketed-paste off')
    readline.parse_and_bind('tab: complete')
    readline.set_completer(complete)


def start():
    close_inherited()
    take_terminal()
    add_site_builtins()
    own_module('guard')  # loaded while there is time
    # Told at an orderly end: a status of 128 + n is then the program's own, not a signal.
    # Only from this process: a forked child ends orderly as well.
    atexit.register(lambda process=os.getpid(): hint('ending') if os.getpid() == process else None)
    attributes = termios.tcgetattr(0)
    main = make_main()
    hint('ready')
    mode, limits, refused, entry = wait_for_orders()
    limit_resources(*limits)
    # Addresses, not memory: what explains an error must find room after a program that has taken all there is.
    explained.reserve = mmap.mmap(-1, RESERVE_BYTES, flags=mmap.MAP_PRIVATE)
    explained.limits = {'file_bytes': limits[2], 'processes': limits[0]}
    refuse_and_prepare(refused)
    sys.excepthook = explained
    hint('started')
    if mode == 'script':
        end = run_script(main, entry[0])
        emit_figures()
    else:
        sys.argv = ['']
        sys.path = [WORKSPACE] + STANDARD_PATH
        print(f'Python {sys.version.split()[0]}. Ctrl-D or exit() ends this console.')
        end = '-'
    flush()
    prepare_console(attributes)
    sys.ps1 = Prompt()
    hint(f'repl {end}')


FONT_LISTS = '/palimpsest/fonts'
STANDARD_PATH = standard_path()
start()
