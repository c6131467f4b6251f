import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_BLOB_BYTES } from '@palimpsest/blobs';
import { MAX_FILES, MAX_TEXT_LENGTH } from '@palimpsest/domain';
import { hashOf } from './content.js';
import { type FolderChanges, FolderWatch, MAX_ENTRIES, MAX_RUN_BYTES } from './folder-changes.js';

let folder: string;
let outside: string;
let watch: FolderWatch;
let kept: Map<string, Buffer>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'palimpsest-folder-'));
  outside = mkdtempSync(join(tmpdir(), 'palimpsest-outside-'));
  watch = new FolderWatch(folder);
  kept = new Map();
});
afterEach(() => {
  for (const path of [folder, outside]) rmSync(path, { recursive: true, force: true });
});

const write = (path: string, content: string | Uint8Array = path) => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
};
const keep = (bytes: Uint8Array) => {
  kept.set(hashOf(bytes), Buffer.from(bytes));
  return Promise.resolve();
};
const collect = (settled = true) => watch.collect({ keep, settled });
/** `+a.txt ~b.txt -c.txt d.txt>e.txt`, in order; what is not kept as `!path reason`. */
const told = ({ files, notKept }: FolderChanges) =>
  [
    ...files.map(({ path, change, from }) =>
      change === 'moved' ? `${from}>${path}` : `${{ created: '+', changed: '~', deleted: '-' }[change]}${path}`,
    ),
    ...notKept.map(({ path, reason }) => `!${path} ${reason}`),
  ].join(' ');
const known = async (...paths: string[]) => {
  for (const path of paths) write(path);
  await watch.begin(paths);
};

describe('what a program did to its folder', () => {
  it('nothing, and nothing the next time either', async () => {
    await known('a.txt', 'b/c.txt');
    expect(await collect()).toEqual({ files: [], notKept: [], more: 0 });
    write('a.txt');
    expect(told(await collect())).toBe('');
  });

  it('made, changed, deleted and renamed files, each told once, with their content kept', async () => {
    await known('a.txt', 'b.txt', 'c.txt', 'd.txt');
    write('a.txt', 'changed');
    unlinkSync(join(folder, 'b.txt'));
    renameSync(join(folder, 'c.txt'), join(folder, 'e.txt'));
    write('new/f.txt', 'made');
    const changes = await collect();
    expect(told(changes)).toBe('-b.txt c.txt>e.txt ~a.txt +new/f.txt');
    expect(changes.files.map(({ content }) => content && kept.get(content.sha256)?.toString())).toEqual([
      undefined,
      undefined,
      'changed',
      'made',
    ]);
    expect(told(await collect())).toBe('');
    write('new/f.txt', 'made again');
    write('e.txt', 'also');
    expect(told(await collect())).toBe('~e.txt ~new/f.txt');
  });

  it('a file that was renamed and changed is one rename; a new one in place of a deleted one is not', async () => {
    await known('a.txt', 'b.txt');
    write('a.txt', 'other');
    renameSync(join(folder, 'a.txt'), join(folder, 'z.txt'));
    unlinkSync(join(folder, 'b.txt'));
    write('y.txt', 'new');
    const changes = await collect();
    expect(told(changes)).toBe('-b.txt a.txt>z.txt +y.txt');
    expect(changes.files[1]?.content?.size).toBe(5);
  });

  it('a file that was written beside and renamed over the old one is a change of it', async () => {
    await known('a.txt');
    write('a.txt.tmp', 'better');
    renameSync(join(folder, 'a.txt.tmp'), join(folder, 'a.txt'));
    expect(told(await collect())).toBe('~a.txt');
  });

  it('a change within the same moment, of the same length and with the old time, is seen', async () => {
    await known('a.txt');
    const at = new Date(1_700_000_000_000);
    utimesSync(join(folder, 'a.txt'), at, at);
    await collect();
    write('a.txt', 'A.txt');
    utimesSync(join(folder, 'a.txt'), at, at);
    expect(told(await collect())).toBe('~a.txt');
  });

  it('a folder where a file was, and a file where a folder was', async () => {
    await known('a', 'b/c.txt');
    unlinkSync(join(folder, 'a'));
    write('a/inner.txt');
    rmSync(join(folder, 'b'), { recursive: true });
    write('b');
    expect(told(await collect())).toBe('-a -b/c.txt +a/inner.txt +b');
  });

  it('text is UTF-8 without NUL that a document takes, with its line ends and its mark; the rest is binary', async () => {
    const kinds: [string, string | Uint8Array, string][] = [
      ['crlf.txt', 'a\r\nb\rc', 'text text/plain'],
      ['empty.txt', '', 'text text/plain'],
      ['mark.txt', '\ufeffa', 'text text/plain'],
      ['emoji.txt', '👩‍🏫', 'text text/plain'],
      ['latin.txt', Buffer.from('Grüße', 'latin1'), 'binary application/octet-stream'],
      ['zero.txt', 'a\0b', 'binary application/octet-stream'],
      ['plot.txt', Buffer.from('89504e470d0a1a0a00', 'hex'), 'binary image/png'],
      ['largest.txt', 'x'.repeat(MAX_TEXT_LENGTH), 'text text/plain'],
      ['larger.txt', 'x'.repeat(MAX_TEXT_LENGTH + 1), 'binary application/octet-stream'],
    ];
    for (const [path, content] of kinds) write(path, content);
    const { files } = await collect();
    const found = new Map(files.map(({ path, content }) => [path, `${content?.kind} ${content?.mediaType}`]));
    expect(found).toEqual(new Map(kinds.map(([path, , kind]) => [path, kind])));
    expect(kept.get(hashOf(Buffer.from('a\r\nb\rc')))?.toString()).toBe('a\r\nb\rc');
  });

  it('caches of Python and its libraries are not looked at, unless they were given', async () => {
    await known('given.pyc');
    write('__pycache__/a.cpython-311.pyc');
    write('lib/__pycache__/b.txt');
    write('.mplcache/fontlist.json');
    write('mod.pyc');
    write('given.pyc', 'changed');
    expect(told(await collect())).toBe('~given.pyc');
  });
});

