import { foldersAbove, pathKey } from './path.js';

/**
 * The names of a tree while new ones are placed in it. No two may have the same key, whether files or folders, or the tree
 * could not be laid out on a file system that ignores case; a folder that is there is written as it is there.
 */
export class TreeNames {
  /** By key, as they are written. */
  readonly #files = new Map<string, string>();
  readonly #folders = new Map<string, string>();

  addFile(path: string): void {
    this.#files.set(pathKey(path), path);
    for (const folder of foldersAbove(path)) this.#note(folder);
  }

  addFolder(path: string): void {
    for (const folder of [...foldersAbove(path), path]) this.#note(folder);
  }

  hasFolder(path: string): boolean {
    return this.#folders.has(pathKey(path));
  }

  /** Why there can be no file of this path, for a person; undefined: there can. */
  problemOfFile(path: string): string | undefined {
    const key = pathKey(path);
    const taken = this.#files.get(key);
    if (taken === path) return `There is already a file "${path}" here.`;
    if (taken !== undefined)
      return `There is already a file "${taken}" here, and "${path}" differs too little from it.`;
    const folder = this.#folders.get(key);
    if (folder !== undefined) return `"${folder}" is a folder here.`;
    return this.#problemAbove(path);
  }

  /** The same for a folder. One that is there already is no problem. */
  problemOfFolder(path: string): string | undefined {
    const key = pathKey(path);
    const file = this.#files.get(key);
    if (file !== undefined) return `There is already a file "${file}" here.`;
    return this.#problemOfSpelling(path, key) ?? this.#problemAbove(path);
  }

  #problemAbove(path: string): string | undefined {
    for (const folder of foldersAbove(path)) {
      const key = pathKey(folder);
      const file = this.#files.get(key);
      if (file !== undefined) return `"${file}" is a file, so it cannot hold others.`;
      const problem = this.#problemOfSpelling(folder, key);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #problemOfSpelling(folder: string, key: string): string | undefined {
    const there = this.#folders.get(key);
    if (there === undefined || there === folder) return undefined;
    return `There is already a folder "${there}" here, and "${folder}" differs too little from it: write it as it is there.`;
  }

  /** Old logs may have a folder in two spellings; the first counts. */
  #note(folder: string): void {
    const key = pathKey(folder);
    if (!this.#folders.has(key)) this.#folders.set(key, folder);
  }
}
