import { Injectable } from '@nestjs/common';
import type { LimitKind, SignInRefusal } from '@palimpsest/domain';
import { Counter, type Family, Histogram } from './exposition.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'aborted'];
/** Templates, as the code has them; a request that no route took has none. */
const ROUTES = { includes: (template: string) => template.startsWith('/') };

const LIMITS = Object.keys({
  'messages-a-minute': 1,
  'open-documents': 1,
  'document-size': 1,
  'client-ids': 1,
  'runs-a-minute': 1,
  'file-operations-a-minute': 1,
  'sign-ins-a-minute': 1,
  'anonymous-requests-a-minute': 1,
} satisfies Record<LimitKind, 1>);
const REFUSALS = Object.keys({
  'unknown-user': 1,
  'wrong-password': 1,
  deactivated: 1,
  'too-many-attempts': 1,
  'no-account': 1,
} satisfies Record<SignInRefusal, 1>);
const FAULTS = ['fault', 'event-store-unavailable', 'read-model-behind', 'unavailable'];

/** Seconds. Answers are to come below a tenth, and uploads may take long. */
const REQUEST_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** An append takes milliseconds; half a second is felt. */
const EDIT_BOUNDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** A run may wait for its turn. */
const RUN_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];

/** What this process counts as it happens. docs/METRICS.md lists it. */
@Injectable()
export class ServiceMeters {
  readonly requests = new Histogram(
    'palimpsest_http_request_seconds',
    'Time from a request to the end of its answer.',
    { method: METHODS, route: ROUTES, status: STATUS_CLASSES },
    REQUEST_BOUNDS,
  );
  readonly faults = new Counter('palimpsest_faults_total', 'Answers of status 5xx by their code.', { code: FAULTS });
  readonly editAcknowledged = new Histogram(
    'palimpsest_edit_acknowledged_seconds',
    'Time from the arrival of an edit to its acknowledgement, which says that it is durable.',
    {},
    EDIT_BOUNDS,
  );
  readonly runStarted = new Histogram(
    'palimpsest_run_start_seconds',
    'Time from the request for a run, recorded by this process, to its start.',
    {},
    RUN_BOUNDS,
  );
  readonly runAnswered = new Histogram(
    'palimpsest_run_first_output_seconds',
    'Time from the request for a run, recorded by this process, to the first output of its program.',
    {},
    RUN_BOUNDS,
  );
  readonly signInRefusals = new Counter('palimpsest_sign_in_refusals_total', 'Sign-ins that were refused.', {
    reason: REFUSALS,
  });
  readonly limitsReached = new Counter('palimpsest_limits_reached_total', 'Refusals because a limit was reached.', {
    limit: LIMITS,
  });

  get families(): readonly Family[] {
    const { requests, faults, editAcknowledged, runStarted, runAnswered, signInRefusals, limitsReached } = this;
    return [requests, faults, editAcknowledged, runStarted, runAnswered, signInRefusals, limitsReached];
  }
}
