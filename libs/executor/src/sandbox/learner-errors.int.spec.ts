import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { createSandboxFixture, type SandboxFixture } from './sandbox-fixture.js';
import { MOST_REPORTS } from './error-report.js';

let fixture: SandboxFixture;
beforeAll(async () => void (fixture = await createSandboxFixture()));
afterAll(async () => fixture.dispose());

describe('an error in the sandbox', () => {
  test('is shown in colours and reported with its place and Python’s own account', async () => {
    const trial = await fixture.run('def half(x):\n    return x / 0\n\nhalf(3)\n');
    await trial.console();
    expect(trial.output).toContain('\x1b[1;31mZeroDivisionError: division by zero\x1b[0m\n');
    expect(trial.errors).toEqual([
      {
        exception: 'ZeroDivisionError',
        message: 'division by zero',
        path: 'main.py',
        line: 2,
        explanation: { id: 'zero-division', text: expect.stringContaining('divided by 0') },
        traceback: expect.stringMatching(/^Traceback[\s\S]*line 4, in <module>[\s\S]*ZeroDivisionError/),
      },
    ]);
    expect(trial.errors[0]?.traceback).not.toContain('boot.py');
    await trial.finished();
  });

  test('has no colours where NO_COLOR asks for none', async () => {
    const trial = await fixture.run('import os\nos.environ["NO_COLOR"] = "1"\n1 / 0\n');
    await trial.console();
    expect(trial.output).toContain('\nZeroDivisionError: division by zero\n');
    await trial.finished();
  });

  // What the machine's Python alone cannot show: the limits themselves.
  test.each([
    ['file-too-large', 'f = open("big", "wb", buffering=0)\nwhile True: f.write(b"x" * 1_000_000)\n'],
    ['too-many-processes', 'import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(60)\n'],
    [
      'too-many-processes',
      'import threading, time\nfor i in range(99): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n',
    ],
    ['memory', 'x = bytearray(10 ** 10)\n'],
    [
      'no-space',
      'f = open("/tmp/a", "wb", buffering=0)\nfor i in range(4):\n    f = open(f"/tmp/{i}", "wb", buffering=0)\n    for _ in range(10): f.write(b"x" * 1_000_000)\n',
    ],
    ['too-many-files', 'files = [open("main.py") for _ in range(500)]\n'],
    ['file-read-only', 'open("/etc/motd2", "w")\n'],
    ['file-read-only', 'open("/palimpsest/boot.py", "w")\n'],
    ['no-network', 'import socket\nsocket.create_connection(("127.0.0.1", 80))\n'],
    ['no-network', 'import socket\nsocket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n'],
    ['no-network', 'import urllib.request\nurllib.request.urlopen("http://example.com/")\n'],
    ['no-network', 'import socket\nsocket.getaddrinfo("example.com", 80)\n'],
    ['no-network', 'import asyncio\nasyncio.run(asyncio.open_connection("127.0.0.1", 80))\n'],
  ])('%s: %j', async (id, source) => {
    const trial = await fixture.run(source);
    await eventually(
      () => trial.errors.length > 0,
      () => `a report after ${trial.output}`,
      20_000,
    );
    expect(trial.errors[0]?.explanation?.id).toBe(id);
    trial.session.stop({ kind: 'cancelled' });
    await trial.session.ended;
  });

  test('is explained whatever the files of the workspace are called', async () => {
    const names = ['json', 're', 'os', 'traceback', 'keyword', 'errno', 'builtins', 'linecache', 'code', 'errors'];
    const files = Object.fromEntries(names.map((name) => [`${name}.py`, 'raise SystemError("taken")\n']));
    const trial = await fixture.run('print(undefined_thing)\n', { files });
    await trial.console();
    expect(trial.errors[0]?.explanation?.id).toBe('name-unknown');
    expect(trial.output).not.toContain('taken');
    await trial.finished();
  });

  test('is never lost: a program that breaks the explainer gets Python’s own traceback', async () => {
    const source = 'import _palimpsest.errors as e\ne.Teacher.show = lambda *a: 1 / 0\nint("x")\n';
    const trial = await fixture.run(source);
    await trial.console();
    expect(trial.output).toContain('Traceback (most recent call last):\n  File "/workspace/main.py", line 3');
    expect(trial.output).toContain("ValueError: invalid literal for int() with base 10: 'x'");
    expect(trial.script).toEqual({ kind: 'raised', exception: 'ValueError' });
    await trial.finished();
  });

  test('is the program’s to show where it has set sys.excepthook, and ours again where that fails', async () => {
    const own = await fixture.run('import sys\nsys.excepthook = lambda *a: print("MINE", a[0].__name__)\n1 / 0\n');
    await own.finished();
    expect(own.output).toContain('MINE ZeroDivisionError');
    expect(own.errors).toEqual([]);
    const broken = await fixture.run('import sys\nsys.excepthook = None\n1 / 0\n');
    await broken.finished();
    expect(broken.errors[0]?.explanation?.id).toBe('zero-division');
  });

  test('SystemExit is none', async () => {
    const trial = await fixture.run('raise SystemExit("bye")\n');
    await trial.finished();
    expect(trial.errors).toEqual([]);
    expect(trial.output).toContain('bye');
  });

  test('of a forked child is not reported as the program’s', async () => {
    const trial = await fixture.run('import os\nif os.fork() == 0: 1 / 0\nos.wait()\n');
    await trial.shows('ZeroDivisionError');
    trial.session.stop({ kind: 'cancelled' });
    await trial.session.ended;
    expect(trial.errors).toEqual([]);
  });

  test('of the console is explained, with the line as it was typed; full_traceback() tells all', async () => {
    const trial = await fixture.run('import json\n');
    await trial.console();
    trial.session.write('x = len(5)\r');
    await trial.shows('no length');
    expect(trial.plain).toContain('  console, line 1\n    x = len(5)\n        ^^^^^^\nTypeError: ');
    expect(trial.errors).toEqual([expect.objectContaining({ exception: 'TypeError', path: null, line: null })]);
    trial.session.write('whlie True: pass\r');
    await trial.shows('Did you mean "while"');
    trial.session.write('json.loads("{")\r');
    await trial.shows(/inside json: \d calls/);
    trial.session.write('full_traceback()\r');
    await trial.shows('decoder.py');
    await trial.finished();
  });

  test('at the prompt Ctrl-C explains nothing', async () => {
    const trial = await fixture.run(null);
    await trial.console();
    trial.session.write('abc');
    trial.session.interrupt();
    await trial.shows('KeyboardInterrupt\n>>> ');
    expect(trial.errors).toEqual([]);
    await trial.finished();
  });

  test(`is recorded ${MOST_REPORTS} times and shown beyond that`, async () => {
    const source = `import sys
for i in range(${MOST_REPORTS} + 5):
    try: 1 / 0
    except ZeroDivisionError as e: sys.excepthook(type(e), e, e.__traceback__)
print("done")
`;
    const trial = await fixture.run(source);
    await trial.finished();
    expect(trial.output.match(/division by zero/g)).toHaveLength(MOST_REPORTS + 5);
    expect(trial.errors).toHaveLength(MOST_REPORTS);
    expect(trial.script).toEqual({ kind: 'completed' });
  });

  test('forged on the pipe is bounded, and does not stop the honest hints', async () => {
    const source = `import os
for line in [b'error {}', b'error [1]', b'error ' + b'x' * 100000, b'figure AAAA', b'figure ' + b'A' * 5000000, b'\\xff' * 2000]:
    data = line + b'\\n'
    while data: data = data[os.write(8, data):]
`;
    const trial = await fixture.run(source);
    const end = await trial.finished();
    expect(trial.errors).toEqual([]);
    expect(trial.figures).toEqual([]);
    expect(trial.script).toEqual({ kind: 'completed' });
    expect(end.outcome).toEqual({ kind: 'exited', code: 0 });
  });

  test('a flood on the pipe is not listened to for ever, and the run still ends as it should', async () => {
    const trial = await fixture.run(
      'import os\ntry:\n    while True: os.write(8, b"x" * 60000 + b"\\n")\nexcept OSError as e: print("closed", e)\n',
    );
    await trial.shows('closed');
    await trial.shows('>>> ');
    trial.session.write('\x04');
    expect((await trial.session.ended).outcome).toEqual({ kind: 'exited', code: 0 });
  });
});
