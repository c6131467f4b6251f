/** Signed notes as C2SP defines them (https://c2sp.org/signed-note), with Ed25519 (RFC 8032) and node's own cryptography. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';

/** What a key's type is in its id and its text. */
const ED25519 = 0x01;
const KEY_BYTES = 32;
const ID_BYTES = 4;
/** DER of RFC 8410 before the 32 bytes of a private and of a public key. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** A key or a note that cannot be read, or a note that none of the keys has signed. */
export class NoteFault extends Error {
  readonly code = 'note-fault';
  constructor(message: string) {
    super(message);
    this.name = 'NoteFault';
  }
}

/** Checks what its owner signed. */
export interface NoteKey {
  readonly name: string;
  /** Four bytes that tell it from other keys of the same name, as a number in hexadecimal. */
  readonly id: string;
  /** `<name>+<id>+<base64 of 0x01 and the public key>`: what people are given. */
  readonly text: string;
  readonly publicKey: KeyObject;
}

/** Signs. */
export interface NoteSigner {
  readonly key: NoteKey;
  readonly privateKey: KeyObject;
}

/** Whether a text can be the name of a key: not empty, without white space or plus signs. */
export function isKeyName(name: string): boolean {
  return /^[^\s+]+$/u.test(name);
}

function keyOf(name: string, raw: Buffer): NoteKey {
  if (!isKeyName(name)) throw new NoteFault(`"${name}" cannot name a key: it has spaces or plus signs, or is empty.`);
  const typed = Buffer.concat([Buffer.of(ED25519), raw]);
  const hash = createHash('sha256').update(`${name}\n`).update(typed).digest();
  const id = hash.subarray(0, ID_BYTES).toString('hex');
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
  return { name, id, text: `${name}+${id}+${typed.toString('base64')}`, publicKey };
}

/** Throws NoteFault for text that is no Ed25519 key, or whose id is that of another. */
export function readNoteKey(text: string): NoteKey {
  const [, name = '', id, base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u.exec(text.trim()) ?? [];
  const typed = Buffer.from(base64, 'base64');
  if (typed[0] !== ED25519 || typed.length !== KEY_BYTES + 1)
    throw new NoteFault('This is no Ed25519 key of a signed note: it must be <name>+<id>+<base64>.');
  const key = keyOf(name, typed.subarray(1));
  if (key.id !== id) throw new NoteFault(`The id ${id} does not belong to this key of ${name}: the text was changed.`);
  return key;
}

/** `seed`: the 32 bytes of a private key. Throws NoteFault for another length, or a name that keys cannot have. */
export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  if (seed.length !== KEY_BYTES) throw new NoteFault(`A private key has ${KEY_BYTES} bytes, not ${seed.length}.`);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { key: keyOf(name, spki.subarray(SPKI.length)), privateKey };
}

/** A new one, from the system's random numbers. */
export function newNoteSigner(name: string): NoteSigner {
  return noteSigner(name, randomBytes(KEY_BYTES));
}

/** `text`, which ends with a line feed, and below it a line for each signer. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const lines = signers.map(({ key, privateKey }) => {
    const signature = sign(null, Buffer.from(text), privateKey);
    return `— ${key.name} ${Buffer.concat([Buffer.from(key.id, 'hex'), signature]).toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/**
 * The text of a note that at least one of `keys` has signed. Signatures of unknown keys are passed over, as C2SP asks; a wrong
 * one of a known key makes the note worthless. Throws NoteFault.
 */
export function openNote(note: string, keys: readonly NoteKey[]): string {
  const { text, signatures } = partsOf(note);
  let signed = false;
  for (const { name, bytes } of signatures) {
    const id = bytes.subarray(0, ID_BYTES).toString('hex');
    const key = keys.find((one) => one.name === name && one.id === id);
    if (!key) continue;
    if (!verify(null, Buffer.from(text), key.publicKey, bytes.subarray(ID_BYTES)))
      throw new NoteFault(`The signature of ${name} does not fit the note.`);
    signed = true;
  }
  if (!signed) throw new NoteFault('None of the known keys has signed the note.');
  return text;
}

/** The text of a note, whoever signed it. Throws NoteFault if it is none. */
export function textOfNote(note: string): string {
  return partsOf(note).text;
}

interface Signature {
  readonly name: string;
  /** The key's id, and the signature. */
  readonly bytes: Buffer;
}

function partsOf(note: string): { readonly text: string; readonly signatures: readonly Signature[] } {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new NoteFault('This is no signed note: there are no signatures below it.');
  const lines = note.slice(end + 2, -1).split('\n');
  return { text: note.slice(0, end + 1), signatures: lines.map(readSignature) };
}

function readSignature(line: string): Signature {
  const [, name, base64 = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/u.exec(line) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  if (name === undefined || bytes.length < ID_BYTES + 1) throw new NoteFault('A signature of the note cannot be read.');
  return { name, bytes };
}
