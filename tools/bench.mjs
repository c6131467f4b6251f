/**
 * `npm run bench -- <name> [--json]`: one benchmark from tools/bench/<name>.mjs. The last thing printed with --json is one
 * JSON object: {name, machine, metrics: {<metric>: {value, unit, target?, ok?}}}; `target` is the bound that was set for the
 * metric and `ok` whether it was met. A benchmark never fails for being slow: these machines are noisy. Compare ratios.
 */
import { cpus, release, totalmem } from 'node:os';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { die, Fault } from './fault.mjs';
import { build, installDependencies } from './workspace.mjs';

const folder = join(import.meta.dirname, 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -'.mjs'.length));

function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
  };
}

/** A metric with its bound: `atLeast` or `atMost`. */
function judged({ value, unit, atLeast, atMost }) {
  const rounded = Number(value.toPrecision(4));
  if (atLeast === undefined && atMost === undefined) return { value: rounded, unit };
  const ok = atLeast !== undefined ? value >= atLeast : value <= atMost;
  return { value: rounded, unit, target: atLeast !== undefined ? `>= ${atLeast}` : `<= ${atMost}`, ok };
}

function print(metrics) {
  for (const [name, { value, unit, target, ok }] of Object.entries(metrics))
    console.log(
      `${name.padEnd(52)} ${String(value).padStart(10)} ${unit}${target ? `   (${target}: ${ok ? 'met' : 'MISSED'})` : ''}`,
    );
}

async function main() {
  const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
  const name = words[0];
  if (name === undefined || !names.includes(name))
    throw new Fault(`npm run bench -- <name> [--json], where <name> is one of: ${names.join(', ')}.`);
  // With --json standard output is the result alone.
  const json = process.argv.includes('--json');
  const say = (message) => console.error(`· ${message}`);
  installDependencies(say);
  build(say);
  const { run } = await import(`./bench/${name}.mjs`);
  const found = await run(say);
  const metrics = Object.fromEntries(Object.entries(found).map(([metric, figure]) => [metric, judged(figure)]));
  if (json) console.log(JSON.stringify({ name, machine: machine(), metrics }));
  else print(metrics);
}

main().catch(die);
