/** What EVENTSTORE_URL may be, and what of it may be shown. */
import { InvalidArgument } from '../errors.js';

const SHAPE = /^(?<scheme>[a-z]+(?:\+discover)?):\/\/(?:[^@/?]*@)?(?<hosts>[^@/?]+)\/?(?:\?(?<options>.*))?$/i;
const HOST = /^(?<host>[^:\s]+|\[[0-9a-f:]+\])(?::(?<port>[0-9]{1,5}))?$/i;

/** The deprecated names of the schemes, which the client takes with a warning on the console, and the present ones. */
const SCHEMES: Readonly<Record<string, string>> = {
  esdb: 'kurrentdb',
  'esdb+discover': 'kurrentdb+discover',
  kurrentdb: 'kurrentdb',
  'kurrentdb+discover': 'kurrentdb+discover',
};

export interface ServerAddress {
  /** For the client. Holds credentials. */
  readonly connectionString: string;
  /** `host:port`, several with commas: for people and logs. */
  readonly hosts: string;
}

/** Throws InvalidArgument, without repeating what may be a password. */
export function parseConnectionString(text: string): ServerAddress {
  const { scheme, hosts } = SHAPE.exec(text.trim())?.groups ?? {};
  if (scheme === undefined || hosts === undefined)
    throw new InvalidArgument(
      'The URL of the event store cannot be read. Write it as kurrentdb://user:password@host:2113?tls=true, ' +
        'with the special characters of the password percent-encoded.',
    );
  const known = SCHEMES[scheme.toLowerCase()];
  if (known === undefined)
    throw new InvalidArgument(
      `"${scheme}://" is no scheme of an event store: use kurrentdb://, kurrentdb+discover://, esdb:// or esdb+discover://.`,
    );
  return {
    connectionString: known + text.trim().slice(scheme.length),
    hosts: hosts.split(',').map(checkHost).join(','),
  };
}

function checkHost(text: string): string {
  const { host, port = '2113' } = HOST.exec(text)?.groups ?? {};
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new InvalidArgument(`"${text}" is no host of an event store: write host or host:port, as in localhost:2113.`);
  return `${host}:${port}`;
}
