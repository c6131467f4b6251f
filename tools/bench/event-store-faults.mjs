/**
 * kill -9 during acknowledged appends. The whole product runs; people make and delete files through its api and type through
 * its collaboration socket, and other callers use the event store itself, while its processes are killed in turns: the api,
 * and Postgres in three ways. Everything that was acknowledged must be in the log in the end, once, at its place.
 *
 * PALIMPSEST_FAULT_ROUNDS: kills, default 20. About three seconds each.
 */
import { Fault } from '../fault.mjs';
import { ApiClient } from './event-store-faults/api-client.mjs';
import { FileWriter } from './event-store-faults/file-writer.mjs';
import { Installation } from './event-store-faults/installation.mjs';
import { compare, Ledger } from './event-store-faults/ledger.mjs';
import { StoreWriters } from './event-store-faults/store-writers.mjs';
import { Typist } from './event-store-faults/typist.mjs';
import { median } from './event-store/sample.mjs';

/** Milliseconds of writing before a kill, at least and at most. */
const [CALM_LEAST, CALM_MOST] = [500, 1500];

/** The api every other time, Postgres in between. */
const VICTIMS = [
  ['Postgres, its first process', (installation) => installation.killPostmaster()],
  ['api', (installation) => installation.killApi()],
  ['Postgres, one connection', (installation) => installation.killBackend()],
  ['api', (installation) => installation.killApi()],
  ['Postgres, all processes', (installation) => installation.killPostgres()],
  ['api', (installation) => installation.killApi()],
];

const KINDS = [StoreWriters.kind, FileWriter.kind, Typist.kind];

function roundsWanted() {
  const text = process.env.PALIMPSEST_FAULT_ROUNDS ?? '20';
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Fault(`PALIMPSEST_FAULT_ROUNDS is "${text}": it must be a whole number from 1 to 9999.`);
}

export async function run(say) {
  const rounds = roundsWanted();
  const installation = new Installation();
  try {
    say('starting the product');
    await installation.start();
    const ledger = new Ledger();
    const writers = await beginToWrite(installation, ledger);
    const recoveries = await killInTurns(rounds, installation, ledger, say);
    await Promise.all(writers.map((writer) => writer.stop()));
    for (const refusal of ledger.refusals.slice(0, 5)) say(`refused: ${refusal}`);
    say('comparing what was acknowledged with the log');
    return await metrics(rounds, recoveries, ledger, installation);
  } finally {
    await installation.stop();
  }
}

async function beginToWrite(installation, ledger) {
  const { address, accounts, databaseUrl } = installation;
  const students = accounts.filter(({ role }) => role === 'student').slice(0, 2);
  const clients = await Promise.all(students.map((student) => ApiClient.signIn(address, student, ledger)));
  const writers = [new StoreWriters(databaseUrl, ledger)];
  for (const client of clients) {
    const workspace = await client.workspace();
    writers.push(new FileWriter(client, workspace, ledger));
    const { body } = await client.request('POST', `workspaces/${workspace}/files`, {
      path: `typed-${writers.length}.py`,
    });
    await client.request('GET', `workspaces/${workspace}?after=${body.position}`);
    writers.push(new Typist(address, body.id, client.token, ledger));
  }
  return writers;
}

/** Milliseconds of each recovery, by victim: from the kill until every kind of writer is answered again. */
async function killInTurns(rounds, installation, ledger, say) {
  const recoveries = {};
  await answers(ledger);
  for (let round = 0; round < rounds; round++) {
    const [victim, kill] = VICTIMS[round % VICTIMS.length];
    await new Promise((resolve) => setTimeout(resolve, CALM_LEAST + Math.random() * (CALM_MOST - CALM_LEAST)));
    const killed = performance.now();
    await kill(installation);
    const recovered = (await answers(ledger)) - killed;
    say(
      `${round + 1}/${rounds} ${victim}: back after ${Math.round(recovered)} ms, ${ledger.acknowledged} acknowledged`,
    );
    (recoveries[victim] ??= []).push(recovered);
  }
  return recoveries;
}

/** performance.now() of the moment when every kind of writer has had an answer to something sent from now on. */
async function answers(ledger) {
  return Math.max(...(await Promise.all(KINDS.map((kind) => ledger.nextAnswer(kind)))));
}

async function metrics(rounds, recoveries, ledger, { databaseUrl }) {
  const { createPostgresEventStore } = await import('../../libs/event-store/dist/index.js');
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const { events, lost, duplicated, gaps } = await compare(ledger, store.readAll());
  await store.close();
  const found = {
    rounds: { value: rounds, unit: 'kills' },
    acknowledged: { value: ledger.acknowledged, unit: 'events' },
    'acknowledged: to callers of the event store': { value: ledger.appended.length, unit: 'appends' },
    'acknowledged: files made through the api': { value: ledger.files.length, unit: 'files' },
    'acknowledged: typed through the socket': { value: ledger.marks.length, unit: 'edits' },
    'attempts without an answer': { value: ledger.unanswered, unit: 'attempts' },
    'events in the log': { value: events, unit: 'events' },
    lost: { value: lost, unit: 'events', atMost: 0 },
    duplicated: { value: duplicated, unit: 'events', atMost: 0 },
    gaps: { value: gaps, unit: 'revisions', atMost: 0 },
    'refused without a reason': { value: ledger.refusals.length, unit: 'requests', atMost: 0 },
    'writers that were not answered any more': { value: ledger.silent.length, unit: 'times', atMost: 0 },
  };
  for (const [victim, times] of Object.entries(recoveries)) {
    found[`recovery, ${victim}, p50`] = { value: median(times), unit: 'ms' };
    found[`recovery, ${victim}, max`] = { value: Math.max(...times), unit: 'ms' };
  }
  return found;
}
