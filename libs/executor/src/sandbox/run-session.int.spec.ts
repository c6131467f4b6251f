import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { createSandboxFixture, type SandboxFixture } from './sandbox-fixture.js';

let fixture: SandboxFixture;
beforeAll(async () => void (fixture = await createSandboxFixture()));
afterAll(async () => fixture.dispose());

describe('a script', () => {
  test('prints, and its console ends with Ctrl-D', async () => {
    const trial = await fixture.run('print("hello")\n');
    const end = await trial.finished();
    expect(trial.script).toEqual({ kind: 'completed' });
    expect(trial.output).toMatch(/^hello\n>>> /);
    expect(end.outcome).toEqual({ kind: 'exited', code: 0 });
    expect(end.usage.outputBytes).toBeGreaterThan(6);
    expect(end.usage.cpuMs).toBeGreaterThan(1);
  });

  test('asks with input() and gets what is typed', async () => {
    const trial = await fixture.run('name = input("Who? ")\nprint("Hello,", name)\n');
    await trial.shows('Who? ');
    trial.session.write('Zoë\r');
    await trial.shows('Hello, Zoë');
    await trial.finished();
  });

  test('sees its own folder as __main__ does, and imports its neighbours', async () => {
    const source = 'import sys, helper\nprint(__name__, sys.argv, sys.path[0], helper.x, __file__)\n';
    const trial = await fixture.run(source, { files: { 'helper.py': 'x = 7\n' } });
    await trial.finished();
    expect(trial.output).toContain("__main__ ['main.py'] /workspace 7 /workspace/main.py");
  });

  test('gives its variables to the console', async () => {
    const trial = await fixture.run('secret = 6 * 7\ndef double(x):\n    return 2 * x\n');
    await trial.console();
    trial.session.write('double(secret)\r');
    await trial.shows('\n84\n');
    await trial.finished();
  });

  test('shows a traceback of the student’s frames only, and keeps the console', async () => {
    const trial = await fixture.run('def f(x):\n    return 1 / x\n\nvalue = 3\nf(0)\n');
    await trial.console();
    expect(trial.script).toEqual({ kind: 'raised', exception: 'ZeroDivisionError' });
    expect(trial.output).toContain('File "/workspace/main.py", line 5, in <module>\n    f(0)\n');
    expect(trial.output).toContain('    return 1 / x\n           ~~^~~\n');
    expect(trial.output).not.toContain('boot');
    trial.session.write('value\r');
    await trial.shows('\n3\n');
    await trial.finished();
  });

  test('shows where its syntax is wrong', async () => {
    const trial = await fixture.run('print("a"\n');
    await trial.console();
    expect(trial.script).toEqual({ kind: 'raised', exception: 'SyntaxError' });
    expect(trial.output).toContain("SyntaxError: '(' was never closed");
    expect(trial.output).not.toContain('boot');
    await trial.finished();
  });

  test.each([
    ['sys.exit()', 0],
    ['sys.exit(3)', 3],
    ['sys.exit("no good")', 1],
  ])('tells the code of %s', async (statement, code) => {
    const trial = await fixture.run(`import sys\n${statement}\n`);
    await trial.console();
    expect(trial.script).toEqual({ kind: 'exit', code });
    if (code === 1) expect(trial.output).toContain('no good');
    await trial.finished();
  });

  test('stops at Ctrl-C with KeyboardInterrupt', async () => {
    const trial = await fixture.run('print("looping", flush=True)\nwhile True: pass\n');
    await trial.shows('looping');
    trial.session.interrupt();
    await trial.console();
    expect(trial.script).toEqual({ kind: 'raised', exception: 'KeyboardInterrupt' });
    await trial.finished();
  });

  test('is not confused by files named like modules of the standard library', async () => {
    const shadows = ['code', 'readline', 'rlcompleter', 'traceback', 'atexit', 'token', 're', 'inspect'];
    const files = Object.fromEntries(shadows.map((name) => [`${name}.py`, `print("shadow ${name}")\nx = 1\n`]));
    const trial = await fixture.run('import code, re\nprint(code.x + re.x)\nboom\n', { files });
    await trial.console();
    expect(trial.script).toEqual({ kind: 'raised', exception: 'NameError' });
    trial.session.write('code.x + 40\r');
    await trial.shows('\n41\n');
    trial.session.write('imp\t');
    await trial.shows(/import ?/);
    expect(trial.output).not.toContain('shadow readline');
    // Not by Ctrl-C: it may arrive inside the completer, where Python drops it.
    trial.session.stop({ kind: 'cancelled' });
    await trial.session.ended;
  });

  test('prints any Unicode, and bytes that are none', async () => {
    const source =
      'import sys\nprint("žluťoučký 🐍")\nsys.stdout.buffer.write(b"<\\xff\\xfe>\\n")\nsys.stdout.flush()\n';
    const trial = await fixture.run(source);
    await trial.finished();
    expect(trial.output).toContain('žluťoučký 🐍');
    expect(Buffer.concat(trial.raw).includes(Buffer.from([0x3c, 0xff, 0xfe, 0x3e]))).toBe(true);
  });

  test('with a name as strange as the workspace allows still starts', async () => {
    const trial = await fixture.run('print("ran")\n', { entry: '-c "é" $(x)/--main 1.py' });
    await trial.finished();
    expect(trial.output).toContain('ran');
  });
});

