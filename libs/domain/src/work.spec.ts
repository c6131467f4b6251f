import { describe, expect, it } from '@jest/globals';
import { asId, type CourseId, type FileId, type ItemId, type UserId, type WorkspaceId } from './identifiers.js';
import { scenario } from './scenario.js';
import { digestText, type HandedInFile } from './work.js';
import { workspaceDecider, type WorkspaceEvent } from './workspace.js';

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const item = asId<ItemId>(uuid(1));
const by = asId<UserId>(uuid(2));
const from = asId<WorkspaceId>(uuid(3));
const workspace: Extract<WorkspaceEvent, { type: 'WorkspaceOpened' }>['data'] = {
  ...{ id: asId<WorkspaceId>(uuid(4)), course: asId<CourseId>(uuid(5)), owner: by, name: 'Loops', item },
  kind: 'copy',
};
const opened: WorkspaceEvent = { type: 'WorkspaceOpened', data: workspace };
const { given } = scenario(workspaceDecider);
const file = (n: number, path: string) => ({
  ...{ file: asId<FileId>(uuid(n)), path, kind: 'text', from: asId<FileId>(uuid(n + 50)), revision: '3' },
});

describe('a copy of published files', () => {
  const copy = (...paths: string[]) =>
    ({
      kind: 'openCopy',
      ...{ workspace, from, revision: '7' },
      files: paths.map((path, n) => file(10 + n, path) as never),
      folders: [] as string[],
    }) as const;

  it('is opened with all of its files and what they were, in one step, once', () => {
    const events = given().when(copy('a.py', 'b.py'));
    expect(events.map(({ type }) => type)).toEqual([
      'WorkspaceOpened',
      'WorkspaceCopied',
      'FileCreated',
      'FileCreated',
    ]);
    expect(events[1]?.data).toEqual({
      ...{ from, revision: '7', item },
      files: [10, 11].map((n) => ({ file: uuid(n), from: uuid(n + 50), revision: '3' })),
    });
    expect(given(...events).refused(copy('a.py'))).toBe('already-exists');
  });

  it('has the empty folders as well', () => {
    const events = given().when({ ...copy('a.py'), folders: ['data'] });
    expect(events.map(({ type }) => type)).toEqual([
      'WorkspaceOpened',
      'WorkspaceCopied',
      'FolderCreated',
      'FileCreated',
    ]);
  });

  it('has the rules of every workspace', () => {
    expect(given().refused(copy('a.py', 'A.py'))).toBe('path-taken');
    expect(given().refused(copy('../a.py'))).toBe('invalid-path');
  });
});

describe('handing in', () => {
  const handedIn: HandedInFile = {
    ...{ file: asId<FileId>(uuid(10)), path: 'a.py', kind: 'text', revision: '4', sha256: '0f'.repeat(32), size: 3 },
  };
  const data = { item, by, at: 100, late: false, deadline: 200, digest: '0f'.repeat(32), files: [handedIn] };

  it('is taken until the lock, again and again', () => {
    const command = { kind: 'handIn', ...data, lock: 101 } as const;
    const event: WorkspaceEvent = { type: 'WorkHandedIn', data };
    expect(given(opened).when(command)).toEqual([event]);
    expect(given(opened, event).when(command)).toEqual([event]);
    expect(given(opened).refused({ ...command, lock: 100 })).toBe('locked');
    expect(given(opened).when({ ...command, lock: null })).toHaveLength(1);
    expect(given(opened).refused({ ...command, files: [] })).toBe('invalid-value');
    expect(given().refused(command)).toBe('not-found');
  });

  it('has a digest that does not depend on the order of the files', () => {
    const [a, b] = [
      { path: 'a "1"', sha256: 'aa' },
      { path: 'b\n', sha256: 'bb' },
    ];
    expect(digestText([b!, a!])).toBe('aa  "a \\"1\\""\nbb  "b\\n"\n');
    expect(digestText([a!, b!])).toBe(digestText([b!, a!]));
  });
});
