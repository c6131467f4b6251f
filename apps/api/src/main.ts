/** The api process: started by the supervisor (`npm start`), or by hand with DATABASE_URL and IDE_SECRET_KEY set. */
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { EventStoreFault } from '@palimpsest/event-store';
import { SettingFault } from '@palimpsest/settings';
import { readConfiguration } from './configuration.js';
import { createApp } from './create-app.js';

function fail(error: unknown): never {
  const sentence = error instanceof SettingFault || error instanceof EventStoreFault ? error.message : undefined;
  console.error(sentence ?? (error instanceof Error ? error.stack : error));
  process.exit(1);
}

async function start(): Promise<void> {
  const { host, port } = readConfiguration(process.env);
  const app = await createApp();
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= app.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The supervisor was killed: nobody would stop this process any more.
  process.on('disconnect', stop);
  await app.listen(port, host);
  const address = (app.getHttpServer() as Server).address() as AddressInfo;
  process.send?.({ type: 'ready', port: address.port });
}

start().catch(fail);