describe('what is not followed and not kept is told, once', () => {
  it('links, files with several names, pipes, sockets, and files without permission', async () => {
    await known('real.txt', 'both.txt', 'dir/deep.txt');
    writeFileSync(join(outside, 'secret'), 'SECRET');
    symlinkSync(join(outside, 'secret'), join(folder, 'link'));
    symlinkSync(outside, join(folder, 'folder-link'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    unlinkSync(join(folder, 'real.txt'));
    symlinkSync(join(outside, 'secret'), join(folder, 'real.txt'));
    linkSync(join(outside, 'secret'), join(folder, 'hard'));
    linkSync(join(folder, 'both.txt'), join(folder, 'both-too.txt'));
    rmSync(join(folder, 'dir'), { recursive: true });
    symlinkSync(outside, join(folder, 'dir'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const server = createServer().listen(join(folder, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const changes = await collect();
    server.close();
    expect(changes.files).toEqual([]);
    expect(told(changes).split(' !').sort()).toEqual(
      [
        '!real.txt link',
        'both.txt link',
        'dir/deep.txt link',
        'both-too.txt link',
        'dangling link',
        'dir link',
        'folder-link link',
        'hard link',
        'link link',
        'pipe special',
        'socket special',
      ].sort(),
    );
    expect(told(await collect())).toBe('');
    expect([...kept.values()].some((bytes) => bytes.includes('SECRET'))).toBe(false);
  });

  it('what may not be read', async () => {
    // As root everything may be read: then a user who is nobody looks.
    write('shut.txt');
    chmodSync(join(folder, 'shut.txt'), 0);
    chmodSync(folder, 0o755);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(61_184);
    try {
      expect(told(await collect())).toBe('!shut.txt unreadable');
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('names that no workspace takes, with why', async () => {
    for (const name of ['a\nb', 'b\\c', 'con', ' x', 'y.', '\u202etxt', 'n'.repeat(201)]) write(name, 'x');
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x61, 0xff])]), 'x');
    write('bad\nfolder/in.txt');
    const { files, notKept } = await collect();
    expect(files).toEqual([]);
    expect(notKept.map(({ reason }) => reason)).toEqual(Array(9).fill('name'));
    for (const { path, detail } of notKept) {
      expect(path).not.toMatch(/\n/);
      expect(detail).toMatch(/\.$/);
    }
    expect(notKept.find(({ path }) => path === 'a\ufffd')?.detail).toBe('The name is not text in UTF-8.');
  });

  it('two spellings of one name: the first is kept', async () => {
    await known('Caf\u00e9.txt');
    write('Cafe\u0301.txt', 'other');
    const { files, notKept } = await collect();
    expect(files).toEqual([]);
    expect(notKept).toMatchObject([{ reason: 'name' }]);
  });

  it('a file of just the limit is kept, of one byte more is not; what was known of it stays', async () => {
    await known('a.bin');
    write('limit.bin', '');
    truncateSync(join(folder, 'limit.bin'), MAX_BLOB_BYTES);
    truncateSync(join(folder, 'a.bin'), MAX_BLOB_BYTES + 1);
    expect(told(await collect())).toBe('+limit.bin !a.bin too-large');
    write('a.bin', 'small again');
    expect(told(await collect())).toBe('~a.bin');
  });

  it('as many bytes as one run may leave behind, and not one more, over all its times', async () => {
    const sizes = [
      MAX_BLOB_BYTES,
      MAX_BLOB_BYTES,
      MAX_BLOB_BYTES,
      MAX_BLOB_BYTES,
      MAX_RUN_BYTES - 4 * MAX_BLOB_BYTES - 1,
    ];
    for (const [n, size] of sizes.entries()) write(`${n}.bin`, Buffer.alloc(size, n + 1));
    expect(told(await collect())).toBe('+0.bin +1.bin +2.bin +3.bin +4.bin');
    write('last.bin', 'x');
    expect(told(await collect())).toBe('+last.bin');
    write('over.bin', 'y');
    expect(told(await collect())).toBe('!over.bin quota');
  });

  it('as many files as a workspace holds; a flood ends the look at new ones, and takes nothing for deleted', async () => {
    await known('zz.txt');
    for (let n = 0; n < MAX_FILES - 1; n++) write(`f${n}`);
    expect((await collect()).files).toHaveLength(MAX_FILES - 1);
    write('one-more');
    expect(told(await collect())).toBe('!one-more too-many');
    mkdirSync(join(folder, 'flood'));
    for (let n = 0; n < MAX_ENTRIES; n++) writeFileSync(join(folder, 'flood', `${n}`), '');
    const { files, notKept, more } = await collect();
    expect(files).toEqual([]);
    expect(notKept).toHaveLength(50);
    expect(notKept.length + more).toBeGreaterThan(4_000);
  });

  it('a file that changes while it is read is left for the next time, if there is one', async () => {
    await known('a.txt');
    write('a.txt', 'first');
    const path = join(folder, 'a.txt');
    const busy = new FolderWatch(folder);
    await busy.begin([]);
    const grows = (bytes: Uint8Array) => {
      void bytes;
      return Promise.resolve();
    };
    // Written to between the first question about it and the last, as by a program that goes on.
    const writing = setInterval(() => writeFileSync(path, randomBytes(400_000)), 1);
    let left = 0;
    for (let round = 0; round < 40 && left === 0; round++) {
      await new Promise((resolve) => setTimeout(resolve, 3));
      const changes = await new FolderWatch(folder).collect({ keep: grows, settled: false });
      if (changes.files.length === 0) left += 1;
      expect(changes.notKept).toEqual([]);
    }
    clearInterval(writing);
    expect(told(await collect(false))).toBe('~a.txt');
  });
});
