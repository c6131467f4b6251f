/** Which seeds to play: FUZZ_SEED=7 one, FUZZ_ROUNDS=500 so many from FUZZ_FROM (or 1) on; otherwise those given. */
export function seedsToPlay(usual: readonly number[]): readonly number[] {
  const { FUZZ_SEED: seed, FUZZ_ROUNDS: rounds, FUZZ_FROM: from } = process.env;
  if (rounds !== undefined)
    return Array.from({ length: Number(rounds) }, (_, n) =>
      seed === undefined ? Number(from ?? 1) + n : Number(seed),
    );
  return seed === undefined ? usual : [Number(seed)];
}

/** Adds to what went wrong how to see it again. */
export function failure(seed: number, suite: string, error: unknown): Error {
  // Jest tells what failed when the whole suite is over, which may be long.
  if (process.env['FUZZ_ROUNDS'] !== undefined) process.stderr.write(`Seed ${seed}: ${String(error)}\n`);
  const again = `FUZZ_SEED=${seed} FUZZ_ROUNDS=20 npm test -- --selectProjects integration ${suite}`;
  return new Error(`Seed ${seed}: ${error instanceof Error ? error.message : String(error)}\nAgain: ${again}`, {
    cause: error,
  });
}
