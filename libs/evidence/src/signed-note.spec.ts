import { describe, expect, it } from '@jest/globals';
import { sign, verify } from 'node:crypto';
import { newNoteSigner, NoteFault, noteSigner, openNote, readNoteKey, signNote, textOfNote } from './signed-note.js';
import { RFC_8032_VECTORS } from './testing/rfc8032-vectors.js';
import { formatTreeHead, parseTreeHead } from './tree-head.js';

/** The example of golang.org/x/mod/sumdb/note, which the format of C2SP comes from. */
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
const NOTE = `${TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

describe('signed notes', () => {
  it.each(RFC_8032_VECTORS)('sign as RFC 8032 says: $name', (vector) => {
    const { key, privateKey } = noteSigner('rfc8032', Buffer.from(vector.secret, 'hex'));
    const message = Buffer.from(vector.message, 'hex');
    expect(sign(null, message, privateKey).toString('hex')).toBe(vector.signature);
    expect(verify(null, message, key.publicKey, Buffer.from(vector.signature, 'hex'))).toBe(true);
    expect(Buffer.from(key.text.split('+').slice(2).join('+'), 'base64').toString('hex')).toBe(`01${vector.public}`);
  });

  it('are those of the published example, byte by byte', () => {
    const signer = noteSigner('PeterNeumann', SEED);
    expect(signer.key.text).toBe(KEY);
    expect(signNote(TEXT, [signer])).toBe(NOTE);
    expect(openNote(NOTE, [readNoteKey(KEY)])).toBe(TEXT);
  });

  it('may have several signatures; one of a known key is enough, a wrong one of a known key too many', () => {
    const [old, next, stranger] = [newNoteSigner('school'), newNoteSigner('school'), newNoteSigner('other')];
    const note = signNote(TEXT, [next, old]);
    expect(note.split('\n— ')).toHaveLength(3);
    for (const { key } of [old, next]) expect(openNote(note, [key])).toBe(TEXT);
    expect(() => openNote(note, [stranger.key])).toThrow('None of the known keys');
    const lines = note.split('\n');
    const forged = [...lines.slice(0, -2), signNote('another text\n', [old]).split('\n').at(-2), ''].join('\n');
    expect(openNote(forged, [next.key])).toBe(TEXT);
    expect(() => openNote(forged, [next.key, old.key])).toThrow('does not fit');
  });

  it('are worthless when a letter differs', () => {
    const key = readNoteKey(KEY);
    for (const changed of [NOTE.replace('answer', 'Answer'), NOTE.replace('ZJku', 'ZJkv')])
      expect(() => openNote(changed, [key])).toThrow(NoteFault);
    expect(() => openNote(TEXT, [key])).toThrow('no signatures');
    expect(() => openNote(`${TEXT}\n— PeterNeumann\n`, [key])).toThrow('cannot be read');
    expect(() => openNote(`${TEXT}\n- PeterNeumann x08go/ZJkuBS\n`, [key])).toThrow('cannot be read');
    expect(textOfNote(NOTE)).toBe(TEXT);
  });

  it.each([
    ['', 'no Ed25519 key'],
    [KEY.replace('+c74f20a3', '+c74f20a4'), 'does not belong'],
    [KEY.replace('Peter', 'Petra'), 'does not belong'],
    [KEY.replace('ARpc', 'Apc'), 'no Ed25519 key'],
    [KEY.replace('+ARpc', '+AhpC'), 'no Ed25519 key'],
  ])('do not take %s for a key', (text, why) => {
    expect(() => readNoteKey(text)).toThrow(why);
  });

  it('need a seed of 32 bytes and a name without spaces and plus signs', () => {
    for (const length of [0, 31, 33]) expect(() => noteSigner('x', Buffer.alloc(length))).toThrow('32 bytes');
    for (const name of ['', 'a b', 'a+b', 'a\nb']) expect(() => noteSigner(name, Buffer.alloc(32))).toThrow(NoteFault);
  });
});

describe('tree heads', () => {
  const root = Buffer.alloc(32, 7);

  it('are three lines, and more are passed over', () => {
    const text = formatTreeHead({ origin: 'school.example', size: 12, root });
    expect(text).toBe(`school.example\n12\n${root.toString('base64')}\n`);
    expect(parseTreeHead(`${text}an extension\n`)).toEqual({ origin: 'school.example', size: 12, root });
  });

  it.each([
    '',
    'school\n',
    `school\n012\n${root.toString('base64')}\n`,
    `school\n-1\n${root.toString('base64')}\n`,
    `school\n12\n${root.subarray(1).toString('base64')}\n`,
    `school\n12\n${root.toString('base64url')}\n`,
    `\n12\n${root.toString('base64')}\n`,
  ])('%j is none', (text) => {
    expect(() => parseTreeHead(text)).toThrow(NoteFault);
  });
});
