import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { useFileCommands } from '../classroom.js';
import type { DroppedFile } from './dropped-files.js';

/** How far an upload is; null: none is under way. */
export interface UploadProgress {
  readonly done: number;
  readonly all: number;
}

/** Refusals that are shown by name; the rest is counted. */
const SHOWN = 5;

/** Uploads files one after the other, and says which were not taken and why. */
export function useUpload(workspace: string) {
  const { upload } = useFileCommands(workspace);
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  async function uploadAll(files: readonly DroppedFile[], folder: string): Promise<string | null> {
    const refused: string[] = [];
    let last: string | null = null;
    for (const [done, { path, file }] of files.entries()) {
      setProgress({ done, all: files.length });
      const to = (folder === '' ? path : `${folder}/${path}`).normalize('NFC');
      try {
        last = (await upload.mutateAsync({ path: to, file })).id;
      } catch (error) {
        refused.push(`${to}: ${sentenceOf(error)}`);
      }
    }
    setProgress(null);
    for (const message of refused.slice(0, SHOWN)) notifications.show({ color: 'red', autoClose: 20_000, message });
    if (refused.length > SHOWN)
      notifications.show({ color: 'red', message: `${refused.length - SHOWN} more files were not uploaded.` });
    return files.length === 1 ? last : null;
  }
  return { progress, uploadAll };
}
