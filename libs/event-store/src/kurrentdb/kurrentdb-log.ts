/** Logs for the tests of this adapter: in-process servers, or the server of EVENTSTORE_URL. Imported by specs only. */
import type { ContractHarness, ContractLog } from '../contract/harness.js';
import type { EventStore } from '../event-store.js';
import { parseConnectionString } from './connection-string.js';
import { createKurrentDbEventStore, type KurrentDbEventStoreOptions } from './kurrentdb-event-store.js';
import { InProcessServer, type ServerOptions } from './testing/in-process-server.js';
import { TcpGate } from './testing/tcp-gate.js';

export interface InProcessLog extends ContractLog {
  readonly server: InProcessServer;
  readonly gate: TcpGate;
  readonly url: string;
  open(options?: Partial<KurrentDbEventStoreOptions>): EventStore;
}

export async function createInProcessLog(options: ServerOptions = {}): Promise<InProcessLog> {
  const server = await InProcessServer.start(options);
  const gate = await TcpGate.open({ host: '127.0.0.1', port: () => server.port });
  const url = `kurrentdb://127.0.0.1:${gate.port}?tls=false`;
  const stores: EventStore[] = [];
  return {
    server,
    gate,
    url,
    open: (storeOptions = {}) => {
      const store = createKurrentDbEventStore({ connectionString: url, ...storeOptions });
      stores.push(store);
      return store;
    },
    cutConnections: () => Promise.resolve(gate.cut()),
    dispose: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await gate.close();
      server.stop();
    },
  };
}

export const inProcessHarness: ContractHarness = {
  createLog: () => createInProcessLog(),
  weakRepetition: 'firstId',
};

const ONE_LOG = 'the server has one log, and others may have written to it';

/**
 * A real server. Its connections can be cut through a forwarder if nobody checks who stands at its address: one node, and
 * no TLS or no verification of its certificate.
 */
export function realServerHarness(connectionString: string): ContractHarness {
  const { hosts } = parseConnectionString(connectionString);
  const [host = '', port = ''] = hosts.split(':');
  const unverified = /[?&](tls|tlsVerifyCert)=false\b/i.test(connectionString);
  const forwardable = unverified && !hosts.includes(',') && !connectionString.includes('+discover');
  const cutting = 'connections to a cluster, or with a verified certificate, cannot go through a forwarder';
  return {
    weakRepetition: 'firstId',
    lacks: { emptyLog: ONE_LOG, ...(!forwardable && { cutConnections: cutting }) },
    createLog: async () => {
      const gate = forwardable ? await TcpGate.open({ host, port: () => Number(port) }) : undefined;
      const url = gate
        ? connectionString.replace(/(:\/\/(?:[^@/?]*@)?)[^/?]+/, `$1127.0.0.1:${gate.port}`)
        : connectionString;
      const stores: EventStore[] = [];
      return {
        open: (options = {}) => {
          const store = createKurrentDbEventStore({ connectionString: url, ...options });
          stores.push(store);
          return store;
        },
        cutConnections: () => Promise.resolve(gate?.cut()),
        dispose: async () => {
          await Promise.all(stores.map((store) => store.close()));
          await gate?.close();
        },
      };
    },
  };
}
