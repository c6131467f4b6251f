import { readFileSync } from 'node:fs';
import { auditLog, Evidence, type LogAudit, readNoteKey } from '@palimpsest/evidence';
import type { Environment } from '@palimpsest/settings';
import type { Status } from './archive-commands.js';
import { type Terminal, withStores } from './environment.js';
import { count, counted } from './progress-bar.js';

export interface VerifyEvidenceOptions {
  readonly key: readonly string[];
  /** Files with signed notes. */
  readonly checkpoint: readonly string[];
  readonly json?: boolean;
}

/** Exit status 1 if anything in the log is not what was recorded and signed. */
export async function verifyEvidenceCommand(
  { key, checkpoint, json = false }: VerifyEvidenceOptions,
  environment: Environment,
  terminal: Terminal,
): Promise<Status> {
  const trusted = key.map(readNoteKey);
  const held = checkpoint.map((file) => readFileSync(file, 'utf8'));
  return withStores<Status>(environment, {}, async ({ store, pool: database }) => {
    const { progress, signal } = terminal;
    const onProgress = (done: number, share: number | undefined) =>
      progress.show({ label: 'comparing', done, unit: 'events', share });
    const found = await auditLog({ store, database, trusted, held, onProgress, signal });
    progress.end();
    if (json)
      terminal.print(JSON.stringify(found, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)));
    else tell(found, trusted.length > 0, terminal);
    return found.findings.length === 0 ? 0 : 1;
  });
}

function tell(
  { events, pending, checkpoints, findings, more }: LogAudit,
  isTrusted: boolean,
  terminal: Terminal,
): void {
  for (const { sentence } of findings) terminal.note(sentence);
  if (more > 0) terminal.note(`And ${count(more)} more.`);
  const compared = `${counted(events, 'event')} and ${counted(checkpoints, 'checkpoint')} compared`;
  const fits =
    findings.length === 0 ? 'everything is as it was recorded' : counted(findings.length + more, 'difference');
  terminal.print(`${compared}: ${fits}.`);
  if (pending > 0) terminal.print(`${counted(pending, 'newer event')} not in the tree yet.`);
  if (!isTrusted) terminal.note('The keys were taken from the log itself: give the one that you kept with --key.');
}

/** Exit status 1 if nothing has been signed yet. */
export async function showEvidenceCommand(environment: Environment, terminal: Terminal): Promise<Status> {
  return withStores<Status>(environment, {}, async ({ pool }) => {
    const standing = await new Evidence(pool).standing();
    if (!standing?.latest) {
      terminal.note('No checkpoint has been signed yet: start the classroom once.');
      return 1;
    }
    terminal.print(standing.latest.note);
    for (const key of standing.latest.keys) terminal.print(`key ${key}`);
    return 0;
  });
}
