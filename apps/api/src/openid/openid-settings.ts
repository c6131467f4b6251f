import { readFileSync } from 'node:fs';
import { type Environment, namesSetting, requiredSetting, SettingFault } from '@palimpsest/settings';

/** By what an account is found when somebody comes from the provider for the first time. */
export type LinkClaim = 'email' | 'username';
const LINK_CLAIMS: readonly LinkClaim[] = ['email', 'username'];

export interface OpenIdSettings {
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What stands on the button. */
  readonly label: string;
  /** None: only people who are known by issuer and subject already. */
  readonly linkBy: readonly LinkClaim[];
  /** Whether somebody whom nothing links becomes a student with a new account; otherwise the sign-in is refused. */
  readonly makesAccounts: boolean;
  /** Address of this installation as browsers see it, for the way back; undefined: as the request says. */
  readonly publicUrl: URL | undefined;
}

/** Undefined without OIDC_ISSUER. Throws SettingFault. */
export function readOpenIdSettings(environment: Environment): OpenIdSettings | undefined {
  if (!environment['OIDC_ISSUER']) return undefined;
  return {
    issuer: address(environment, 'OIDC_ISSUER'),
    clientId: requiredSetting(environment, 'OIDC_CLIENT_ID'),
    clientSecret: secret(environment),
    label: environment['OIDC_LABEL']?.trim() || 'Sign in with the account of your school',
    linkBy: environment['OIDC_LINK'] ? namesSetting(environment, 'OIDC_LINK', LINK_CLAIMS) : [],
    makesAccounts: newAccounts(environment['OIDC_NEW_ACCOUNTS'] || 'none'),
    publicUrl: environment['PUBLIC_URL'] ? address(environment, 'PUBLIC_URL') : undefined,
  };
}

function newAccounts(value: string): boolean {
  if (value === 'none' || value === 'student') return value === 'student';
  throw new SettingFault(`OIDC_NEW_ACCOUNTS cannot be "${value}": none or student.`);
}

/** A secret in a file does not show in a list of processes. */
function secret(environment: Environment): string {
  const file = environment['OIDC_CLIENT_SECRET_FILE'];
  if (!file) return requiredSetting(environment, 'OIDC_CLIENT_SECRET');
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text !== '') return text;
  } catch (error) {
    throw new SettingFault(`OIDC_CLIENT_SECRET_FILE cannot be read: ${(error as Error).message}.`);
  }
  throw new SettingFault(`OIDC_CLIENT_SECRET_FILE names an empty file: ${file}.`);
}

function address(environment: Environment, name: string): URL {
  const text = requiredSetting(environment, name);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))) return url;
  throw new SettingFault(`${name} cannot be "${text}": it takes an https address (http only on this machine).`);
}

/** Without TLS only what does not leave the machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
