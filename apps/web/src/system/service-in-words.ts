const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Three digits at most and a unit of a thousand. */
export function bytesInWords(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}

export function millisecondsInWords(ms: number): string {
  if (ms >= 1_000) return secondsInWords(ms / 1_000);
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export function secondsInWords(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}
