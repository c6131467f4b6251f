import { existsSync, statfsSync } from 'node:fs';

/** What the kernel keeps for a file of a tmpfs besides its content, roughly. */
const FILE_BYTES = 1024;

/**
 * Memory that a sandbox's own /tmp and /dev/shm take, which is no process's: what files hold, and that there are so many of them.
 * `init` is the sandbox's process 1; before it has left the host's root there is nothing to count.
 */
export function memoryFilesBytes(init: number | undefined): number {
  const root = `/proc/${init}/root`;
  if (init === undefined || !existsSync(`${root}/palimpsest/boot.py`)) return 0;
  return ['/tmp', '/dev/shm'].reduce((sum, folder) => sum + bytesOf(`${root}${folder}`), 0);
}

function bytesOf(folder: string): number {
  try {
    const { blocks, bfree, bsize, files, ffree } = statfsSync(folder);
    return (blocks - bfree) * bsize + (files - ffree) * FILE_BYTES;
  } catch {
    return 0; // the sandbox has just ended
  }
}
