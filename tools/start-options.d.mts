export interface StartOptions {
  data: string;
  port: number;
  host: string;
  demo: boolean;
  rebuild: boolean;
  help: boolean;
}
export const USAGE: string;
/** Reads the words of the command line and the environment. Throws a Fault for what it does not know. */
export function readOptions(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): StartOptions;
