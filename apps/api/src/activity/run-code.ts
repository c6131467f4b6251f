import { createHash } from 'node:crypto';
import { Injectable, NotFoundException } from '@nestjs/common';
import type { RunFile, RunRequested } from '@palimpsest/domain';
import { DirectoryQueries } from '@palimpsest/projections';
import type { RunCodeDto, RunCodeFileDto } from '@palimpsest/protocol';
import { inParallel } from '../people/in-parallel.js';
import { type RecordedContent, RecordedFiles } from '../workspaces/recorded-content.js';

/** Files that are read at the same time for the hashes of a tree. */
const AT_ONCE = 4;

/** What a run ran, byte by byte: its request names every file with its revision, and what a revision holds never changes. */
@Injectable()
export class RunCode {
  constructor(
    private readonly files: RecordedFiles,
    private readonly directory: DirectoryQueries,
  ) {}

  async tree({ id, entry, files, folders = [] }: RunRequested['data']): Promise<RunCodeDto> {
    const isBinary = await this.#binaryAmong(files);
    const described = await inParallel(AT_ONCE, files, async (one) =>
      describeFile(one, await this.#contentOf(one, isBinary.has(one.file))),
    );
    return { run: id, entry, files: described.sort((a, b) => (a.path < b.path ? -1 : 1)), folders };
  }

  /** Throws 404 for a path that the run did not have. */
  async content({ files }: RunRequested['data'], path: string): Promise<{ file: RunFile; content: RecordedContent }> {
    const file = files.find((one) => one.path === path);
    if (!file) throw new NotFoundException('This run had no such file.');
    const isBinary = await this.#binaryAmong([file]);
    return { file, content: await this.#contentOf(file, isBinary.has(file.file)) };
  }

  async #binaryAmong(files: readonly RunFile[]): Promise<ReadonlySet<string>> {
    const rows = await this.directory.filesById(files.map(({ file }) => file));
    return new Set(rows.filter(({ kind }) => kind === 'binary').map(({ id }) => id));
  }

  #contentOf({ file, revision }: RunFile, isBinary: boolean): Promise<RecordedContent> {
    return this.files.at(
      file,
      isBinary && revision !== null ? 'binary' : 'text',
      revision === null ? null : BigInt(revision),
    );
  }
}

function describeFile({ file, path, revision }: RunFile, content: RecordedContent): RunCodeFileDto {
  const { kind } = content;
  if (content.kind === 'binary') return { file, path, kind, revision, sha256: content.sha256, size: content.size };
  const bytes = Buffer.from(content.text, 'utf8');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, path, kind, revision, sha256, size: bytes.length };
}
