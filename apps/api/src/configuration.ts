/** A variable of the environment has a value that cannot be used. The message is one clear line. */
export class ConfigurationFault extends Error {
  readonly code = 'configuration';
  constructor(message: string) {
    super(message);
    this.name = 'ConfigurationFault';
  }
}

export interface Configuration {
  /** Port of HTTP and WebSocket. */
  readonly port: number;
  /** Address to listen on. Default all: a classroom is used from other machines. */
  readonly host: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  /** Keys the hashes of session tokens; another key signs everybody out. */
  readonly secretKey: string;
  /** Folder of the built page; undefined: the api alone. */
  readonly webFolder: string | undefined;
  /** Lifetime of a session, seconds. */
  readonly sessionSeconds: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '')
    throw new ConfigurationFault(`${name} is not set: start with "npm start", which sets it.`);
  return value;
}

function integer(environment: Environment, name: string, otherwise: number, least: number, most: number): number {
  const text = environment[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new ConfigurationFault(`${name} is "${text}": it must be a whole number from ${least} to ${most}.`);
}

/** Reads the environment. Throws ConfigurationFault for the first value that cannot be used. */
export function readConfiguration(environment: Environment): Configuration {
  const secretKey = required(environment, 'IDE_SECRET_KEY');
  if (secretKey.length < 32)
    throw new ConfigurationFault('IDE_SECRET_KEY is too short: it needs at least 32 characters.');
  return {
    port: integer(environment, 'PORT', 8080, 0, 65_535),
    host: environment['HOST'] || '0.0.0.0',
    databaseUrl: required(environment, 'DATABASE_URL'),
    redisUrl: environment['REDIS_URL'] || undefined,
    secretKey,
    webFolder: environment['PALIMPSEST_WEB'] || undefined,
    sessionSeconds: integer(environment, 'SESSION_SECONDS', 14 * 86_400, 60, 365 * 86_400),
  };
}
