import type { EvidenceStateName, HealthDto, ProjectionStateDto, RebuildStateDto } from '@palimpsest/protocol/wire';

/** How much it matters to whoever looks: all is well, it is under way, somebody has to do something, nothing is known. */
export type Weight = 'good' | 'working' | 'bad' | 'open';

export interface InWords {
  readonly text: string;
  readonly weight: Weight;
}

/** Whole percents, rounded down: what is not done is never called 100 %. */
export function percent(share: number): number {
  return Math.floor(Math.min(1, Math.max(0, share)) * 100);
}

/** Behind and yet 100 % would be a contradiction; the share is a rough figure. */
const ALMOST = 99;

/** The state of a projection, as a badge says it. */
export function stateInWords(projection: ProjectionStateDto): InWords {
  const { kind, state, share, storedVersion, faultPosition, rebuild } = projection;
  const repair = rebuild?.running ? 'being rebuilt' : kind === 'reactor' ? 'restart needed' : 'rebuild needed';
  const weight = rebuild?.running ? 'working' : 'bad';
  switch (state) {
    case 'current':
      return { text: 'up to date', weight: 'good' };
    case 'behind':
      return { text: `catching up ${Math.min(ALMOST, percent(share ?? 0))} %`, weight: 'working' };
    case 'stopped':
      return { text: faultPosition === null ? 'stopped' : `stopped at position ${faultPosition}`, weight: 'bad' };
    case 'outdated':
      return { text: `${storedVersion === null ? 'not built yet' : 'older version'}: ${repair}`, weight };
    case 'too-new':
      return { text: 'newer version: upgrade needed', weight: 'bad' };
    case 'foreign-log':
      return { text: `of another log: ${repair}`, weight };
    case 'never-run':
      return { text: 'not started yet', weight: 'open' };
    case 'unknown':
      return { text: 'not known', weight: 'open' };
  }
}

/** Whether what was signed of the log still holds. */
export function evidenceInWords(state: EvidenceStateName): InWords {
  switch (state) {
    case 'intact':
      return { text: 'as it was signed', weight: 'good' };
    case 'contradicted':
      return { text: 'not as it was signed', weight: 'bad' };
    case 'unsigned':
      return { text: 'not signed: there is no key', weight: 'open' };
    case 'empty':
      return { text: 'no event yet', weight: 'open' };
  }
}

/** Which version it has, and which one the program needs if that is another. */
export function versionInWords({ storedVersion, programVersion }: ProjectionStateDto): string {
  const stored = storedVersion ?? 'none';
  if (programVersion === null) return `${stored}, unknown to this program`;
  return storedVersion === programVersion ? `${stored}` : `${stored}, program needs ${programVersion}`;
}

/** A rebuild under way, or one that was interrupted. */
export function rebuildInWords({ version, events, share, running, fault }: RebuildStateDto): string {
  const done = `${share === null ? '' : `${percent(share)} %, `}${counted(events, 'event')}`;
  if (running) return `Rebuild of version ${version} under way: ${done}. The list in use serves until then.`;
  const how = fault === null ? 'was interrupted' : 'has stopped';
  return `A rebuild of version ${version} ${how}: ${done}. The next rebuild goes on from there.`;
}

/** One sentence for everything: what somebody has to look at comes first. */
export function allInWords(projections: readonly ProjectionStateDto[]): InWords {
  const all = projections.length;
  const count = (weight: Weight) => projections.filter((one) => stateInWords(one).weight === weight).length;
  const [bad, working, good] = [count('bad'), count('working'), count('good')];
  if (bad > 0) return { text: `${bad} of ${all} ${bad === 1 ? 'needs' : 'need'} attention.`, weight: 'bad' };
  if (projections.some(({ state }) => state === 'unknown'))
    return { text: 'Whether they are up to date is not known while the event store does not answer.', weight: 'open' };
  if (working > 0)
    return {
      text: `${working} of ${all} ${working === 1 ? 'is' : 'are'} being brought up to date.`,
      weight: 'working',
    };
  if (good < all) return { text: `${good} of ${all} ${good === 1 ? 'is' : 'are'} up to date.`, weight: 'open' };
  return { text: `All ${all} are up to date.`, weight: 'good' };
}

export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** The level of the sandbox, as a badge says it. */
export function sandboxInWords(level: HealthDto['sandbox']): InWords {
  return SANDBOX[level];
}

const SANDBOX: Readonly<Record<HealthDto['sandbox'], InWords>> = {
  full: { text: 'full: every limit is exact', weight: 'good' },
  'no-cgroup': { text: 'no control group: memory is limited by looking', weight: 'working' },
  none: { text: 'none: nothing is run', weight: 'bad' },
  unknown: { text: 'not known', weight: 'open' },
};
