/** A failure that a person can act on: one sentence that says what, why and what to do. Printed without a stack. */
export class Fault extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'Fault';
  }
}

/** Prints a Fault as its sentence and anything else with its stack, and ends the process with 1. */
export function die(error) {
  console.error(`\n${error instanceof Fault ? error.message : (error?.stack ?? error)}\n`);
  process.exit(1);
}
