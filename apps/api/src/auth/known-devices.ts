import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION } from '../platform/tokens.js';

const COOKIE = 'palimpsest_devices';
const DAYS_MS = 180 * 86_400_000;

/** Accounts that one browser remembers; a computer of a school has many. */
const MOST = 10;

/** A random number of 12 bytes and 24 bytes that bind it to an account. */
const ENTRY = /[\w-]{48}/g;
const RANDOM_CHARACTERS = 16;

/**
 * Theory of operation. Failed sign-ins make an account wait, and anybody can fail who knows its name. So a browser in which
 * somebody has signed in to the account before has a count of its own: strangers make only strangers wait. The cookie of such
 * a browser holds, for each account, a random number with a keyed hash of number and account; nothing is kept here. It proves
 * nothing but that, and whoever steals it has five tries more.
 */
@Injectable()
export class KnownDevices {
  constructor(
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'secretKey' | 'previousSecretKey'>,
  ) {}

  /** The number of this browser for the account; undefined: nobody has signed in to the account here. */
  find(account: string, request: Request): string | undefined {
    return entriesOf(request)
      .find((entry) => this.#isOf(account, entry))
      ?.slice(0, RANDOM_CHARACTERS);
  }

  remember(account: string, request: Request, response: Response): void {
    const others = entriesOf(request).filter((entry) => !this.#isOf(account, entry));
    const random = this.find(account, request) ?? randomBytes(12).toString('base64url');
    const entry = `${random}${this.#seal(account, random, this.configuration.secretKey)}`;
    response.cookie(COOKIE, [entry, ...others].slice(0, MOST).join('.'), {
      ...{ httpOnly: true, sameSite: 'strict', secure: request.secure, path: '/api/auth', maxAge: DAYS_MS },
    });
  }

  #isOf(account: string, entry: string): boolean {
    const [random, seal] = [entry.slice(0, RANDOM_CHARACTERS), Buffer.from(entry.slice(RANDOM_CHARACTERS))];
    const { secretKey, previousSecretKey } = this.configuration;
    return [secretKey, previousSecretKey].some(
      (key) => key !== undefined && timingSafeEqual(seal, Buffer.from(this.#seal(account, random, key))),
    );
  }

  #seal(account: string, random: string, key: string): string {
    return createHmac('sha256', key)
      .update(`device ${account} ${random}`)
      .digest()
      .subarray(0, 24)
      .toString('base64url');
  }
}

function entriesOf(request: Request): string[] {
  const value = new RegExp(`(?:^|; )${COOKIE}=([\\w.-]{48,600})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1];
  return value?.match(ENTRY)?.slice(0, MOST) ?? [];
}
