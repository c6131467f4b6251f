import { isIP } from 'node:net';
import { MAX_BLOB_BYTES } from '@palimpsest/blobs';
import { RESTRICTED_MODULES, type RestrictedModule } from '@palimpsest/domain';
import { isKeyName, noteSigner, type SigningRules } from '@palimpsest/evidence';
import { type Environment, integerSetting, namesSetting, requiredSetting, SettingFault } from '@palimpsest/settings';
import { type OpenIdSettings, readOpenIdSettings } from './openid/openid-settings.js';

const MIB = 1024 * 1024;

/** The limits of a kind: of a student, and of staff, who look after many. */
export interface KindLimit {
  readonly student: number;
  readonly staff: number;
}

/** Most in a minute. The last two are of a network address: a whole class may share one. */
export interface RateLimitSettings {
  readonly runs: KindLimit;
  readonly fileOperations: KindLimit;
  readonly signIns: number;
  readonly anonymousRequests: number;
}

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
  /** The key before, which sessions may still have been opened with; undefined: there is none. */
  readonly previousSecretKey: string | undefined;
  /** Whose word about a client's address and protocol is taken: addresses, networks, or names such as `loopback`. */
  readonly trustedProxies: readonly string[];
  readonly openId: OpenIdSettings | undefined;
  /** Folder of the built page; undefined: the api alone. */
  readonly webFolder: string | undefined;
  /** Whoever shows it may read `/metrics`; undefined: whoever asks from this machine. */
  readonly metricsToken: string | undefined;
  /** Folder of the installation's data, of whose file system the free space is told; undefined: none is. */
  readonly dataFolder: string | undefined;
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
  /** Most of each kind in a minute. */
  readonly rateLimits: RateLimitSettings;
  /** Bytes of the largest file that can be uploaded. */
  readonly fileBytes: number;
  /** Bytes that a student's personal workspaces may hold together, and every other workspace by itself. */
  readonly workspaceBytes: number;
  /** How the event log is vouched for. Without signers nothing is signed. */
  readonly evidence: SigningRules;
  /** What programs may not use where their course has not decided. */
  readonly refusedModules: readonly RestrictedModule[];
}

function longEnough(name: string, key: string): string {
  if (key.length < 32) throw new SettingFault(`${name} is too short: it needs at least 32 characters.`);
  return key;
}

/** An address, with or without the length of a network's prefix, or what Express calls these. */
function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', prefix, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

function trustedProxies(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const wrong = names.find((name) => !isNetwork(name));
  if (wrong === undefined) return names;
  throw new SettingFault(
    `TRUSTED_PROXIES names "${wrong}": it must be addresses or networks with commas between, such as 10.0.0.5 or 10.0.0.0/24, or loopback.`,
  );
}

function rateLimits(environment: Environment): RateLimitSettings {
  const setting = (name: string, fallback: number) =>
    integerSetting(environment, name, fallback, { least: 1, most: 1_000_000 });
  return {
    runs: { student: setting('RUNS_PER_MINUTE', 10), staff: setting('STAFF_RUNS_PER_MINUTE', 60) },
    fileOperations: {
      student: setting('FILE_OPERATIONS_PER_MINUTE', 100),
      staff: setting('STAFF_FILE_OPERATIONS_PER_MINUTE', 600),
    },
    signIns: setting('SIGN_INS_PER_MINUTE', 300),
    anonymousRequests: setting('ANONYMOUS_PER_MINUTE', 1_200),
  };
}

function evidence(environment: Environment): SigningRules {
  const origin = environment['EVIDENCE_ORIGIN'] || 'palimpsest';
  if (!isKeyName(origin) || origin.length > 200)
    throw new SettingFault('EVIDENCE_ORIGIN must be a name without spaces and plus signs, of 200 characters at most.');
  const signers = ['EVIDENCE_KEY', 'EVIDENCE_KEY_PREVIOUS'].flatMap((name) => {
    const seed = environment[name] || undefined;
    if (seed === undefined) return [];
    if (!/^[0-9a-f]{64}$/i.test(seed))
      throw new SettingFault(`${name} must be 64 hexadecimal digits: the 32 bytes of an Ed25519 private key.`);
    return [noteSigner(origin, Buffer.from(seed, 'hex'))];
  });
  if (!environment['EVIDENCE_KEY'] && signers.length > 0)
    throw new SettingFault('EVIDENCE_KEY_PREVIOUS is set, and EVIDENCE_KEY is not: set the key that comes after it.');
  const seconds = integerSetting(environment, 'CHECKPOINT_SECONDS', 3_600, { least: 1, most: 7 * 86_400 });
  return { origin, signers, everyMs: seconds * 1_000 };
}

/** As RFC 6750 lets it be sent, so that no setting is one that nobody can show. */
function metricsToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\w.~+/-]{16,}=*$/.test(token)) return token;
  throw new SettingFault(
    'METRICS_TOKEN cannot be used: it needs at least 16 characters, which are letters, digits and . _ ~ + / - only.',
  );
}

/** Reads the environment. Throws SettingFault for the first value that cannot be used. */
export function readConfiguration(environment: Environment): Configuration {
  const secretKey = longEnough('IDE_SECRET_KEY', requiredSetting(environment, 'IDE_SECRET_KEY'));
  const previous = environment['IDE_SECRET_KEY_PREVIOUS'] || undefined;
  return {
    port: integerSetting(environment, 'PORT', 8080, { least: 0, most: 65_535 }),
    host: environment['HOST'] || '0.0.0.0',
    databaseUrl: requiredSetting(environment, 'DATABASE_URL'),
    redisUrl: environment['REDIS_URL'] || undefined,
    eventStoreUrl: environment['EVENTSTORE_URL'] || undefined,
    secretKey,
    previousSecretKey: previous && longEnough('IDE_SECRET_KEY_PREVIOUS', previous),
    trustedProxies: trustedProxies(environment['TRUSTED_PROXIES'] ?? ''),
    openId: readOpenIdSettings(environment),
    webFolder: environment['PALIMPSEST_WEB'] || undefined,
    metricsToken: metricsToken(environment['METRICS_TOKEN'] || undefined),
    dataFolder: environment['PALIMPSEST_DATA'] || undefined,
    sessionSeconds: integerSetting(environment, 'SESSION_SECONDS', 14 * 86_400, { least: 60, most: 365 * 86_400 }),
    messagesPerMinute: integerSetting(environment, 'COLLAB_MESSAGES_PER_MINUTE', 300, { least: 12, most: 1_000_000 }),
    runsPerPerson: integerSetting(environment, 'MAX_RUNS_PER_PERSON', 3, { least: 1, most: 1_000 }),
    cleanupIntervalMs: integerSetting(environment, 'CLEANUP_INTERVAL_MS', 300_000, { least: 1_000, most: 86_400_000 }),
    rateLimits: rateLimits(environment),
    evidence: evidence(environment),
    refusedModules: namesSetting(environment, 'REFUSED_MODULES', RESTRICTED_MODULES),
    // Of the same names as the executor's, which keep a run's folder: one notion of what a workspace may hold.
    fileBytes: Math.min(
      integerSetting(environment, 'FILE_SIZE_LIMIT_MB', 10, { least: 1, most: 4_096 }) * MIB,
      MAX_BLOB_BYTES,
    ),
    workspaceBytes: integerSetting(environment, 'WORKSPACE_LIMIT_MB', 150, { least: 1, most: 65_536 }) * MIB,
    openDocuments: integerSetting(environment, 'COLLAB_OPEN_DOCUMENTS', 20, { least: 1, most: 10_000 }),
  };
}
