/**
 * A few rounds against real api processes, two on one store, which are killed with SIGKILL while people type. What had been
 * promised by the moment of the kill must be in the log before any client can send it again. Needs a build; `npm test` makes it.
 */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { asId, type FileId, streamOf } from '@palimpsest/domain';
import { ApiProcess } from './api-process.js';
import { Classroom, PEOPLE, READERS } from './classroom.js';
import { play, type World } from './play.js';
import { failure, seedsToPlay } from './rounds.js';
import { makeScenario, type Size } from './scenario.js';

const SIZE: Size = {
  nodes: 2,
  people: PEOPLE,
  readers: READERS,
  steps: 60,
  tabWait: 120,
  kills: 2,
  serverWait: 600,
};

/** Seeds that have found something, each with what it was. */
const PINNED: readonly number[] = [
  1, // as seed 3 of rooms-fuzz, after a kill
  3,
];
const USUAL = [2, 4];

describe('collaboration under kill -9', () => {
  let classroom: Classroom;
  const nodes = [new ApiProcess(), new ApiProcess()];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    process.env['COLLAB_MESSAGES_PER_MINUTE'] = '1000000';
    classroom = await Classroom.start();
    process.env['DATABASE_URL'] = classroom.api.databaseUrl;
    await Promise.all(nodes.map((node) => node.start()));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await classroom.stop();
    delete process.env['COLLAB_MESSAGES_PER_MINUTE'];
  });

  async function newWorld(): Promise<World> {
    const { store, sessions } = classroom;
    const addresses = nodes.map(({ address }) => address);
    const file = await classroom.newFile(addresses);
    let audit = () => Promise.resolve();
    return {
      file,
      stream: streamOf.file(asId<FileId>(file)),
      store,
      sessions,
      addresses,
      begin: (audited) => void (audit = audited),
      kill: async (killed, downMs) => {
        await Promise.all(killed.map((node) => nodes[node]?.kill()));
        await audit();
        await new Promise((done) => setTimeout(done, downMs));
        await Promise.all(killed.map((node) => nodes[node]?.start()));
      },
      cutStore: () => classroom.cutStore(),
      calm: () => undefined,
    };
  }

  it.each(seedsToPlay([...PINNED, ...USUAL]))(
    'seed %i',
    async (seed) => {
      try {
        await play(makeScenario(seed, SIZE), await newWorld());
      } catch (error) {
        throw failure(seed, 'kill-fuzz', error);
      }
    },
    120_000,
  );
});
