import { isIP } from 'node:net';
import { RESTRICTED_MODULES, type RestrictedModule } from '@palimpsest/domain';
import { type Environment, integerSetting, namesSetting, requiredSetting, SettingFault } from '@palimpsest/settings';

import { type OpenIdSettings, readOpenIdSettings } from './openid/openid-settings.js';

export interface Configuration {
  /** Port of HTTP and WebSocket. */
  readonly port: number;
  /** Address to listen on. Default all: a classroom is used from other machines. */
  readonly host: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  /** EventStoreDB or KurrentDB; undefined: the log is in Postgres. */
  readonly eventStoreUrl: string | undefined;
  /** Keys the hashes of session tokens; another key signs everybody out. */
  readonly secretKey: string;
  /** Addresses, subnets or names (`loopback`) of proxies whose X-Forwarded-For is believed. Undefined: none. */
  readonly trustedProxies: readonly string[] | undefined;
  readonly openId: OpenIdSettings | undefined;
  /** Folder of the built page; undefined: the api alone. */
  readonly webFolder: string | undefined;
  /** Lifetime of a session, seconds. */
  readonly sessionSeconds: number;
  /** Most sync messages a minute that one person may send over all of their sockets in this process. */
  readonly messagesPerMinute: number;
  /** Most documents that one person may have open at once in this process. */
  readonly openDocuments: number;
  /** Most scripts of one person that hold a place at the same time, over all executors. Prompts do not count. */
  readonly runsPerPerson: number;
  /** How often what is over is cleaned up, milliseconds. */
  readonly cleanupIntervalMs: number;
  /** What programs may not use where their course has not decided. */
  readonly refusedModules: readonly RestrictedModule[];
}

const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

function trustedProxies(value: string | undefined): readonly string[] | undefined {
  const names = (value ?? '').split(',').map((name) => name.trim());
  if (names.join('') === '') return undefined;
  for (const name of names) {
    const [address = '', bits] = name.split('/', 2);
    const most = isIP(address) === 6 ? 128 : 32;
    const isSubnet = isIP(address) > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
    if (!isSubnet && !PROXY_NAMES.includes(name))
      throw new SettingFault(
        `TRUST_PROXY cannot be "${name}": it takes addresses, subnets such as 10.0.0.0/8, and ${PROXY_NAMES.join(', ')}, with commas between.`,
      );
  }
  return names;
}

/** Reads the environment. Throws SettingFault for the first value that cannot be used. */
export function readConfiguration(environment: Environment): Configuration {
  const secretKey = requiredSetting(environment, 'IDE_SECRET_KEY');
  if (secretKey.length < 32) throw new SettingFault('IDE_SECRET_KEY is too short: it needs at least 32 characters.');
  return {
    port: integerSetting(environment, 'PORT', 8080, { least: 0, most: 65_535 }),
    host: environment['HOST'] || '0.0.0.0',
    databaseUrl: requiredSetting(environment, 'DATABASE_URL'),
    redisUrl: environment['REDIS_URL'] || undefined,
    eventStoreUrl: environment['EVENTSTORE_URL'] || undefined,
    secretKey,
    trustedProxies: trustedProxies(environment['TRUST_PROXY']),
    openId: readOpenIdSettings(environment),
    webFolder: environment['PALIMPSEST_WEB'] || undefined,
    sessionSeconds: integerSetting(environment, 'SESSION_SECONDS', 14 * 86_400, { least: 60, most: 365 * 86_400 }),
    messagesPerMinute: integerSetting(environment, 'COLLAB_MESSAGES_PER_MINUTE', 300, { least: 12, most: 1_000_000 }),
    runsPerPerson: integerSetting(environment, 'MAX_RUNS_PER_PERSON', 3, { least: 1, most: 1_000 }),
    cleanupIntervalMs: integerSetting(environment, 'CLEANUP_INTERVAL_MS', 300_000, { least: 1_000, most: 86_400_000 }),
    refusedModules: namesSetting(environment, 'REFUSED_MODULES', RESTRICTED_MODULES),
    openDocuments: integerSetting(environment, 'COLLAB_OPEN_DOCUMENTS', 20, { least: 1, most: 10_000 }),
  };
}
