import { spawnSync } from 'node:child_process';
import { VERIFIER_FILE } from '../export-evidence.js';

export interface PythonResult {
  readonly status: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs verifier.py as a person would. */
export function runVerifier(...words: string[]): PythonResult {
  return python([VERIFIER_FILE, ...words], '');
}

const CALLS = `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("verifier", sys.argv[1])
verifier = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verifier)
def given(value):
    if isinstance(value, list): return [given(one) for one in value]
    return bytes.fromhex(value) if isinstance(value, str) else value
print(json.dumps([getattr(verifier, name)(*map(given, words)) for name, words in json.load(sys.stdin)]))
`;

/** Results of calls of functions of verifier.py; texts are bytes in hexadecimal. */
export function callVerifier(calls: readonly (readonly [name: string, words: readonly unknown[]])[]): unknown[] {
  const { status, out, error } = python(['-c', CALLS, VERIFIER_FILE], JSON.stringify(calls));
  if (status !== 0) throw new Error(error);
  return JSON.parse(out) as unknown[];
}

function python(words: readonly string[], input: string): PythonResult {
  const { status, stdout, stderr } = spawnSync('python3', ['-B', ...words], { input, encoding: 'utf8' });
  return { status, out: stdout, error: stderr };
}
