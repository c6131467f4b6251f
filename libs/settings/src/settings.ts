export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable of the environment has a value that cannot be used, or is missing. The message is one clear line. */
export class SettingFault extends Error {
  readonly code = 'setting';
  constructor(message: string) {
    super(message);
    this.name = 'SettingFault';
  }
}

/** The value of a variable that must be there. Throws SettingFault. */
export function requiredSetting(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '')
    throw new SettingFault(`${name} is not set: start with "npm start", which sets it.`);
  return value;
}

/** The whole number in a variable, `otherwise` where it is not set or empty. Throws SettingFault outside of the bounds. */
export function integerSetting(
  environment: Environment,
  name: string,
  otherwise: number,
  bounds: { readonly least: number; readonly most: number },
): number {
  const text = environment[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= bounds.least && value <= bounds.most) return value;
  throw new SettingFault(`${name} is "${text}": it must be a whole number from ${bounds.least} to ${bounds.most}.`);
}

/**
 * The names in a variable, with commas between; `none` for none of them, all that are known where it is not set or empty. Throws
 * SettingFault for a name that is not known.
 */
export function namesSetting<Name extends string>(
  environment: Environment,
  variable: string,
  known: readonly Name[],
): readonly Name[] {
  const text = environment[variable]?.trim();
  if (!text) return known;
  if (text === 'none') return [];
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !known.some((one) => one === name));
  if (unknown === undefined) return known.filter((name) => names.includes(name));
  throw new SettingFault(
    `${variable} names "${unknown}": it must be "none", or some of ${known.join(', ')}, with commas between.`,
  );
}
