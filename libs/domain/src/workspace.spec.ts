import { describe, expect, it } from '@jest/globals';
import { fold } from './decider.js';
import { asId, type CourseId, type DeletionId, type FileId, type UserId, type WorkspaceId } from './identifiers.js';
import { scenario } from './scenario.js';
import { MAX_FILES, workspaceDecider, type WorkspaceEvent } from './workspace.js';

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const file = (n: number) => asId<FileId>(uuid(n));
const workspace = {
  id: asId<WorkspaceId>(uuid(900)),
  kind: 'course',
  course: asId<CourseId>(uuid(901)),
  owner: asId<UserId>(uuid(902)),
  name: 'Pair',
} as const;
const opened: WorkspaceEvent = { type: 'WorkspaceOpened', data: workspace };
const created = (n: number, path: string): WorkspaceEvent => ({ type: 'FileCreated', data: { file: file(n), path } });
const create = (n: number, path: string) => ({ kind: 'createFile', file: file(n), path }) as const;
const { given } = scenario(workspaceDecider);

describe('workspace', () => {
  it('opens once', () => {
    expect(given().when({ kind: 'open', workspace })).toEqual([opened]);
    expect(given(opened).refused({ kind: 'open', workspace })).toBe('already-exists');
    expect(given().refused(create(1, 'main.py'))).toBe('not-found');
  });

  it('keeps paths unique, also where only case or form differs', () => {
    const { when, refused } = given(opened, created(1, 'Café/main.py'));
    expect(when(create(2, 'Café/other.py'))).toEqual([created(2, 'Café/other.py')]);
    expect(refused(create(2, 'Café/main.py'))).toBe('path-taken');
    expect(refused(create(2, 'CAFÉ/MAIN.py'))).toBe('path-taken');
    expect(refused(create(2, 'Cafe\u0301/main.py'))).toBe('path-taken');
  });

  it('says of a binary file that it is one, and knows it whatever becomes of its name', () => {
    const binary: WorkspaceEvent = { type: 'FileCreated', data: { file: file(1), path: 'plot.png', kind: 'binary' } };
    expect(given(opened).when({ ...create(1, 'plot.png'), holds: 'binary' })).toEqual([binary]);
    expect(given(opened).when({ ...create(1, 'plot.png'), holds: 'text' })).toEqual([created(1, 'plot.png')]);
    const moved: WorkspaceEvent = { type: 'FileMoved', data: { file: file(1), from: 'plot.png', to: 'a.png' } };
    const gone: WorkspaceEvent = { type: 'FileDeleted', data: { file: file(1), path: 'a.png' } };
    const state = fold(workspaceDecider, [opened, binary, created(2, 'b.txt'), moved, gone]);
    expect([...state.binary]).toEqual([file(1)]);
  });

  it('lets nothing be a file and a folder', () => {
    const { refused } = given(opened, created(1, 'a/b.py'));
    expect(refused(create(2, 'a'))).toBe('path-taken');
    expect(refused(create(2, 'a/b.py/c.py'))).toBe('path-taken');
  });

  it.each(['', '/etc/passwd', '../x', 'a/../b', 'a//b', 'a\\b', 'x\u0000', 'con', 'a.', ' a', 'a\u202Eb'])(
    'refuses the path %j',
    (path) => expect(given(opened).refused(create(1, path))).toBe('invalid-path'),
  );

  it('moves, deletes and restores; each repeated command changes nothing', () => {
    const moved: WorkspaceEvent = { type: 'FileMoved', data: { file: file(1), from: 'a.py', to: 'b.py' } };
    const deleted: WorkspaceEvent = { type: 'FileDeleted', data: { file: file(1), path: 'a.py' } };
    const restored: WorkspaceEvent = { type: 'FileRestored', data: { file: file(1), path: 'a.py' } };
    const { when, refused } = given(opened, created(1, 'a.py'));
    expect(when({ kind: 'moveFile', file: file(1), to: 'b.py' })).toEqual([moved]);
    expect(when({ kind: 'moveFile', file: file(1), to: 'a.py' })).toEqual([]);
    expect(when({ kind: 'deleteFile', file: file(1) })).toEqual([deleted]);
    expect(when({ kind: 'restoreFile', file: file(1) })).toEqual([]);
    expect(refused({ kind: 'deleteFile', file: file(2) })).toBe('not-found');
    const gone = given(opened, created(1, 'a.py'), deleted);
    expect(gone.when({ kind: 'deleteFile', file: file(1) })).toEqual([]);
    expect(gone.when({ kind: 'restoreFile', file: file(1) })).toEqual([restored]);
    expect(gone.refused({ kind: 'moveFile', file: file(1), to: 'c.py' })).toBe('not-found');
    expect(
      given(opened, created(1, 'a.py'), deleted, created(2, 'a.py')).refused({ kind: 'restoreFile', file: file(1) }),
    ).toBe('path-taken');
  });

  it('may change the case of its own name', () => {
    expect(given(opened, created(1, 'a.py')).when({ kind: 'moveFile', file: file(1), to: 'A.py' })).toHaveLength(1);
  });

  it(`holds ${MAX_FILES} files and not one more`, () => {
    const files = Array.from({ length: MAX_FILES - 1 }, (_, n) => created(n, `f${n}.py`));
    expect(given(opened, ...files).when(create(800, 'last.py'))).toHaveLength(1);
    expect(given(opened, ...files, created(800, 'last.py')).refused(create(801, 'more.py'))).toBe('too-large');
  });
});

