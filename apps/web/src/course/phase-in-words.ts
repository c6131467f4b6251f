import type { ItemDto } from '@palimpsest/protocol/wire';
import { dayAndTime } from '../clock-time.js';

/** What stands beside an item, and how much it presses. */
export interface PhaseInWords {
  readonly text: string;
  readonly colour: 'gray' | 'teal' | 'orange' | 'red';
}

/** `2 h 5 min`, of the two largest parts; at least a second. */
export function durationInWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

type Timed = Pick<ItemDto, 'kind' | 'phase' | 'releaseAt' | 'startAt' | 'deadline' | 'closesAfterDue'>;

/** Where an item stands, for a person. `now`: of the server's clock, milliseconds since 1970. */
export function phaseInWords(item: Timed, now: number, sayTime: (ms: number) => string = dayAndTime): PhaseInWords {
  const deadline = item.deadline === null ? undefined : Date.parse(item.deadline);
  switch (item.phase) {
    case 'draft':
      return item.releaseAt === null
        ? { text: 'draft, not released', colour: 'gray' }
        : { text: `released ${sayTime(Date.parse(item.releaseAt))}`, colour: 'gray' };
    case 'announced':
      return { text: `begins ${sayTime(Date.parse(item.startAt ?? ''))}`, colour: 'gray' };
    case 'withdrawn':
      return { text: 'withdrawn', colour: 'gray' };
    case 'locked':
      return { text: `locked since ${sayTime(deadline ?? now)}`, colour: 'gray' };
    case 'late':
      return { text: `late: was due ${sayTime(deadline ?? now)}`, colour: 'red' };
    case 'open': {
      if (deadline === undefined) return { text: 'open', colour: 'teal' };
      const left = deadline - now;
      const verb = item.kind === 'test' || item.closesAfterDue ? 'locks' : 'due';
      return { text: `${verb} in ${durationInWords(left)}`, colour: left < 86_400_000 ? 'orange' : 'teal' };
    }
  }
}
