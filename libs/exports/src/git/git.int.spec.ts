import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migratePostgresBlobs, PostgresBlobStore } from '@palimpsest/blobs';
import { RecordedDocuments } from '@palimpsest/documents';
import pg from 'pg';
import { ExportFolder } from '../export-folder.js';
import type { WorkScope } from '../scope.js';
import { exited, Lesson, uuid } from '../testing/lesson.js';
import { gitBundle } from './bundle.js';
import { COMMIT_AFTER_MS, gitHistory } from './workspace-history.js';

const run = promisify(execFile);

describe('a workspace as a Git repository', () => {
  let lesson: Lesson;
  let pool: pg.Pool;
  let folder: string;
  let clone: string;
  let main: string;
  let space: string;
  let count = 0;
  const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]);
  /** What the runs ran, and the message of their commits. */
  const ran: [message: string, text: string][] = [];

  const git = async (...words: string[]) => (await run('/usr/bin/git', ['-C', clone, ...words])).stdout.trim();

  async function bundle(scope: WorkScope): Promise<{ path: string; commits: number }> {
    const place = join(folder, `work-${count++}`);
    await promisify(execFile)('mkdir', [place]);
    const { store } = lesson;
    const blobs = new PostgresBlobStore(pool);
    const options = { store, documents: new RecordedDocuments(store), blobs, scope };
    const history = await gitHistory(options, new ExportFolder(place));
    const path = join(place, 'work.bundle');
    await pipeline(Readable.from(gitBundle(history)), createWriteStream(path));
    return { path, commits: history.commits };
  }

  async function tried(message: string, name: string, code: number): Promise<void> {
    ran.push([message, lesson.text(main)]);
    await lesson.run(name, space, 'ben', { 'main.py': main }, [exited(code)]);
  }

  beforeAll(async () => {
    lesson = await Lesson.begin();
    folder = await mkdtemp(join(tmpdir(), 'palimpsest-git-'));
    pool = new pg.Pool({ connectionString: lesson.database.url, max: 1 });
    const client = await pool.connect();
    await migratePostgresBlobs(client);
    client.release();
    const sha256 = await new PostgresBlobStore(pool).put(picture, 'image/png');
    lesson.person('ada');
    lesson.person('ben');
    space = await lesson.open('work', 'ada', { kind: 'copy', item: uuid('item'), group: uuid('g') });
    main = await lesson.upload(space, 'main.py', 'ada', 'print(1)\n');
    await lesson.edit(main, 'ada', (text) => text.insert(0, '# 👩‍🏫\r\n'));
    await tried('Run main.py: exited 0', 'r1', 0);
    await lesson.edit(main, 'ada', (text) => text.insert(0, '#'));
    await lesson.edit(main, 'ben', (text) => text.insert(0, '!'));
    await tried('Run main.py: exited 1', 'r2', 1);
    await tried('Run main.py: exited 3', 'r3', 3); // again, without an edit
    const image = await lesson.create(space, 'plots/a b.png', 'ben', 'binary');
    await lesson.record(`file-${image}`, lesson.actor('ben'), {
      type: 'ContentStored',
      data: { sha256, size: picture.length, mediaType: 'image/png' },
    });
    lesson.now += COMMIT_AFTER_MS - 1_000;
    await lesson.create(space, '.git', 'ben');
    lesson.now += COMMIT_AFTER_MS;
    await lesson.create(space, 'plots.py', 'ben');
    await lesson.record(`workspace-${space}`, lesson.actor('ben'), {
      type: 'FileMoved',
      data: { file: image as never, from: 'plots/a b.png', to: 'plots/ü.png' },
    });
    await lesson.record(`workspace-${space}`, lesson.actor('ada'), {
      type: 'WorkHandedIn',
      data: {
        ...{ item: uuid('item') as never, by: uuid('ada') as never, at: lesson.now, late: true, deadline: 1 },
        digest: '0'.repeat(64),
        files: [
          {
            ...{ file: main as never, path: 'main.py', kind: 'text', revision: lesson.revision(main) },
            ...{ sha256: '0'.repeat(64), size: 1 },
          },
        ],
      },
    });
    clone = join(folder, 'clone');
    const { path } = await bundle(lesson.scope());
    await run('/usr/bin/git', ['clone', '-q', path, clone]);
  });
  afterAll(async () => {
    await pool.end();
    await lesson.end();
    await rm(folder, { recursive: true, force: true });
  });

  it('is whole in the eyes of Git, and can be cloned', async () => {
    expect((await run('/usr/bin/git', ['-C', clone, 'fsck', '--strict', '--full'])).stderr).not.toMatch(
      /error|warning/,
    );
    expect(await git('status', '--porcelain')).toBe('');
    expect(await git('rev-parse', '--abbrev-ref', 'HEAD')).toBe('main');
  });

  it('has a commit for each run with the code that it ran, byte by byte', async () => {
    for (const [message, text] of ran) {
      const id = await git('log', '--format=%H', `--grep=${message}`);
      expect(id).toMatch(/^[0-9a-f]{40}$/);
      expect((await run('/usr/bin/git', ['-C', clone, 'show', `${id}:main.py`])).stdout).toBe(text);
    }
  });

  it('has commits at pauses, hand-ins as tags, and says who did what when', async () => {
    const log = (await git('log', '--reverse', '--format=%s|%an|%cn|%ae')).split('\n');
    const [ada, ben] = ['ada', 'ben'].map((name) => `Person ${uuid(name).slice(0, 4)}`);
    expect(log.map((line) => line.split('|').slice(0, 3))).toEqual([
      ['Run main.py: exited 0', ada, ben],
      ['Run main.py: exited 1', ben, ben],
      ['Run main.py: exited 3', ben, ben],
      ['Edit plots/a b.png', ben, ben],
      ['Hand in, late', ben, ada],
    ]);
    expect(log[0]).toContain(`${uuid('ada')}@palimpsest.invalid`);
    expect(await git('log', '--format=%b', '--grep=exited 1')).toBe(
      `Co-authored-by: ${ada} <${uuid('ada')}@palimpsest.invalid>`,
    );
    expect(await git('rev-parse', 'handed-in-1')).toBe(await git('rev-parse', 'HEAD'));
    expect(await git('log', '-1', '--format=%aI', '--grep=exited 0')).toMatch(/^2026-09-01T08:00:00(Z|\+00:00)$/);
  });

  it('has binary files and names that are Git’s own under another one', async () => {
    const id = await git('log', '--format=%H', '--grep=Edit plots');
    const names = await git('-c', 'core.quotePath=false', 'ls-tree', '-r', '--name-only', id);
    expect(names.split('\n')).toEqual(['_.git', 'main.py', 'plots/a b.png']);
    const show = await run('/usr/bin/git', ['-C', clone, 'show', `${id}:plots/a b.png`], { encoding: 'buffer' });
    expect(show.stdout).toEqual(picture);
    expect(await git('ls-tree', '--name-only', 'handed-in-1')).toBe('main.py');
  });

  it('is the same again, byte by byte', async () => {
    const [one, two] = [await bundle(lesson.scope()), await bundle(lesson.scope())];
    expect((await readFile(one.path)).equals(await readFile(two.path))).toBe(true);
    expect(one.commits).toBe(5);
  });

  it('is a repository with one commit where nothing has been done yet', async () => {
    const empty = await lesson.open('empty', 'ada');
    const scope = lesson.scope();
    const { path } = await bundle({
      ...scope,
      workspaces: scope.workspaces.filter(({ id }) => id === empty),
      ...{ files: [], runs: [] },
    });
    const place = join(folder, 'empty');
    await run('/usr/bin/git', ['clone', '-q', path, place]);
    expect((await run('/usr/bin/git', ['-C', place, 'log', '--format=%s'])).stdout).toBe('Nothing yet\n');
  });
});
