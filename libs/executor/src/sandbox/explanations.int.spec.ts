import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PYTHON } from './arguments.js';
import { type ErrorReport, MOST_REPORT_BYTES, parseErrorReport } from './error-report.js';

const MODULES = fileURLToPath(new URL('../../python/', import.meta.url));

/**
 * Runs main.py of each folder as boot.py does, without a sandbox, each in a process of its own (a fork, since starting Python
 * 150 times takes long). Prints for each what was reported and what was shown.
 */
const DRIVER = `
import io, json, os, signal, sys
sys.path.append(sys.argv[1])
import _palimpsest
from _palimpsest import errors

def run(workspace):
    os.chdir(workspace)
    _palimpsest.process = os.getpid()
    sys.path.insert(0, workspace)
    said = []
    teacher = errors.Teacher(workspace, {'file_bytes': 10485760, 'processes': 50}, said.append)
    path = os.path.join(workspace, 'main.py')
    shown = sys.stderr = io.StringIO()
    sys.stdout = io.StringIO()
    try:
        main = {'__name__': '__main__', '__builtins__': __builtins__}
        exec(compile(open(path, 'rb').read(), path, 'exec', dont_inherit=True), main)
    except BaseException as error:
        error.__traceback__ = error.__traceback__.tb_next
        teacher.show(error, error.__traceback__)
    return [said, shown.getvalue()]

def apart(workspace):
    reading, writing = os.pipe()
    if os.fork() == 0:
        signal.alarm(20)
        try:
            answer = run(workspace)
        except BaseException as fault:
            answer = [[], 'the explainer raised ' + repr(fault)]
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, 'rb') as file:
        text = file.read()
    os.wait()
    return json.loads(text or '[[], "killed"]')

json.dump([apart(workspace) for workspace in json.loads(sys.argv[2])], sys.stdout)
`;

interface Told {
  readonly report: ErrorReport;
  readonly bytes: number;
  readonly shown: string;
}

type Files = Readonly<Record<string, string>>;

let root: string;
let count = 0;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'palimpsest-explain-'))));
afterAll(() => rm(root, { recursive: true, force: true }));

