import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  asId,
  type FileId,
  MAX_TEXT_LENGTH,
  readEvent,
  readMetadata,
  streamOf,
  TEXT_ROOT,
  workspaceDecider,
  type WorkspaceId,
} from '@palimpsest/domain';
import { CLOSE, MESSAGE_ACKNOWLEDGED, MESSAGE_WAIT } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { accountId } from '../auth/account-id.js';
import { CommandHandler } from '../commands/command-handler.js';
import { systemContext } from '../commands/context.js';
import { CollabClient } from '../testing/collab-client.js';
import { manyClients } from '../testing/many-clients.js';
import { TestApi } from '../testing/test-api.js';
import { MAX_CLIENTS_OF_PERSON } from './update-inspection.js';

/** A frame of sync type `step` (1 step 2, 2 update) with these bytes. */
function syncFrame(step: number, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, bytes);
  return encoding.toUint8Array(encoder);
}

/** A client that asks for acknowledgements and waits for nothing: every insertion is a message. */
class Typist {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText(TEXT_ROOT);
  readonly waits: { ms: number; sentence: string }[] = [];
  acknowledged = 0;
  closed: { code: number; reason: string } | undefined;
  readonly #socket: WebSocket;
  #hasBegun = false;

  constructor(address: string, file: string, token: string) {
    this.#socket = new WebSocket(`ws://${address}/collab/${file}?token=${token}&acks=1`);
    this.#socket.on('message', (data: Buffer) => this.#receive(decoding.createDecoder(data)));
    this.#socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
    this.doc.on('update', (update: Uint8Array) => this.#socket.send(syncFrame(2, update)));
  }

  /** The server has begun, or turned it away: of what comes before that it keeps little [AU2]. */
  async open(): Promise<this> {
    await eventually(() => this.#hasBegun || this.closed, 'the conversation');
    return this;
  }

  /** Types `count` characters, each a message of its own. */
  type(count: number): void {
    for (let i = 0; i < count; i++) this.text.insert(this.text.length, 'x');
  }

  end(): void {
    this.#socket.terminate();
    this.doc.destroy();
  }

  #receive(decoder: decoding.Decoder): void {
    const type = decoding.readVarUint(decoder);
    this.#hasBegun = true;
    if (type === MESSAGE_ACKNOWLEDGED) this.acknowledged = decoding.readVarUint(decoder);
    if (type === MESSAGE_WAIT)
      this.waits.push({ ms: decoding.readVarUint(decoder), sentence: decoding.readVarString(decoder) });
  }
}

describe('limits of /collab', () => {
  let api: TestApi;
  const ends: { end(): void }[] = [];

  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterEach(() => ends.splice(0).forEach((one) => one.end()));
  afterAll(() => api.stop());

  /** A new file in the workspace in which everybody of the course writes. */
  async function newFile(): Promise<FileId> {
    const workspace = asId<WorkspaceId>((await api.workspace(await api.signIn('hopper'), /Pair/)).id);
    const file = asId<FileId>(randomUUID());
    const command = { kind: 'createFile', file, path: `${file}.py` } as const;
    await api.app
      .get(CommandHandler)
      .execute(streamOf.workspace(workspace), workspaceDecider, command, systemContext());
    await eventually(
      async () => (await api.pool.query('select 1 from read.file where id = $1', [file])).rowCount === 1,
      'the file in the directory',
    );
    return file;
  }

  async function typist(username: string, file: string): Promise<Typist> {
    const opened = new Typist(api.address, file, await api.signIn(username));
    ends.push(opened);
    return opened.open();
  }

  async function client(username: string, file: string): Promise<CollabClient> {
    const opened = new CollabClient(api.address, file, await api.signIn(username));
    ends.push(opened);
    return opened;
  }

  async function limitsReached(username: string): Promise<{ limit: string; most: number; waitSeconds: number }[]> {
    const found = [];
    const now = new Date();
    const stream = streamOf.audit({ year: now.getUTCFullYear(), month: now.getUTCMonth() + 1 });
    for await (const event of api.store.readStream(stream)) {
      const read = readEvent(event);
      if (read.type === 'LimitReached' && readMetadata(event).actor.id === accountId(username)) found.push(read.data);
    }
    return found;
  }

  async function textOf(file: FileId): Promise<string> {
    const reader = await (await client('auditor', file)).synced();
    const text = reader.text.toString();
    reader.end();
    return text;
  }

  it('[LM1] [LM2] the 300th message passes, the 301st is told to wait, goes on by itself, and nothing is lost', async () => {
    const file = await newFile();
    const ada = await typist('ada', file);
    ada.type(300);
    await eventually(() => ada.acknowledged === 300, 'the acknowledgement of 300');
    expect(ada.waits).toEqual([]);
    const before = performance.now();
    ada.type(20);
    const [wait] = await eventually(() => ada.waits.length > 0 && ada.waits, 'being told to wait');
    expect(wait?.ms).toBeLessThanOrEqual(5_000);
    expect(wait?.sentence).toContain('nothing is lost');
    await eventually(() => ada.acknowledged >= 320, 'the acknowledgement of the rest');
    expect(performance.now() - before).toBeGreaterThan((wait?.ms ?? 0) * 0.9 - 500);
    expect(ada.closed).toBeUndefined();
    expect(await textOf(file)).toBe('x'.repeat(ada.text.length));
    const reached = await eventually(
      async () => (await limitsReached('ada')).length > 0 && limitsReached('ada'),
      'the event',
    );
    expect(reached).toEqual([{ limit: 'messages-a-minute', most: 300, waitSeconds: expect.any(Number) }]);
  }, 30_000);

  it('[LM4] the unmodified provider is closed with 4529 and comes back with what is missing', async () => {
    const file = await newFile();
    const ben = await (await client('ben', file)).synced();
    const chloe = await (await client('chloe', file)).synced();
    for (let i = 0; i < 330; i++) ben.text.insert(ben.text.length, 'y');
    await eventually(() => ben.closed, 'the connection closing');
    expect(ben.closed?.code).toBe(CLOSE.limited);
    expect(ben.closed?.reason).toMatch(/\(try again in \d+ s\)$/);
    const { reason } = ben.closed!;
    await new Promise((done) => setTimeout(done, Number(/(\d+) s\)$/.exec(reason)?.[1]) * 1000));
    ben.provider.connect();
    await eventually(() => chloe.text.toString() === 'y'.repeat(330), 'everything at the other');
  }, 30_000);

  it('[LM7] 1,000,000 characters are taken, one more is refused with 4413', async () => {
    const file = await newFile();
    const ada = await (await client('hopper', file)).synced();
    for (let i = 0; i < 2; i++) ada.text.insert(ada.text.length, 'z'.repeat(MAX_TEXT_LENGTH / 2));
    await eventually(async () => (await textOf(file)).length === MAX_TEXT_LENGTH, 'all of it being there');
    expect(ada.closed).toBeUndefined();
    ada.text.insert(0, '!');
    await eventually(() => ada.closed, 'the refusal');
    expect(ada.closed?.code).toBe(CLOSE.tooLarge);
    expect((await textOf(file)).length).toBe(MAX_TEXT_LENGTH);
  }, 30_000);

  it('[LM8] the 5,000th page load of a person writes, the next is refused with 4413; pages that wrote and others go on', async () => {
    const file = await newFile();
    const script = await (await client('ben', file)).synced();
    for (let first = 1; first < MAX_CLIENTS_OF_PERSON; first += 1_000)
      script.send(...syncFrame(2, manyClients(first, Math.min(1_000, MAX_CLIENTS_OF_PERSON - first))));
    await eventually(() => script.text.length === MAX_CLIENTS_OF_PERSON - 1, 'all but one being taken');
    const last = await (await client('ben', file)).synced();
    last.text.insert(0, 'last');
    const chloe = await (await client('chloe', file)).synced();
    await eventually(() => chloe.text.toString().startsWith('lastx'), 'the edit of the last page load');

    const more = await (await client('ben', file)).synced();
    more.text.insert(0, 'more');
    await eventually(() => more.closed, 'the refusal');
    expect(more.closed).toEqual({
      code: CLOSE.tooLarge,
      reason: 'This edit was refused: you have edited this file from 5000 page loads, the most: copy it to a new one',
    });
    last.text.insert(0, 'at ');
    chloe.text.insert(0, 'not ');
    await eventually(async () => /^(not at|at not) lastx/.test(await textOf(file)), 'both edits');
    const limits = async () => (await limitsReached('ben')).filter(({ limit }) => limit === 'client-ids');
    const reached = await eventually(async () => (await limits()).length > 0 && limits(), 'the event');
    expect(reached).toEqual([{ limit: 'client-ids', most: MAX_CLIENTS_OF_PERSON, waitSeconds: 0 }]);
  }, 30_000);

  it('[LM3] whoever goes on sending while waiting is closed with 4529', async () => {
    const file = await newFile();
    const dan = await typist('hopper', file);
    dan.type(300 + 64 + 30);
    await eventually(() => dan.closed, 'the connection closing');
    expect(dan.closed?.code).toBe(CLOSE.limited);
    expect(dan.waits.length).toBe(2);
  });

  it('[LM6] the 20th document opens, the 21st is refused with a sentence, until one is closed', async () => {
    const files = await Promise.all(Array.from({ length: 21 }, newFile));
    const opened = [];
    for (const file of files.slice(0, 20)) opened.push(await (await client('chloe', file)).synced());
    const refused = await client('chloe', files[20]!);
    await eventually(() => refused.closed, 'the refusal');
    expect(refused.closed?.code).toBe(CLOSE.limited);
    expect(refused.closed?.reason).toContain('You have 20 files open');
    const told = await typist('chloe', files[20]!);
    await eventually(() => told.closed, 'the refusal');
    expect(told.waits).toEqual([{ ms: 10_000, sentence: expect.stringContaining('close one first') }]);
    opened[0]?.end();
    await eventually(async () => {
      const again = await client('chloe', files[20]!);
      await eventually(() => again.provider.synced || again.closed, 'an answer');
      return again.provider.synced;
    }, 'the 21st opening after one was closed');
    expect((await limitsReached('chloe')).map(({ limit }) => limit)).toEqual(['open-documents']);
  }, 30_000);
});
