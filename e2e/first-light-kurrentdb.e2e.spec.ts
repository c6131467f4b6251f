/** The same on KurrentDB: the server of EVENTSTORE_URL, whose log must be empty, else one in the process of the test. */
import { createInProcessLog } from '@palimpsest/event-store/testing';
import { describeFirstLight, type OpenedStore } from './first-light.js';

async function openInProcess(): Promise<OpenedStore> {
  const log = await createInProcessLog();
  return { url: log.url, close: () => log.dispose() };
}

const url = process.env['EVENTSTORE_URL'];
if (url) describeFirstLight('EVENTSTORE_URL', () => Promise.resolve({ url, close: () => Promise.resolve() }));
else describeFirstLight('KurrentDB, in process', openInProcess);
