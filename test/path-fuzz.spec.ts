import { posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  asId,
  checkPath,
  type DeletionId,
  type FileId,
  fold,
  foldersAbove,
  staysInside,
  utf8Length,
  type WorkspaceCommand,
  workspaceDecider,
  type WorkspaceState,
} from '@palimpsest/domain';

/** Another seed tries other names: PALIMPSEST_FUZZ_SEED=… */
const SEED = Number(process.env['PALIMPSEST_FUZZ_SEED'] ?? 20261126);

/** Numbers from 0 to below, the same for the same seed. */
function seeded(seed: number) {
  let state = seed >>> 0;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  ...['a', 'A', 'b', 'B', 'ss', 'ß', 'ẞ', 'SS', 'é', 'e\u0301', 'É', 'ﬁ', 'fi', 'K', 'K', 'ı', 'i', 'İ', 'Σ', 'σ', 'ς'],
  ...['..', '.', '', '/', '//', '\\', ' ', '\u00a0', '\u3000', '~', '%2e', '%2f', '-', '_'],
  ...[
    '\u0000',
    '\n',
    '\u0085',
    '\u200b',
    '\u200d',
    '\u202e',
    '\u2066',
    '\ufeff',
    '\u00ad',
    '\u034f',
    '\u3164',
    '\u{e0061}',
  ],
  ...[
    '\ud800',
    '\udc00',
    '\uffff',
    '\ufe0f',
    '❤',
    '👩',
    'con',
    'COM1',
    'com¹',
    'nul.txt',
    'LPT9',
    'aux',
    '数',
    'а',
    'о',
    'Α',
  ],
];

describe(`paths, whatever they are (seed ${SEED})`, () => {
  const next = seeded(SEED);
  const name = () => Array.from({ length: 1 + next(4) }, () => PIECES[next(PIECES.length)]).join('');
  const path = () => Array.from({ length: 1 + next(4) }, name).join('/');

  it('are normalised once and for all, stay inside, fit on a disk and show what they are', () => {
    let accepted = 0;
    for (let i = 0; i < 30_000; i++) {
      const checked = checkPath(path());
      if (!checked.ok) continue;
      accepted += 1;
      const found = checked.path;
      expect(checkPath(found)).toEqual(checked);
      expect(staysInside(found)).toBe(true);
      // As the executor lays them out.
      expect(posix.join('/run/workspace', found)).toBe(`/run/workspace/${found}`);
      expect(posix.relative('/run/workspace', posix.resolve('/run/workspace', found))).toBe(found);
      expect(found).toBe(found.normalize('NFC'));
      expect(utf8Length(found)).toBeLessThanOrEqual(1000);
      expect(/[\p{Cc}\p{Bidi_Control}\u200b-\u200f\ufeff\\]/u.test(found)).toBe(false);
      expect(found.split('/').some((one) => /^[\s.]*$|[\s.]$/u.test(one))).toBe(false);
    }
    expect(accepted).toBeGreaterThan(1_000);
  });

  /** What file systems make of a name: Windows, macOS (it decomposes and folds), and one that knows compatible forms. */
  const FILE_SYSTEMS: readonly ((path: string) => string)[] = [
    (found) => found.toUpperCase(),
    (found) => found.toLowerCase(),
    (found) => found.normalize('NFD').toLowerCase(),
    (found) => found.normalize('NFKC').toLowerCase(),
    (found) => found.normalize('NFKD').toUpperCase(),
  ];

  function expectApart({ files, folders }: WorkspaceState): void {
    const paths = [...files.values()];
    const above = new Set([...folders, ...[...paths, ...folders].flatMap(foldersAbove)]);
    for (const on of FILE_SYSTEMS) {
      expect(new Set([...paths, ...above].map(on)).size).toBe(paths.length + above.size);
    }
  }

  it('never make two entries of one place, whatever is made, moved, copied, deleted and restored', () => {
    const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    let done = 0;
    for (let round = 0; round < 40; round++) {
      let state: WorkspaceState = { ...workspaceDecider.initial, exists: true };
      let made = 0;
      const ids = () => [...state.files.keys(), ...state.deleted.keys()];
      const pick = <T>(list: readonly T[], otherwise: T): T => list[next(list.length)] ?? otherwise;
      const someFolder = () => pick([...state.folders, ...[...state.files.values()].flatMap(foldersAbove)], 'none');
      const someFile = () => pick(ids(), asId<FileId>(uuid(0)));
      for (let step = 0; step < 60; step++) {
        const commands: readonly (() => WorkspaceCommand)[] = [
          () => ({ kind: 'createFile', file: asId<FileId>(uuid(++made)), path: path() }),
          () => ({ kind: 'createFile', file: asId<FileId>(uuid(++made)), path: path() }),
          () => ({ kind: 'createFolder', path: path() }),
          () => ({ kind: 'moveFile', file: someFile(), to: path() }),
          () => ({ kind: 'moveFolder', from: someFolder(), to: path() }),
          () => ({ kind: 'deleteFile', file: someFile() }),
          () => ({ kind: 'restoreFile', file: someFile() }),
          () => ({ kind: 'deleteFolder', path: someFolder(), deletion: asId<DeletionId>(uuid(++made)) }),
          () => ({ kind: 'restoreFolder', deletion: pick([...state.deletions.keys()], asId<DeletionId>(uuid(0))) }),
          () => ({
            kind: 'addFiles',
            files: [path(), path()].map((one) => ({ file: asId<FileId>(uuid(++made)), path: one })),
            folders: [path()],
          }),
        ];
        const command = pick(commands, commands[0] as () => WorkspaceCommand)();
        const decision = workspaceDecider.decide(command, state);
        if (!decision.accepted) continue;
        done += 1;
        state = fold(workspaceDecider, decision.events, state);
        for (const found of [...state.files.values(), ...state.folders])
          expect(checkPath(found)).toEqual({ ok: true, path: found });
      }
      expectApart(state);
    }
    expect(done).toBeGreaterThan(300);
  });
});
