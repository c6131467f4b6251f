import { describe, expect, it } from '@jest/globals';
import { fold } from './decider.js';
import { asId, type CourseId, type FileId, type UserId, type WorkspaceId } from './identifiers.js';
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
