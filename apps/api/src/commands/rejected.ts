import type { Rejection } from '@palimpsest/domain';

/** Carries a decider's refusal out to whoever asked. Not a fault: nothing is wrong with the program. */
export class Rejected extends Error {
  readonly rejection: Rejection;
  constructor(rejection: Rejection) {
    super(rejection.message);
    this.name = 'Rejected';
    this.rejection = rejection;
  }
}
