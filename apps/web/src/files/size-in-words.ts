const UNITS = ['bytes', 'kB', 'MB', 'GB'] as const;

/** As the limits count: 1 MB is 1,048,576 bytes. */
export function sizeInWords(bytes: number): string {
  const unit = Math.min(bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** unit;
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[unit] ?? ''}`;
}
