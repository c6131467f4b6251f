import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { likelyName } from './openid-accounts.js';
import { readOpenIdSettings } from './openid-settings.js';

const GIVEN = { OIDC_ISSUER: 'https://id.example', OIDC_CLIENT_ID: 'palimpsest', OIDC_CLIENT_SECRET: 'secret' };
const read = (more: Record<string, string> = {}) => readOpenIdSettings({ ...GIVEN, ...more });

describe('the settings of an OpenID provider', () => {
  it('are none without an issuer, and careful by default', () => {
    expect(readOpenIdSettings({})).toBeUndefined();
    expect(read()).toMatchObject({ linkBy: [], makesAccounts: false, clientSecret: 'secret', publicUrl: undefined });
  });

  it('say by what accounts are found and whether they are made', () => {
    expect(read({ OIDC_LINK: 'email,username', OIDC_NEW_ACCOUNTS: 'student' })).toMatchObject({
      linkBy: ['email', 'username'],
      makesAccounts: true,
    });
  });

  it('take the secret from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'palimpsest-openid-'));
    const file = join(folder, 'secret');
    const reading = () => read({ OIDC_CLIENT_SECRET_FILE: file });
    expect(reading).toThrow('OIDC_CLIENT_SECRET_FILE cannot be read');
    writeFileSync(file, ' \n');
    expect(reading).toThrow('empty file');
    writeFileSync(file, 'from the file\n');
    expect(reading()?.clientSecret).toBe('from the file');
    rmSync(folder, { recursive: true });
  });

  it.each([
    [{ OIDC_ISSUER: 'http://id.example' }, 'OIDC_ISSUER cannot be'],
    [{ OIDC_ISSUER: 'id.example' }, 'OIDC_ISSUER cannot be'],
    [{ PUBLIC_URL: 'ftp://x' }, 'PUBLIC_URL cannot be'],
    [{ OIDC_NEW_ACCOUNTS: 'admin' }, 'OIDC_NEW_ACCOUNTS cannot be "admin"'],
    [{ OIDC_LINK: 'phone' }, 'OIDC_LINK'],
    [{ OIDC_CLIENT_ID: '' }, 'OIDC_CLIENT_ID'],
  ])('refuse %j in one line', (more: Record<string, string>, sentence) => {
    expect(() => read(more)).toThrow(sentence);
  });

  it.each(['http://localhost:4000', 'http://127.0.0.1:4000', 'http://[::1]:4000'])('take %s', (OIDC_ISSUER) => {
    expect(read({ OIDC_ISSUER })?.issuer.href).toContain('http:');
  });
});

describe('the user name of a new account', () => {
  it.each([
    ['ada', 'ada'],
    ['Ada.Lovelace@school.example', 'ada.lovelace'],
    ['Zoë O’Neil', 'zoeoneil'],
    ['1234', 'u1234'],
    ['', 'user'],
    ['é', 'user'],
    ['x'.repeat(80), 'x'.repeat(32)],
  ])('of %j is %s', (username, expected) => {
    expect(likelyName({ username, verifiedEmail: undefined })).toBe(expected);
  });
});