describe('a console', () => {
  test('starts without a script, is interrupted by Ctrl-C, and ends with a code', async () => {
    const trial = await fixture.run(null);
    await trial.console();
    expect(trial.script).toBeNull();
    expect(trial.session.isPrompt).toBe(true);
    trial.session.write('while True: pass\r\r');
    await trial.shows('... ');
    await new Promise((resolve) => setTimeout(resolve, 200));
    trial.session.interrupt();
    await trial.shows('KeyboardInterrupt');
    await trial.console();
    trial.session.write('exit(130)\r');
    expect((await trial.session.ended).outcome).toEqual({ kind: 'exited', code: 130 });
  });

  test('knows the size of the terminal', async () => {
    const trial = await fixture.run('import os\nprint(os.get_terminal_size())\n');
    await trial.console();
    expect(trial.output).toContain('columns=80, lines=24');
    trial.session.resize(111, 40);
    trial.session.write('os.get_terminal_size().columns * 1000\r');
    await trial.shows('111000');
    await trial.finished();
  });
});

describe('the session', () => {
  test('is stopped at once, whatever the program ignores and wherever it went', async () => {
    const trial = await fixture.run(`
import os, signal, time
for s in range(1, 65):
    try: signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError): pass
for i in range(10):
    if os.fork() == 0:
        os.setsid()
        time.sleep(1000)
print("deaf", flush=True)
time.sleep(1000)
`);
    await trial.shows('deaf');
    const before = performance.now();
    trial.session.stop({ kind: 'cancelled' });
    expect((await trial.session.ended).outcome).toEqual({ kind: 'cancelled' });
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test('tells the signal that ended the program', async () => {
    const trial = await fixture.run('import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n');
    expect((await trial.session.ended).outcome).toEqual({ kind: 'signalled', signal: 'SIGSEGV' });
  });

  test('tells the code of os._exit', async () => {
    const trial = await fixture.run('import os\nos._exit(7)\n');
    expect((await trial.session.ended).outcome).toEqual({ kind: 'exited', code: 7 });
  });

  test('holds the program up while it is paused, and loses nothing', async () => {
    const lines = 20_000;
    const trial = await fixture.run(`for i in range(${lines}): print("line", i)\n`);
    await trial.shows('line');
    trial.session.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const held = trial.raw.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(trial.raw).toHaveLength(held);
    expect(trial.output).not.toContain(`line ${lines - 1}`);
    trial.session.resume();
    await trial.finished();
    expect(trial.output.match(/^line \d+$/gm)).toHaveLength(lines);
  });

  test('hands over the last output of a program that ended while it was paused', async () => {
    const trial = await fixture.run('import os\ninput()\nprint("last words", flush=True)\nos._exit(0)\n');
    trial.session.pause();
    trial.session.write('\r');
    expect((await trial.session.ended).outcome).toEqual({ kind: 'exited', code: 0 });
    expect(trial.output).toContain('last words');
  });

  test('tells each time that the console has come to rest', async () => {
    const paused: string[] = [];
    const onPause = (workspace: string) => void paused.push(workspace);
    const trial = await fixture.run('print("up")\n', { onPause });
    await trial.console();
    await eventually(() => paused.length === 1, 'the first pause');
    expect(paused).toEqual([join(trial.folder, 'workspace')]);
    trial.session.write('open("late.txt", "w").write("x")\r');
    await eventually(() => paused.length === 2, 'the pause after the console was busy');
    await trial.finished();
  });

  test('hands over the workspace when no process is left, and removes it afterwards', async () => {
    const seen: unknown[] = [];
    const source = `
import os, time
open("made.txt", "w").write("by the program")
if os.fork() == 0:
    os.setsid()
    while True: open("clock.txt", "w").write(str(time.time()))
`;
    const trial = await fixture.run(source, {
      onEnded: async (workspace) => {
        const clock = () => readFile(join(workspace, 'clock.txt'), 'utf8');
        const before = await clock();
        await new Promise((resolve) => setTimeout(resolve, 50));
        seen.push(await readFile(join(workspace, 'made.txt'), 'utf8'), before === (await clock()));
        throw new Error('is logged, and no more than that');
      },
    });
    await trial.console();
    await eventually(() => existsSync(join(trial.folder, 'workspace', 'clock.txt')), 'the other process');
    await trial.finished();
    expect(seen).toEqual(['by the program', true]);
    expect(existsSync(trial.folder)).toBe(false);
  });

  test('is not held up by a program that does not read what is typed', async () => {
    const trial = await fixture.run('import time\nprint("busy", flush=True)\ntime.sleep(1000)\n');
    await trial.shows('busy');
    const before = performance.now();
    for (let i = 0; i < 100; i++) trial.session.write(`${'x'.repeat(60)}\r`.repeat(50));
    expect(performance.now() - before).toBeLessThan(500);
    trial.session.stop({ kind: 'cancelled' });
    await trial.session.ended;
  });
});
