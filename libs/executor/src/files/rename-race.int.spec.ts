import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSandboxFixture, type SandboxFixture } from '../sandbox/sandbox-fixture.js';
import { FolderWatch } from './folder-changes.js';

/** A secret of the host that every user may read: only the reader's care stands between it and the program. */
const SECRET = 'the exam of next week';

let fixture: SandboxFixture;
let outside: string;
beforeAll(async () => {
  fixture = await createSandboxFixture();
  outside = await mkdtemp(join(tmpdir(), 'palimpsest-secret-'));
  await chmod(outside, 0o755);
  await writeFile(join(outside, 'secret.txt'), SECRET);
});
afterAll(async () => {
  await fixture.dispose();
  await rm(outside, { recursive: true, force: true });
});

/** Exchanges names as fast as it can, from several processes, in every way that a name can lead elsewhere. */
const attack = (secret: string) => `
import os
SECRET = ${JSON.stringify(secret)}
def swap(a, b):
    os.rename(a, 'swap-' + str(os.getpid())); os.rename(b, a); os.rename('swap-' + str(os.getpid()), b)
open('file.txt', 'w').write('harmless'); os.symlink(SECRET + '/secret.txt', 'link.txt')
os.mkdir('folder'); open('folder/secret.txt', 'w').write('harmless'); os.symlink(SECRET, 'linked')
os.mkdir('deep'); os.mkdir('deep/er'); open('deep/er/secret.txt', 'w').write('harmless'); os.symlink(SECRET, 'deep/link')
print('ready', flush=True)
pairs = [('file.txt', 'link.txt'), ('folder', 'linked'), ('deep/er', 'deep/link')]
for pair in pairs[1:]:
    if os.fork() == 0:
        while True: swap(*pair)
while True: swap(*pairs[0])
`;

describe('a program that exchanges files, folders and links while its workspace is read', () => {
  test('never gets anything from outside of it, and what is read is always what it has', async () => {
    const trial = await fixture.run(attack(outside), { limits: { cpuSeconds: 60 } });
    await trial.shows('ready');
    const workspace = join(trial.folder, 'workspace');
    const read = new Set<string>();
    const refused = new Set<string>();
    // By number: as many looks whatever else the machine does.
    for (let round = 0; round < 400; round++) {
      const watch = new FolderWatch(workspace);
      if (round % 2 === 1)
        for (const path of ['file.txt', 'folder/secret.txt', 'deep/er/secret.txt']) watch.know(path, '');
      const keep = (bytes: Uint8Array) => Promise.resolve(void read.add(Buffer.from(bytes).toString()));
      const { notKept } = await watch.collect({ keep, settled: false });
      for (const { reason } of notKept) refused.add(reason);
    }
    trial.session.stop({ kind: 'cancelled' });
    await trial.session.ended;
    expect([...read].filter((text) => text !== attack(outside))).toEqual(['harmless']);
    // It was a race: links were met, and so were files.
    expect([...refused]).toEqual(['link']);
  }, 120_000);
});
