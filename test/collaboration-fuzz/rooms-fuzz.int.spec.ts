/**
 * Many short rounds in this process: two api nodes on one store, connections that break, a store that is late or fails, rooms
 * that break and lose what they had in memory. What a kill -9 adds is in kill-fuzz.int.spec.ts.
 */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { TestApi } from '@palimpsest/api/testing';
import { asId, type FileId, streamOf } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { EVENT_STORE } from '../../apps/api/src/platform/tokens.js';
import { Classroom, PEOPLE, READERS } from './classroom.js';
import { play, type World } from './play.js';
import { failure, seedsToPlay } from './rounds.js';
import { diceOf, makeScenario, type Size } from './scenario.js';
import { Sky, Weather } from './weather.js';

const SIZE: Size = { nodes: 2, people: PEOPLE, readers: READERS, steps: 40, tabWait: 12, kills: 3, serverWait: 120 };

/** Seeds that have found something, each with what it was. */
const PINNED: readonly number[] = [
  3, // typed offline and while coming back: the plain provider was closed for good, 4400 "edits before these are missing"
];
const USUAL = Array.from({ length: 10 }, (_, n) => n + 4);

describe('rooms under random edits, breaks and a store with weather', () => {
  let classroom: Classroom;
  let other: TestApi;
  let nodes: readonly TestApi[];
  let skies: readonly Sky[];

  beforeAll(async () => {
    // What breaks here is meant to, and would be thousands of lines.
    Logger.overrideLogger(false);
    process.env['COLLAB_MESSAGES_PER_MINUTE'] = '1000000';
    classroom = await Classroom.start();
    other = await classroom.api.anotherNode();
    nodes = [classroom.api, other];
    skies = nodes.map(({ app }) => new Sky(app.get<EventStore>(EVENT_STORE, { strict: false })));
  }, 120_000);
  afterAll(async () => {
    await other.stop();
    await classroom.stop();
    delete process.env['COLLAB_MESSAGES_PER_MINUTE'];
  });

  async function newWorld(seed: number): Promise<World> {
    const { store, sessions } = classroom;
    const addresses = nodes.map(({ address }) => address);
    const file = await classroom.newFile(addresses);
    const stream = streamOf.file(asId<FileId>(file));
    let weathers: readonly Weather[] = [];
    return {
      file,
      stream,
      store,
      sessions,
      addresses,
      begin: (audit) => {
        weathers = skies.map((_, node) => new Weather(diceOf(seed * 10 + node), audit));
        skies.forEach((sky, node) => sky.set(stream, weathers[node]!));
      },
      kill: (killed) => Promise.resolve(killed.forEach((node) => weathers[node]?.breakNext())),
      cutStore: () => classroom.cutStore(),
      calm: () => weathers.forEach((weather) => weather.calm()),
    };
  }

  it.each(seedsToPlay([...PINNED, ...USUAL]))(
    'seed %i',
    async (seed) => {
      try {
        await play(makeScenario(seed, SIZE), await newWorld(seed));
      } catch (error) {
        throw failure(seed, 'rooms-fuzz', error);
      }
    },
    120_000,
  );
});
