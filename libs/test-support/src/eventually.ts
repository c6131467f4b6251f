/** What is left of a type once it has been found truthy. */
type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

/**
 * Calls `probe` every few milliseconds until it returns something truthy, and returns that.
 * Throws after `timeoutMs` with the last error, or with `what` did not happen. A function for `what` is asked at that time.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  what: string | (() => string) = 'the condition',
  timeoutMs = 10_000,
): Promise<Truthy<T>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await probe();
      if (value) return value as Truthy<T>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  const described = typeof what === 'string' ? what : what();
  throw new Error(`${described} did not happen within ${timeoutMs} ms`, { cause: last });
}
