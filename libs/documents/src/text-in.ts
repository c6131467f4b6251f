import { MAX_TEXT_LENGTH } from '@palimpsest/domain';

/** The text that the bytes are, with its byte order mark if it has one: UTF-8 without NUL that a document takes. Undefined: binary. */
export function textIn(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.length <= MAX_TEXT_LENGTH ? text : undefined;
  } catch {
    return undefined;
  }
}
