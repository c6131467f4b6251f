import type { RunDto } from '@palimpsest/protocol/wire';

/** How a run ended, or how far it has got, with the kinds of its errors. */
export function runInWords({ state, ending, exceptions, errors }: RunDto): string {
  const how = ending ?? (state === 'queued' ? 'waiting to start' : 'running');
  if (errors === 0) return how;
  const kinds = exceptions.slice(0, 3).join(', ');
  return `${how}; ${errors === 1 ? kinds : `${errors} errors: ${kinds}`}${exceptions.length > 3 ? ' …' : ''}`;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Time, processor time and memory, as far as they are known. */
export function usageInWords({ wallMs, cpuMs, peakBytes }: RunDto): string {
  const parts = [
    ...(wallMs === null ? [] : [seconds(wallMs)]),
    ...(cpuMs === null ? [] : [`processor ${seconds(cpuMs)}`]),
    ...(peakBytes === null ? [] : [`memory ${(peakBytes / 1_000_000).toFixed(1)} MB`]),
  ];
  return parts.length === 0 ? '–' : parts.join(', ');
}

/** "2 h 5 min", "40 s". */
export function durationInWords(total: number): string {
  const whole = Math.round(total);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${whole} s`;
}
