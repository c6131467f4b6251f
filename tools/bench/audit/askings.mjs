/** Kinds of queries as auditors ask them, each for several values. The people, courses and files are those of the generator. */

const id = (kind, n) => `${String(kind).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

/** `rows`: of the log. Gives the kinds with what makes the n-th query of each. */
export function askings(rows) {
  const ask = (make) => (n) => ({ text: make(n) });
  const day = (n) => new Date(Date.UTC(2026, 0, 1 + n * 29)).toISOString().slice(0, 10);
  return [
    ['everything', ask(() => '')],
    ['everything, a page far back', (n) => ({ text: '', before: Math.floor((rows * (n + 1)) / 14) })],
    ['actor, busy', ask((n) => `actor:person${n}`)],
    ['actor, idle', ask((n) => `actor:person${1_900 + n}`)],
    ['actor, a page far back', (n) => ({ text: `actor:person${n}`, before: Math.floor(rows / 10) })],
    ['actors by a beginning', ask((n) => `actor:person${10 + n}*`)],
    ['actor that there is not', ask((n) => `actor:nobody${n}`)],
    ['affected person', ask((n) => `affected:person${n * 100}`)],
    ['ends of the runs of a person', ask((n) => `affected:person${n * 30} action:run.finish outcome:error,limited`)],
    ['action, frequent', ask((n) => `action:${['run.request', 'file.edit', 'run.output', 'run.start'][n % 4]}`)],
    ['action, rare', ask((n) => `action:${['account.role', 'account.password', 'course.module-allow'][n % 3]}`)],
    ['actions by a beginning', ask((n) => `action:${['sign-in.*', 'account.*', 'file.*', 'course.*'][n % 4]}`)],
    ['action that never was', ask((n) => `action:${['group.form', 'export.start', 'folder.move'][n % 3]}`)],
    ['type', ask((n) => `type:${['WorkHandedIn', 'LogQueried', 'Run*', 'Exec*'][n % 4]}`)],
    ['outcome', ask((n) => `outcome:${['refused', 'limited', 'error', 'ok'][n % 4]}`)],
    ['origin', ask((n) => `origin:${['cli', 'api', 'web', 'executor', 'system'][n % 5]}`)],
    ['address', ask((n) => `address:10.${n % 8}.0.${n}`)],
    ['range of addresses', ask((n) => `address:10.${n % 8}.0.0/16`)],
    ['range of addresses with nothing in it', ask((n) => `address:192.168.${n}.0/24`)],
    ['session', ask((n) => `session:${id(2, n * 10 * 1_000 + Math.floor(rows / 2 / 500_000))}`)],
    ['course', ask((n) => `course:"Course ${n}"`)],
    ['file', ask((n) => `file:${id(3, n * 500)}`)],
    ['object, frequent', ask((n) => `object:${['main.py', 'exercise3.py', 'exercise*'][n % 3]}`)],
    ['object, rare', ask((n) => `object:rare${n}.py`)],
    ['object that there is not', ask((n) => `object:none${n}.py`)],
    ['words, frequent', ask((n) => ['"division by zero"', 'signed', 'main', 'wrong'][n % 4])],
    ['words, rare', ask((n) => `rare${n}`)],
    ['words that are not there', ask((n) => `nothing${n} main`)],
    ['a day', ask((n) => `on:${day(n)}`)],
    ['a day of a person', ask((n) => `on:${day(n)} actor:person${n * 20}`)],
    ['refusals of a month', ask((n) => `after:${day(n)} before:${day(n + 1)} outcome:refused`)],
    ['actor and action', ask((n) => `actor:person${n * 30} action:run.finish outcome:error`)],
    ['actor and rare action', ask((n) => `actor:person${n * 30} action:account.role`)],
    ['course and outcome', ask((n) => `course:"Course ${n}" outcome:refused,limited`)],
    ['course and rare words', ask((n) => `course:"Course ${n}" rare${n}`)],
    ['actor and words', ask((n) => `actor:person${n * 30} "division by zero"`)],
    ['two frequent ones that never meet', ask((n) => `type:FileEdited outcome:${['error', 'limited'][n % 2]}`)],
    ['two others that never meet', ask((n) => `actor:system action:work.hand-in course:"Course ${n}"`)],
    ['without what is frequent', ask((n) => `-origin:executor -action:file.* course:"Course ${n}"`)],
  ];
}