describe('folders', () => {
  const deletion = asId<DeletionId>(uuid(700));
  const folder = (path: string): WorkspaceEvent => ({ type: 'FolderCreated', data: { path } });
  const moved = (n: number, from: string, to: string): WorkspaceEvent => ({
    type: 'FileMoved',
    data: { file: file(n), from, to },
  });
  const here = [
    opened,
    folder('a'),
    folder('a/empty'),
    created(1, 'a/x.py'),
    created(2, 'a/b/y.py'),
    created(3, 'z.py'),
  ];

  it('are made empty, once, and not where a file is', () => {
    expect(given(opened).when({ kind: 'createFolder', path: 'data' })).toEqual([folder('data')]);
    expect(given(opened).when({ kind: 'createFolder', path: 'a/b/c' })).toEqual([folder('a/b/c')]);
    for (const path of ['a', 'a/b', 'A', 'z.py', 'z.py/in', 'a/x.py'])
      expect(given(...here).refused({ kind: 'createFolder', path })).toBe('path-taken');
    expect(given(opened).refused({ kind: 'createFolder', path: '../out' })).toBe('invalid-path');
  });

  it('say of one that is there in other letters how it is written', () => {
    const { refused } = given(...here);
    expect(refused(create(9, 'A/new.py'))).toBe('path-taken');
    expect(refused(create(9, 'a/B/new.py'))).toBe('path-taken');
    expect(given(...here).when(create(9, 'a/b/new.py'))).toHaveLength(1);
  });

  it('move with all that is in them, in one decision', () => {
    const { when, refused } = given(...here);
    expect(when({ kind: 'moveFolder', from: 'a', to: 'c/d' })).toEqual([
      { type: 'FolderMoved', data: { from: 'a', to: 'c/d' } },
      moved(1, 'a/x.py', 'c/d/x.py'),
      moved(2, 'a/b/y.py', 'c/d/b/y.py'),
    ]);
    expect(when({ kind: 'moveFolder', from: 'a', to: 'A' })).toHaveLength(3);
    expect(when({ kind: 'moveFolder', from: 'a', to: 'a' })).toEqual([]);
    expect(refused({ kind: 'moveFolder', from: 'a', to: 'a/b/c' })).toBe('invalid-path');
    expect(refused({ kind: 'moveFolder', from: 'a', to: 'z.py' })).toBe('path-taken');
    expect(refused({ kind: 'moveFolder', from: 'nowhere', to: 'b' })).toBe('not-found');
    expect(given(...here, folder('b')).refused({ kind: 'moveFolder', from: 'a', to: 'b' })).toBe('path-taken');
    const deep = Array(15).fill('d').join('/');
    expect(refused({ kind: 'moveFolder', from: 'a', to: deep })).toBe('invalid-path');
    const state = fold(workspaceDecider, [...here, ...when({ kind: 'moveFolder', from: 'a', to: 'c' })]);
    expect([...state.folders]).toEqual(['c', 'c/empty']);
    expect([...state.files.values()]).toEqual(['c/x.py', 'c/b/y.py', 'z.py']);
  });

  it('go with all that is in them, and come back together, under another name as well', () => {
    const { when, refused } = given(...here);
    const gone = when({ kind: 'deleteFolder', path: 'a', deletion });
    expect(gone).toEqual([
      { type: 'FolderDeleted', data: { path: 'a', deletion, folders: ['a', 'a/empty'] } },
      { type: 'FileDeleted', data: { file: file(1), path: 'a/x.py', deletion } },
      { type: 'FileDeleted', data: { file: file(2), path: 'a/b/y.py', deletion } },
    ]);
    expect(refused({ kind: 'deleteFolder', path: 'nowhere', deletion })).toBe('not-found');
    const after = given(...here, ...gone);
    expect(after.when({ kind: 'deleteFolder', path: 'a', deletion })).toEqual([]);
    const back = after.when({ kind: 'restoreFolder', deletion });
    expect(fold(workspaceDecider, [...here, ...gone, ...back]).files).toEqual(fold(workspaceDecider, here).files);
    expect(fold(workspaceDecider, [...here, ...gone, ...back]).folders).toEqual(fold(workspaceDecider, here).folders);
    expect(given(...here, ...gone, ...back).when({ kind: 'restoreFolder', deletion })).toEqual([]);
    const elsewhere = fold(workspaceDecider, [
      ...here,
      ...gone,
      ...after.when({ kind: 'restoreFolder', deletion, to: 'old/a' }),
    ]);
    expect([...elsewhere.files.values()]).toEqual(['z.py', 'old/a/x.py', 'old/a/b/y.py']);
    expect(given(...here, ...gone, created(8, 'a/x.py')).refused({ kind: 'restoreFolder', deletion })).toBe(
      'path-taken',
    );
    expect(given(opened).refused({ kind: 'restoreFolder', deletion })).toBe('not-found');
  });

  it('what came back alone does not come back a second time', () => {
    const gone = given(...here).when({ kind: 'deleteFolder', path: 'a', deletion });
    const one = given(...here, ...gone).when({ kind: 'restoreFile', file: file(1), to: 'kept.py' });
    expect(one).toEqual([{ type: 'FileRestored', data: { file: file(1), path: 'kept.py' } }]);
    const rest = given(...here, ...gone, ...one).when({ kind: 'restoreFolder', deletion });
    expect(rest.map(({ type }) => type)).toEqual(['FolderRestored', 'FileRestored']);
  });

  it('are copied as one addition: all of it or nothing', () => {
    const copy = {
      kind: 'addFiles',
      folders: ['copy', 'copy/empty'],
      files: [
        { file: file(11), path: 'copy/x.py', copyOf: file(1) },
        { file: file(12), path: 'copy/b/y.png', holds: 'binary', copyOf: file(2) },
      ],
    } as const;
    expect(given(...here).when(copy)).toEqual([
      folder('copy'),
      folder('copy/empty'),
      { type: 'FileCreated', data: { file: file(11), path: 'copy/x.py', copyOf: file(1) } },
      { type: 'FileCreated', data: { file: file(12), path: 'copy/b/y.png', kind: 'binary', copyOf: file(2) } },
    ]);
    expect(given(...here, created(5, 'copy/b/Y.png')).refused(copy)).toBe('path-taken');
    const twice = { ...copy, files: [...copy.files, { file: file(13), path: 'copy/X.py' }] };
    expect(given(...here).refused(twice)).toBe('path-taken');
  });

  it(`count among the ${MAX_FILES}, also when they are restored`, () => {
    const files = Array.from({ length: MAX_FILES - 2 }, (_, n) => created(n + 10, `f${n}.py`));
    const { when, refused } = given(opened, ...files, folder('last'));
    expect(when({ kind: 'createFolder', path: 'one' })).toHaveLength(1);
    expect(refused({ kind: 'addFiles', files: [{ file: file(5), path: 'a' }], folders: ['one'] })).toBe('too-large');
    const gone: WorkspaceEvent = { type: 'FileDeleted', data: { file: file(10), path: 'f0.py' } };
    expect(
      given(opened, ...files, gone, folder('last'), folder('one'), folder('two')).refused({
        kind: 'restoreFile',
        file: file(10),
      }),
    ).toBe('too-large');
  });
});