async function layOut(source: string, files: Files): Promise<string> {
  const folder = join(root, String(count++));
  for (const [path, content] of Object.entries({ ...files, 'main.py': source })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

async function raiseAll(programs: readonly (readonly [source: string, files: Files])[]): Promise<readonly Told[]> {
  const folders = await Promise.all(programs.map(([source, files]) => layOut(source, files)));
  const words = ['-I', '-B', '-X', 'utf8', '-c', DRIVER, MODULES, JSON.stringify(folders)];
  const running = promisify(execFile)(PYTHON, words, { maxBuffer: 100_000_000 });
  running.child.stdin?.end();
  return (JSON.parse((await running).stdout) as [string[], string][]).map(([[line = ''], shown], index) => {
    const report = parseErrorReport(line.slice('error '.length));
    if (!report) throw new Error(`${programs[index]?.[0]}: no report but ${JSON.stringify(line)}; shown: ${shown}`);
    return { report, shown, bytes: Buffer.byteLength(line) };
  });
}

async function raise(source: string, files: Files = {}): Promise<Told> {
  const [told] = await raiseAll([[source, files]]);
  if (!told) throw new Error('nothing came back');
  return told;
}

type Case = readonly [program: string, id: string, phrase: string, files?: Files];

const CASES: readonly Case[] = [
  ['count = 3\nprint(coutn)', 'name-typo', 'Did you mean "count"?'],
  ['pritn(3)', 'name-typo', 'Did you mean "print"?'],
  ['Print(3)', 'name-typo', 'Did you mean "print"?'],
  ['x = true', 'name-capital', 'capital letter: True'],
  ['x = null', 'name-capital', 'None'],
  ['print(math.pi)', 'name-module', 'import math'],
  ['print(np.zeros(3))', 'name-module', 'import numpy as np'],
  ['print(sqrt(4))', 'name-in-module', 'from math import sqrt'],
  ['print(self.x)', 'name-self', '"self" as their first parameter'],
  ['greet()\ndef greet(): pass', 'name-later', 'in line 2'],
  ['print(hello_world)', 'name-unknown', 'put it in quotes'],
  ['def f():\n    def g(): return late\n    g()\n    late = 1\nf()', 'name-unassigned', 'no value yet'],
  ['total = 0\ndef add():\n    total += 1\nadd()', 'local-global', 'global total'],
  ['def f(x):\n    if x: y = 1\n    return y\nf(0)', 'local-unassigned', 'before the if'],
  ['if True:\nprint(1)', 'indent-missing', "After the 'if' statement in line 1"],
  ['x = 1\n  y = 2', 'indent-unexpected', 'further to the right'],
  ['if True:\n    x = 1\n  y = 2', 'indent-mismatch', 'Align'],
  ['if True:\n    x = 1\n\ty = 2', 'indent-tabs', 'four spaces'],
  ['if 3 > 2\n    print(1)', 'syntax-colon', 'colon'],
  ['for i in range(3) print(i)', 'syntax-colon', 'colon'],
  ['print((1, 2)', 'syntax-bracket', '"(" that is opened here'],
  ['x = [1, 2)', 'syntax-bracket-mismatch', 'opened with "["'],
  ['print(1))', 'syntax-bracket-extra', '")" too many'],
  ['x = "abc', 'syntax-quote', 'closing quote'],
  ['x = """abc', 'syntax-triple-quote', 'three quotes'],
  ['x = 2\nif x = 3: pass', 'syntax-equals', 'write "=="'],
  ['5 = x', 'syntax-equals', 'on the left'],
  ['print "hello"', 'syntax-print', 'parentheses'],
  ['print(“hello”)', 'syntax-typographic', 'straight'],
  ['x =\u00a03', 'syntax-invisible', 'invisible'],
  ['x = 3 €', 'syntax-character', '€'],
  ['x = [1 2]', 'syntax-comma', 'comma'],
  ['return 3', 'syntax-outside', '"return"'],
  ['x = 012', 'syntax-number', '012'],
  ['1st = 3', 'syntax-number', 'begin with a digit'],
  ['print(end="", 1)', 'syntax-argument-order', 'after those without'],
  ['x = f"{1"', 'syntax-fstring', 'f-string'],
  ['p = "C:\\Users"', 'syntax-escape', 'r"C:'],
  ['if 1: pass\nelse if 2: pass', 'syntax-elif', 'elif'],
  ['i = 1\ni++', 'syntax-increment', '+= 1'],
  ['if 1 && 2: pass', 'syntax-operator', '"and" instead of "&&"'],
  ['whlie True:\n    pass', 'syntax-keyword', 'Did you mean "while"'],
  ['class = 3', 'syntax-reserved', 'cannot be a name'],
  ['x = 3\nelse: pass', 'syntax-orphan', '"else"'],
  ['age = 3\nprint("Age: " + age)', 'type-text-and-number', 'str(...)'],
  ['print(3 + "4")', 'type-text-and-number', 'int(...)'],
  ['x = 3\nx()', 'type-not-callable', 'an int'],
  ['list = [1]\nlist("ab")', 'type-hidden-builtin', '"list"'],
  ['import math\nmath(3)', 'type-not-callable', 'module.function'],
  ['def f(a, b): pass\nf(1)', 'type-missing-argument', "'b'"],
  ['def f(a): pass\nf(1, 2)', 'type-too-many-arguments', 'with 2 arguments and takes 1'],
  ['class A:\n    def m(): pass\nA().m()', 'type-too-many-arguments', '"self"'],
  ['def f(a): pass\nf(b=1)', 'type-keyword-argument', 'no parameter called "b"'],
  ['def f(a): pass\nf(1, a=1)', 'type-argument-twice', 'twice'],
  ['x = [3, 1].sort()\nprint(x[0])', 'none-value', 'None'],
  ['for x in None: pass', 'none-value', 'None'],
  ['x = print(1)\ny = x + 1', 'none-value', 'print()'],
  ['x = None\nx.upper()', 'none-attribute', 'without a return'],
  ['[1] - [2]', 'type-operand', '"-"'],
  ['x = "5"\nx > 3', 'type-compare', 'input()'],
  ['x = 3\nx[0]', 'type-not-subscriptable', 'an int'],
  ['print[3]', 'type-not-subscriptable', 'called with ( )'],
  ['x = [1, 2]\nx["a"]', 'type-index', 'whole number'],
  ['for i in 5: pass', 'type-not-iterable', 'range'],
  ['a, b = 5', 'type-not-iterable', 'unpack'],
  ['{[1]: 2}', 'type-unhashable', 'tuple'],
  ['x = "abc"\nx[0] = "z"', 'type-immutable', 'new one'],
  ['len(5)', 'type-no-length', 'len()'],
  ['range("3")', 'type-whole-number', 'int(...)'],
  ['int([1])', 'type-conversion', 'converted'],
  ['", ".join([1, 2])', 'type-join', 'map(str'],
  ['"a" * 1.5', 'type-multiply', 'whole number'],
  ['"%d" % "x"', 'type-format', '%-places'],
  ['int("abc")', 'value-int', "'abc' is not a whole number"],
  ['int("3.5")', 'value-int', 'float(...)'],
  ['int("")', 'value-int', 'empty'],
  ['float("3,5")', 'value-float', 'decimal point'],
  ['a, b = 1, 2, 3', 'value-unpack', '2 names'],
  ['a, b, c = 1, 2', 'value-unpack', 'only 2 values'],
  ['"abc".index("z")', 'value-not-found', '"in"'],
  ['[1].remove(2)', 'value-not-found', '"in"'],
  ['max([])', 'value-empty', 'empty'],
  ['import math\nmath.sqrt(-1)', 'value-math', 'root'],
  ['x = [1]\nx[1]', 'index-range', 'index 0'],
  ['[].pop()', 'index-empty', 'empty'],
  ['d = {"name": 1}\nd["nmae"]', 'key-typo', 'Did you mean "name"?'],
  ['d = {1: 1}\nd["1"]', 'key-type', 'int(...)'],
  ['d = {}\nd["x"]', 'key-missing', '.get(...)'],
  ['1 / 0', 'zero-division', 'divided by 0'],
  ['"abc".uper()', 'attribute-typo', 'Did you mean "upper"?'],
  ['[1].push(2)', 'attribute-other', 'append'],
  ['(3).foo', 'attribute-unknown', 'An int has nothing called "foo"'],
  ['import random\nrandom.randint(1, 6)', 'shadowed-module', 'random.py', { 'random.py': 'x = 1\n' }],
  ['from random import randint', 'shadowed-module', 'random.py', { 'random.py': 'x = 1\n' }],
  [
    'import first',
    'import-circular',
    'import each other',
    { 'first.py': 'from second import b\na = 1\n', 'second.py': 'from first import a\nb = 2\n' },
  ],
  ['from math import sqroot', 'import-typo', 'Did you mean "sqrt"?'],
  ['import maht', 'module-typo', 'Did you mean "math"?'],
  ['import helper_', 'module-typo', 'Did you mean "helper"?', { 'helper.py': '' }],
  ['import shapes', 'module-folder', 'from lib import shapes', { 'lib/shapes.py': '' }],
  ['import tensorflow_x', 'module-missing', 'not installed here'],
  ['open("dtaa.txt")', 'file-typo', 'Did you mean "data.txt"?', { 'data.txt': '' }],
  ['open("data.txt")', 'file-typo', 'Did you mean "in/data.txt"?', { 'in/data.txt': '' }],
  ['open("C:/x/data.csv")', 'file-elsewhere', 'this workspace only'],
  ['open("zzzzzzzzzzz")', 'file-missing', 'main.py'],
  ['open(".")', 'file-is-folder', 'folder'],
  ['raise PermissionError(13, "Permission denied", "/etc/x")', 'file-read-only', '/tmp'],
  ['raise OSError(30, "Read-only file system", "/x")', 'file-read-only', '/tmp'],
  ['def f(): f()\nf()', 'recursion', 'again and again'],
  ['input("Name? ")', 'input-ended', 'Ctrl-D'],
  ['raise KeyboardInterrupt', 'interrupted', 'Ctrl-C'],
  ['b"\\xff".decode("utf-8")', 'decode', 'latin-1'],
  ['"é".encode("ascii")', 'encode', 'utf-8'],
  ['assert 1 == 2', 'assertion', 'assert'],
  ['next(iter([]))', 'iterator-ended', 'next()'],
  ['2.0 ** 5000', 'overflow', 'float'],
  ['x = [0] * (1 << 62)', 'memory', 'memory'],
  ['raise OSError(27, "File too large")', 'file-too-large', '10 MB'],
  ['raise BlockingIOError(11, "Resource temporarily unavailable")', 'too-many-processes', '50'],
  ['raise OSError(28, "No space left on device")', 'no-space', 'space'],
  ['d = {1: 1}\nfor k in d: d[k + 1] = 1', 'changed-while-iterating', 'list(...)'],
  ['import json\njson.loads("{\'a\': 1}")', 'json', 'double quotes'],
  ['raise NotImplementedError', 'not-implemented', 'still to be written'],
  ['raise ValueError("my own words")', 'raised-on-purpose', '"raise"'],
  ['class MyError(Exception): pass\nraise MyError("x")', 'raised-on-purpose', '"raise"'],
  ['import socket\nraise socket.gaierror(-3, "Temporary failure in name resolution")', 'no-network', 'no network'],
  ['raise ExceptionGroup("several", [ValueError("one"), TypeError("two")])', 'exception-group', 'one by one'],
];

describe('an error is explained', () => {
  let told: readonly Told[];
  beforeAll(
    async () => void (told = await raiseAll(CASES.map(([program, , , files = {}]) => [`${program}\n`, files]))),
  );

  it.each(CASES.map((one, index) => [one[0], index] as const))('%j', (_program, index) => {
    const [, id, phrase] = CASES[index] as Case;
    const { report, shown, bytes } = told[index] as Told;
    expect(report.explanation).toEqual({ id, text: expect.stringContaining(phrase) });
    const spaced = (text: string) => text.replaceAll(/\s+/g, ' ');
    expect(spaced(shown)).toContain(spaced(report.explanation?.text ?? ''));
    expect(shown).toContain(report.exception);
    expect(report.traceback).toContain(report.exception);
    expect(report.path).toMatch(/\.py$/);
    expect(bytes).toBeLessThan(MOST_REPORT_BYTES);
  });
});

describe('what is shown', () => {
  it('begins with the own lines, marked; frames of libraries are counted', async () => {
    const { report, shown } = await raise(
      'import json\ndef load(text):\n    return json.loads(text) + 1\n\nvalue = load("x")\n',
    );
    expect(shown).toMatch(
      /^ {2}main\.py, line 5\n {4}value = load\("x"\)\n {4} {8}\^{9}\n {2}main\.py, line 3, in load\n/,
    );
    expect(shown).toMatch(/return json\.loads\(text\) \+ 1\n {4} {7}\^{16}\n {2}… inside json: \d calls …\n/);
    expect(shown).toContain('full_traceback()');
    expect(report).toMatchObject({ path: 'main.py', line: 3 });
    expect(report.traceback).toContain('decoder.py');
  });

  it('marks the place of a syntax error, also in an imported file', async () => {
    const own = await raise('x = [1, 2\n');
    expect(own.shown).toMatch(/main\.py, line 1\n {4}x = \[1, 2\n {8}\^\nSyntaxError: '\[' was never closed/);
    const { report, shown } = await raise('import helper\n', { 'helper.py': 'x = 1\nif x\n    pass\n' });
    expect(report).toMatchObject({ path: 'helper.py', line: 2 });
    expect(shown).toContain('helper.py, line 2');
  });

  it('counts letters, not bytes, under a line with umlauts', async () => {
    const { shown } = await raise('größe = "ä" + nichts\n');
    expect(shown).toContain('    größe = "ä" + nichts\n                  ^^^^^^\n');
  });

  it.each([
    ['cause', 'try:\n    {}["a"]\nexcept KeyError as e:\n    raise ValueError("no a") from e\n', 'Its cause: KeyError'],
    [
      'context',
      'try:\n    {}["a"]\nexcept KeyError:\n    int("x")\n',
      "While dealing with: KeyError: 'a' (main.py, line 2)",
    ],
  ])('names the %s', async (_name, program, phrase) => {
    const { report, shown } = await raise(program);
    expect(shown).toContain(phrase);
    expect(report.traceback).toContain('KeyError');
  });

  it('leaves out a context that was suppressed, and ends at a circle', async () => {
    const hidden = await raise('try:\n    {}["a"]\nexcept KeyError:\n    raise ValueError("x") from None\n');
    expect(hidden.shown).not.toContain('KeyError');
    const circle = 'a = ValueError("a")\nb = ValueError("b")\na.__cause__ = b\nb.__cause__ = a\nraise a\n';
    expect((await raise(circle)).shown.match(/Its cause/g)).toHaveLength(1);
  });

  it('lists the members of a group, each with its meaning', async () => {
    const members = Array.from({ length: 7 }, (_, n) => `ZeroDivisionError("${n}")`).join(', ');
    const { shown } = await raise(`raise ExceptionGroup("seven", [${members}])\n`);
    expect(shown.match(/• ZeroDivisionError/g)).toHaveLength(5);
    expect(shown).toContain('… and 2 more');
    expect(shown).toContain('divided by 0');
  });

  it('is bounded for thousands of calls, huge messages, long lines and six-byte letters', async () => {
    const deep = await raise('import sys\nsys.setrecursionlimit(20000)\ndef f(n): return f(n + 1)\nf(0)\n');
    expect(deep.shown.split('\n').length).toBeLessThan(40);
    expect(deep.shown).toContain('more calls');
    const loud = await raise('raise ValueError("x" * 10_000_000)\n');
    expect(loud.shown.length).toBeLessThan(3000);
    expect(loud.report.message.length).toBe(1000);
    const line = await raise(`x = [${'1, '.repeat(5000)} 1 / 0]\n`);
    expect(line.shown.length).toBeLessThan(1500);
    const wide = await raise('raise ValueError("\\U0001f600\\ud800" * 100_000)\n');
    expect(wide.bytes).toBeLessThan(MOST_REPORT_BYTES);
    expect(wide.report.exception).toBe('ValueError');
    const chain =
      'e = None\nfor i in range(5000):\n    n = ValueError(str(i))\n    n.__cause__ = e\n    e = n\nraise e\n';
    expect((await raise(chain)).shown.match(/Its cause/g)).toHaveLength(3);
  });

  it('survives exceptions whose methods raise, lie or do not end well', async () => {
    const str = await raise('class E(Exception):\n    def __str__(self): raise RuntimeError("ha")\nraise E()\n');
    expect(str.shown).toContain('E: <no message: its __str__ raised RuntimeError>');
    const type = await raise('class E(Exception):\n    def __str__(self): return 3\nraise E()\n');
    expect(type.shown).toContain('__str__ raised TypeError');
    const note = await raise('e = ValueError("x")\ne.__notes__ = [3, "a note", object()]\nraise e\n');
    expect(note.shown).toContain('a note');
    const key = await raise(
      'class K:\n    def __repr__(self): raise SystemExit(3)\n    __hash__ = object.__hash__\n{}[K()]\n',
    );
    expect(key.report.exception).toBe('KeyError');
    const name = await raise('e = NameError("?")\ne.name = [1]\nraise e\n');
    expect(name.report.exception).toBe('NameError');
    const args = await raise('e = KeyError("a")\ne.args = ()\nraise e\n');
    expect(args.report.exception).toBe('KeyError');
  });
});
