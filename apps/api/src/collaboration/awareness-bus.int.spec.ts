import { afterEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, eventually, RedisServer } from '@palimpsest/test-support';
import pg from 'pg';
import type { AwarenessBus } from './awareness-bus.js';
import { PostgresAwarenessBus } from './postgres-awareness-bus.js';
import { RedisAwarenessBus } from './redis-awareness-bus.js';

/** What lies under a bus, how to open one on it, and how to cut every connection (in Redis by killing and starting it again). */
interface Ground {
  open(): AwarenessBus;
  cut(): Promise<void>;
  end(): Promise<void>;
}

async function postgres(): Promise<Ground> {
  const database = await createTestDatabase();
  return {
    open: () => new PostgresAwarenessBus(database.url),
    cut: async () => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'palimpsest api awareness' and datname = current_database()`,
      );
      await client.end();
    },
    end: () => database.drop(),
  };
}

async function redis(): Promise<Ground> {
  const server = await RedisServer.start();
  return {
    open: () => new RedisAwarenessBus(server.url),
    cut: () => server.restart(),
    end: () => server.stop(),
  };
}

describe.each([
  ['Postgres', postgres],
  ['Redis', redis],
])('awareness over %s', (_, makeGround) => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function ground(): Promise<Ground> {
    const made = await makeGround();
    ends.push(() => made.end());
    return made;
  }

  /** A node on the bus: what it heard, and how often it was connected. */
  function node(on: Ground) {
    const bus = on.open();
    ends.push(() => bus.stop());
    const heard: string[] = [];
    const state = { bus, heard, connected: 0 };
    bus.start({ message: (text) => heard.push(text), connected: () => (state.connected += 1) });
    return state;
  }

  it('[ND2] every node hears what one says, in one batch or several, whatever the characters', async () => {
    const on = await ground();
    const [here, there] = [node(on), node(on)];
    await eventually(() => here.connected === 1 && there.connected === 1, 'both being connected');
    const texts = ['plain', 'Chloé "C" 👩\\', 'x'.repeat(7_900)];
    await here.bus.publish(texts);
    await there.bus.publish(['back']);
    await eventually(() => here.heard.length === 4 && there.heard.length === 4, 'everything arriving');
    expect(there.heard.slice().sort()).toEqual([...texts, 'back'].sort());
  });

  it('[ND5] comes back by itself after every connection was cut, and says so', async () => {
    const on = await ground();
    const [here, there] = [node(on), node(on)];
    await eventually(() => here.connected === 1 && there.connected === 1, 'both being connected');
    await on.cut();
    await eventually(() => here.connected === 2 && there.connected === 2, 'both being connected again');
    await eventually(async () => {
      await here.bus.publish(['again']);
      return there.heard.includes('again');
    }, 'a message after the cut');
  });

  it('[ND5] rejects what cannot be sent, and stops while it is not connected', async () => {
    const on = await ground();
    const bus = on.open();
    await expect(bus.publish(['nobody is there'])).rejects.toThrow();
    await bus.stop();
  });
});
