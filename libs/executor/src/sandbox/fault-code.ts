/**
 * Whether `error` is one of Node's system errors with this code, such as ENOENT. Asks for the code alone: an error of another
 * realm (a vm context, as the tests run in) is no `instanceof Error` of ours.
 */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
