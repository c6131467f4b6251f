/**
 * `npm run demo -- class [--address=http://localhost:3000] [--data=data] [--students=60]`: a scripted class on a classroom
 * that runs, by its public API only: people come in, work, hand in, and are refused where they should be.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { die, Fault } from './fault.mjs';

function readOptions(given) {
  const options = { address: 'http://localhost:3000', data: 'data', students: '60' };
  const [name, ...rest] = given;
  if (name !== 'class') throw new Fault('There is one demonstration: npm run demo -- class');
  for (const word of rest) {
    const [, option, value] = /^--(\w+)=(.+)$/.exec(word) ?? [];
    if (!Object.hasOwn(options, option ?? ''))
      throw new Fault(`"${word}" is not known: --address= --data= --students=`);
    options[option] = value;
  }
  const students = Number(options.students);
  if (!Number.isInteger(students) || students < 4 || students > 500)
    throw new Fault('--students is a number from 4 to 500.');
  return { ...options, students };
}

try {
  const { address, data, students } = readOptions(process.argv.slice(2));
  const file = join(resolve(data), 'first-accounts.json');
  const professor = JSON.parse(readFileSync(file, 'utf8')).find(({ role }) => role === 'professor');
  if (!professor) throw new Fault(`${file} names no professor: this needs the demo course.`);
  const { holdClass } = await import('./demo/class.mjs');
  await holdClass({ address: address.replace(/\/$/, ''), professor, students, say: (line) => console.log(line) });
} catch (error) {
  if (error.code === 'ENOENT') die(new Fault(`There is no ${error.path}: start the classroom first, or say --data=.`));
  die(error);
}
