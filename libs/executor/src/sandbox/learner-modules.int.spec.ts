import { RESTRICTED_MODULES, type RestrictedModule } from '@palimpsest/domain';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSandboxFixture, type SandboxFixture } from './sandbox-fixture.js';

let fixture: SandboxFixture;
beforeAll(async () => void (fixture = await createSandboxFixture()));
afterAll(async () => fixture.dispose());

const ALL = RESTRICTED_MODULES;

/** What the student sees of a refusal of `module`. */
async function refusedAs(source: string, module: RestrictedModule, files?: Readonly<Record<string, string>>) {
  const trial = await fixture.run(source, { refused: ALL, ...(files && { files }) });
  await trial.finished();
  const [error] = trial.errors;
  expect(error?.explanation).toEqual({
    id: 'module-refused',
    text: expect.stringContaining(`A professor of the course can allow "${module}"`),
  });
  expect(error?.traceback).not.toContain('guard.py');
  expect(error?.path).not.toBeNull();
  return error;
}

describe('what a course refuses', () => {
  test.each<[string, RestrictedModule]>([
    ['import subprocess', 'subprocess'],
    ['from subprocess import run', 'subprocess'],
    ['import _posixsubprocess', 'subprocess'],
    ['__import__("subprocess")', 'subprocess'],
    ['import importlib\nimportlib.import_module("subprocess")', 'subprocess'],
    ['exec("import subprocess")', 'subprocess'],
    ['import platform\nplatform.processor()\nimport sys\nsys.modules["subprocess"].run(["true"])', 'subprocess'],
    ['import asyncio\nasyncio.subprocess.subprocess.Popen(["true"])', 'subprocess'],
    ['import os\nos.popen("true")', 'subprocess'],
    ['import os\nos.system("true")', 'os.system'],
    ['from os import system\nsystem("true")', 'os.system'],
    ['import posix\nposix.system("true")', 'os.system'],
    ['import os\nos.execv("/bin/true", ["true"])', 'os.exec'],
    ['import os\nos.execvp("true", ["true"])', 'os.exec'],
    ['import os\nos.spawnv(os.P_WAIT, "/bin/true", ["true"])', 'os.spawn'],
    ['import os\nos.spawnlp(os.P_WAIT, "true", "true")', 'os.spawn'],
    ['import os\nos.posix_spawn("/bin/true", ["true"], {})', 'os.posix_spawn'],
    ['import os\nos.posix_spawnp("true", ["true"], {})', 'os.posix_spawn'],
    ['import os\nos.fork()', 'os.fork'],
    ['import os\nos.forkpty()', 'os.fork'],
    ['import pty\npty.fork()', 'os.fork'],
    ['import ctypes', 'ctypes'],
    ['import ctypes.util', 'ctypes'],
    ['import _ctypes', 'ctypes'],
    ['import cffi', 'ctypes'],
    ['import uuid\nimport sys\nimport numpy\nsys.modules["ctypes"].CDLL(None)', 'ctypes'],
    ['import multiprocessing', 'multiprocessing'],
    ['from multiprocessing import Pool', 'multiprocessing'],
    [
      'import concurrent.futures.process\nimport sys\nsys.modules["multiprocessing"].Process(target=print).start()',
      'multiprocessing',
    ],
  ])('%j is refused, with who can allow it', async (source, module) => {
    await refusedAs(`${source}\n`, module);
  });

  test('is refused to all files of the workspace, and named where it was asked for', async () => {
    const error = await refusedAs('import helper\n', 'subprocess', { 'helper.py': 'x = 1\nimport subprocess\n' });
    expect(error).toMatchObject({ exception: 'ModuleRefused', path: 'helper.py', line: 2 });
  });

  test('can be handled like any ImportError or PermissionError', async () => {
    const source = `import os
try:
    import ctypes
except ImportError as e: print("no", e.name)
try:
    os.system("true")
except PermissionError as e: print("neither", e)
`;
    const trial = await fixture.run(source, { refused: ALL });
    await trial.finished();
    expect(trial.output).toContain('no ctypes\nneither "os.system" is not allowed in this course\n');
  });

  test('is refused in the console as well', async () => {
    const trial = await fixture.run(null, { refused: ALL });
    await trial.console();
    trial.session.write('import subprocess\r');
    await trial.shows('"subprocess" is not allowed in this course');
    trial.session.write('import os; os.system("echo ran")\r');
    await trial.shows('"os.system" is not allowed in this course');
    expect(trial.output).not.toMatch(/^ran/m);
    await trial.finished();
  });

  test('stays usable by libraries for purposes of their own', async () => {
    const source = `import platform, uuid, asyncio, sqlite3, tempfile, random, webbrowser, concurrent.futures
platform.processor(); platform.libc_ver()
print(len(str(uuid.uuid1())))
with concurrent.futures.ThreadPoolExecutor(2) as pool: print(list(pool.map(abs, [-1])))
with concurrent.futures.ProcessPoolExecutor(2) as pool: print(list(pool.map(abs, [-2])))
import numpy, pandas, matplotlib.pyplot
print(numpy.linalg.det([[1., 2.], [3., 4.]]).round(), pandas.DataFrame({"a": [1]}).shape)
`;
    const trial = await fixture.run(source, { refused: ALL });
    await trial.finished();
    expect(trial.errors).toEqual([]);
    expect(trial.output).toContain('36\n[1]\n[2]\n-2.0 (1, 1)\n');
  });

  test.each(ALL)('%s alone is allowed where the others are not', async (module) => {
    const programs: Record<RestrictedModule, string> = {
      'os.system': 'import os\nprint(os.system("echo ran"))',
      'os.exec': 'import os\nos.execvp("echo", ["echo", "ran"])',
      'os.spawn': 'import os\nos.spawnlp(os.P_WAIT, "echo", "echo", "ran")',
      'os.posix_spawn': 'import os\nos.waitpid(os.posix_spawnp("echo", ["echo", "ran"], {}), 0)',
      'os.fork': 'import os\nif os.fork() == 0:\n    print("ran", flush=True)\n    os._exit(0)\nos.wait()',
      subprocess: 'import subprocess\nsubprocess.run(["echo", "ran"])',
      ctypes: 'import ctypes\nctypes.CDLL(None).abs(-3)\nprint("ran")',
      multiprocessing: 'import multiprocessing as m\np = m.Process(target=print, args=("ran",))\np.start()\np.join()',
    };
    const refused = ALL.filter((one) => one !== module);
    const trial = await fixture.run(`${programs[module]}\n`, { refused });
    await trial.shows(/^ran/m);
    expect(trial.errors).toEqual([]);
    trial.session.stop({ kind: 'cancelled' });
    await trial.session.ended;
  });

  test('nothing is refused where nothing is to be', async () => {
    const trial = await fixture.run('import os, subprocess, ctypes\nos.system("echo ran")\n');
    await trial.finished();
    expect(trial.output).toMatch(/^ran/m);
    expect(trial.errors).toEqual([]);
  });
});
