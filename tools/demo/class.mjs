/**
 * A class from beginning to end. Each step is a function of its own and throws when the classroom does something else than it
 * should; every refusal that is due is tried, and must come with its code.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { Person } from './person.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const inMs = (ms) => new Date(Date.now() + ms).toISOString();

/**
 * Holds the class at `address`. `professor`: a user name and a password. `say` is told every step. Returns how many requests it
 * took, and which steps were left out because this server has no such route.
 */
export async function holdClass({ address, professor: { username, password }, students: count, say }) {
  const professor = new Person(address, username);
  await comeIn(professor, password);
  const routes = (await professor.must('GET', 'openapi.json')).paths;
  const course = (await professor.must('GET', 'courses'))[0];
  const act = { address, professor, course, say, routes, leftOut: [], begun: Date.now() };
  say(`Class in "${course.title}" at ${address}`);
  const class_ = await bringIn(act, count);
  const people = await signInFirst(act, class_);
  const source = await writeMaterial(act);
  const items = await publish(act, source, people);
  await tooEarly(act, items, people);
  const copies = await openCopies(act, items, people);
  await edit(act, copies, people);
  await upload(act, copies, people);
  await run(act, copies, people);
  await handIn(act, items, copies, people);
  await extend(act, items, people);
  await lock(act, items, copies, people);
  await beRefused(act, items, copies, people);
  await overview(act, items, people);
  say(
    `Done in ${Math.round((Date.now() - act.begun) / 1000)} s, ${Person.requests} requests, ${Person.waited} asked to wait.`,
  );
  return { requests: Person.requests, leftOut: act.leftOut };
}

/** A classroom that has just been started for the first time knows its accounts a moment later. */
async function comeIn(professor, password) {
  for (let tries = 1; ; tries++) {
    try {
      return await professor.signIn(password);
    } catch (error) {
      if (tries === 4) throw error;
      await sleep(1_000);
    }
  }
}

/** A list of `count` students: looked at first, then brought in. Returns their user names and first passwords. */
async function bringIn({ professor, course, say }, count) {
  const mark = randomBytes(3).toString('hex');
  const rows = Array.from({ length: count }, (_, n) => `s${mark}-${n + 1},Student ${n + 1} of ${mark}`);
  const text = ['username,name', ...rows, ''].join('\n');
  const { digest, counts } = await professor.must('POST', `courses/${course.id}/roster/preview`, { text });
  if (counts['new-account'] !== count) throw new Error(`the preview says ${JSON.stringify(counts)}`);
  const { firstPasswords } = await professor.must('POST', `courses/${course.id}/roster`, { text, digest });
  if (firstPasswords.length !== count) throw new Error(`${firstPasswords.length} accounts were made, not ${count}`);
  say(`✓ ${count} students brought in from a CSV file`);
  return firstPasswords;
}

/** The first four sign in and choose a password; the first three will be a group. Before that they may do nothing. */
async function signInFirst({ address, course, say }, class_) {
  const people = class_.slice(0, 4).map(({ username }) => new Person(address, username));
  for (const [n, person] of people.entries()) {
    await person.signIn(class_[n].password);
    const problem = await person.ask('GET', `courses/${course.id}/items`);
    if (problem.status !== 403) throw new Error('a one-time password is good for more than choosing another');
    if (n === 0) say(`  refused: 403 ${problem.body.code}: ${problem.body.detail}`);
    const newPassword = `a sentence for ${person.username}`;
    await person.must('PUT', 'auth/password', { oldPassword: class_[n].password, newPassword });
    await person.signIn(newPassword);
  }
  say(`✓ ${people.length} of them signed in and chose a password`);
  return people;
}

/** What will be published, in a folder of the professor's own. */
async function writeMaterial({ professor, course, say }) {
  const workspace = course.workspaces.find(({ kind, access }) => kind === 'material' && access === 'write');
  if (!workspace) throw new Error('there is no material that the professor may write in');
  const folder = `class-${randomBytes(3).toString('hex')}`;
  const write = (path, text) =>
    professor.must('POST', `workspaces/${workspace.id}/files`, { path: `${folder}/${path}`, text });
  await write('notes/loops.md', '# Loops\n\nA loop repeats.\n');
  const { position } = await write('work/main.py', 'total = sum(range(101))\nprint("The sum is", total)\n');
  say('✓ notes and an assignment written');
  return { workspace: workspace.id, folder, position };
}

async function publish({ professor, course, say }, { workspace, folder, position }, people) {
  const item = async (kind, title, path, more) => {
    const section = { material: 'Lecture Notes', assignment: 'Assignments', test: 'Tests' }[kind];
    const body = { section, kind, title, workspace, path: `${folder}/${path}`, ...more };
    return professor.must('POST', `courses/${course.id}/items`, body);
  };
  await professor.must('GET', `workspaces/${workspace}?after=${position}`);
  const open = { releaseAt: inMs(-1_000) };
  const notes = await item('material', 'Loops', 'notes', open);
  const draft = await item('material', 'Not for students yet', 'notes', {});
  const work = await item('assignment', 'Sums in a group', 'work', { ...open, dueAt: inMs(3_600_000), groups: true });
  const late = await item('assignment', 'Yesterday’s sums', 'work', {
    releaseAt: inMs(-7_200_000),
    dueAt: inMs(-3_600_000),
  });
  const test = await item('test', 'A short test', 'work', {
    ...open,
    startAt: inMs(1_800_000),
    endAt: inMs(3_600_000),
  });
  await professor.must('GET', `courses?after=${test.position}`);
  const members = people.slice(0, 3).map(({ id }) => id);
  const group = await professor.must('PUT', `items/${work.id}/groups/${randomUUID()}`, { name: 'The three', members });
  await professor.must('GET', `courses?after=${group.position}`);
  say('✓ notes, a draft, two assignments and a test published; a group of three formed');
  return { notes: notes.id, draft: draft.id, work: work.id, late: late.id, test: test.id };
}

/** Before the release there is nothing, and before a test begins only its name and its times. */
async function tooEarly({ professor, course, say }, items, [ada]) {
  const seen = await ada.must('GET', `courses/${course.id}/items`);
  if (seen.some(({ id }) => id === items.draft)) throw new Error('a draft is seen');
  const test = seen.find(({ id }) => id === items.test);
  if (test.phase !== 'announced' || test.material !== null)
    throw new Error('a test is more than announced before it begins');
  const refused = await ada.refused(403, 'not-open-yet', 'POST', `items/${items.test}/copy`);
  tell(say, 'a test before its start', 403, refused);
  const { material } = (await professor.must('GET', `courses/${course.id}/items`)).find(({ id }) => id === items.draft);
  tell(say, 'unreleased material', 404, await ada.refused(404, 'not-found', 'GET', `workspaces/${material}`));
  tell(say, 'an unreleased item', 404, await ada.refused(404, 'not-found', 'POST', `items/${items.draft}/copy`));
}

function tell(say, what, status, { code, detail }) {
  say(`  refused (${what}): ${status} ${code}: ${detail}`);
}

/** The three at once get one copy; of the notes everybody gets one of their own. */
async function openCopies({ professor, say }, items, people) {
  const [ada, , , dora] = people;
  const three = await Promise.all(people.slice(0, 3).map((person) => person.must('POST', `items/${items.work}/copy`)));
  if (new Set(three.map(({ id }) => id)).size !== 1) throw new Error('the group has more than one copy');
  tell(
    say,
    'a group’s work, by who is in none',
    409,
    await dora.refused(409, 'no-group', 'POST', `items/${items.work}/copy`),
  );
  const notes = await dora.must('POST', `items/${items.notes}/copy`);
  const late = await dora.must('POST', `items/${items.late}/copy`);
  await professor.must('PATCH', `items/${items.test}`, { startAt: inMs(1_000) });
  for (;;) {
    const answer = await ada.ask('POST', `items/${items.test}/copy`);
    if (answer.status < 400) {
      say('✓ the group opened one copy, and each of the others their own; the test began by the clock');
      const places = { work: three[0], notes, late, test: answer.body };
      await Promise.all(Object.entries(places).map(([, { position }]) => settle(ada, position)));
      return Object.fromEntries(Object.entries(places).map(([name, { id }]) => [name, id]));
    }
    if (answer.body.code !== 'not-open-yet') throw new Error(JSON.stringify(answer.body));
    await sleep(250);
  }
}

async function settle(person, position) {
  if (position) await person.must('GET', `courses?after=${position}`);
}

async function fileOf(person, workspace, path) {
  const { files } = await person.must('GET', `workspaces/${workspace}`);
  const file = files.find((one) => one.path === path);
  if (!file) throw new Error(`there is no ${path} in ${files.map((one) => one.path).join(', ')}`);
  return file.id;
}

/** Two type into the same file at the same time, over the socket. */
async function edit({ say }, copies, [ada, ben]) {
  const file = await fileOf(ada, copies.work, 'main.py');
  await Promise.all([ada.type(file, '# by the first\n'), ben.type(file, '# by the second\n')]);
  const text = await (
    await fetch(`${ada.address}/api/workspaces/${copies.work}/files/${file}/content`, {
      headers: { authorization: `Bearer ${ada.token}` },
    })
  ).text();
  if (!text.includes('# by the first') || !text.includes('# by the second')) throw new Error(`lost: ${text}`);
  say('✓ two of the group typed into one file');
}

/** A PDF and an image, as a browser sends them. */
async function upload({ routes, leftOut, say }, copies, [, , chloe]) {
  if (!routes['/api/workspaces/{id}/content']?.put) {
    leftOut.push('upload');
    return say('– this server takes no uploads: left out');
  }
  for (const [path, bytes] of [
    ['paper.pdf', pdf()],
    ['picture.png', png()],
  ]) {
    const headers = { 'content-type': 'application/octet-stream' };
    const stored = await chloe.must('PUT', `workspaces/${copies.work}/content?path=${path}`, bytes, headers);
    await settle(chloe, stored.position);
    const answer = await fetch(`${chloe.address}/api/workspaces/${copies.work}/files/${stored.id}/content`, {
      headers: { authorization: `Bearer ${chloe.token}` },
    });
    const hash = (data) => createHash('sha256').update(data).digest('hex');
    if (hash(Buffer.from(await answer.arrayBuffer())) !== hash(bytes)) throw new Error(`${path} came back as another`);
  }
  return say('✓ a PDF and an image uploaded, and given back byte by byte');
}

/** A page without anything on it. */
function pdf() {
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R>>',
  ];
  const body = objects.map((object, n) => `${n + 1} 0 obj${object}endobj\n`).join('');
  return Buffer.concat([
    Buffer.from(`%PDF-1.4\n%`),
    Buffer.from([0xe2, 0xe3, 0xcf, 0xd3, 0x0a]),
    Buffer.from(`${body}%%EOF\n`),
  ]);
}

/** One red point. */
function png() {
  const chunk = (type, data) => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const image = deflateSync(Buffer.from([0, 255, 0, 0]));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', image), chunk('IEND', Buffer.alloc(0))]);
}

/** CRC-32 as in ISO 3309. */
function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let n = 0; n < 8; n++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

async function run({ say }, copies, [ada]) {
  await ada.run(copies.work, 'main.py', 'The sum is 5050');
  say('✓ the program ran and said what it should');
}

async function handIn({ say }, items, copies, [ada, ben, , dora]) {
  const receipt = await ada.must('POST', `workspaces/${copies.work}/hand-ins`);
  if (receipt.late || !receipt.verified) throw new Error(JSON.stringify(receipt));
  const again = await untilThere(() => ben.ask('GET', `receipts/${receipt.id}`));
  if (again.digest !== receipt.digest || !again.verified) throw new Error('another receipt was given the second time');
  const late = await dora.must('POST', `workspaces/${copies.late}/hand-ins`);
  if (!late.late) throw new Error('what came after the due time is not late');
  say(
    `✓ handed in: receipt ${receipt.id}, ${receipt.files.length} files, ${receipt.digest.slice(0, 12)}…; another one late`,
  );
}

async function untilThere(ask) {
  for (let tries = 0; tries < 100; tries++) {
    const { status, body } = await ask();
    if (status === 200) return body;
    await sleep(50);
  }
  throw new Error('it did not appear');
}

/** What was late is not any more, for one. */
async function extend({ professor, say }, items, [, , , dora]) {
  const until = inMs(3_600_000);
  const { position } = await professor.must('PUT', `items/${items.late}/extensions/${dora.id}`, { until });
  await settle(dora, position);
  const copy = await dora.must('POST', `items/${items.late}/copy`);
  const { late } = await dora.must('POST', `workspaces/${copy.id}/hand-ins`);
  if (late) throw new Error('it is late in spite of the extension');
  say('✓ a deadline extended for one student, who handed in again in time');
}

/** The professor ends the test now; who is in it can write no more. */
async function lock({ professor, say }, items, copies, [ada]) {
  const file = await fileOf(ada, copies.test, 'main.py');
  await ada.type(file, '# in time\n');
  const end = Date.now() + 1_500;
  const { position } = await professor.must('PATCH', `items/${items.test}`, { endAt: new Date(end).toISOString() });
  await settle(ada, position);
  await sleep(end - Date.now() + 200);
  tell(
    say,
    'handing in a test after its end',
    403,
    await ada.refused(403, 'locked', 'POST', `workspaces/${copies.test}/hand-ins`),
  );
  const body = { workspace: copies.test, mode: 'script' };
  tell(say, 'running in it', 403, await ada.refused(403, 'locked', 'POST', 'runs', body));
  const made = { path: 'late.py', text: '' };
  tell(
    say,
    'making a file in it',
    403,
    await ada.refused(403, 'locked', 'POST', `workspaces/${copies.test}/files`, made),
  );
  const typed = await ada.type(file, '# too late\n').then(
    () => undefined,
    (error) => error,
  );
  if (typed === undefined) throw new Error('the test was written in after its end');
  say(`  refused (typing into it): the connection was closed with ${typed.code}: ${typed.message}`);
  await ada.must('GET', `workspaces/${copies.test}`);
  say('✓ the test was locked at its end, and its copy can still be read');
}

async function beRefused({ professor, course, say }, items, copies, [ada, , , dora]) {
  tell(say, 'the work of another group', 404, await dora.refused(404, 'not-found', 'GET', `workspaces/${copies.work}`));
  tell(
    say,
    'the table of who stands where',
    403,
    await ada.refused(403, 'not-allowed', 'GET', `items/${items.work}/overview`),
  );
  tell(
    say,
    'giving oneself more time',
    403,
    await ada.refused(403, 'not-allowed', 'PUT', `items/${items.work}/extensions/${ada.id}`, { until: inMs(1e6) }),
  );
  const { material } = (await ada.must('GET', `courses/${course.id}/items`)).find(({ id }) => id === items.notes);
  const file = { path: 'mine.md', text: '' };
  tell(
    say,
    'writing in material',
    403,
    await ada.refused(403, 'not-allowed', 'POST', `workspaces/${material}/files`, file),
  );
  tell(
    say,
    'a professor writing in students’ work',
    403,
    await professor.refused(403, 'not-allowed', 'POST', `workspaces/${copies.work}/files`, file),
  );
  const nobody = new Person(ada.address, 'nobody');
  tell(say, 'without signing in', 401, await nobody.refused(401, 'not-signed-in', 'GET', 'courses'));
}

async function overview({ professor, say }, items, people) {
  const { students } = await professor.must('GET', `items/${items.work}/overview`);
  const three = students.filter(({ person }) => people.slice(0, 3).some(({ id }) => id === person));
  if (
    three.length !== 3 ||
    !three.every(({ receipt, late, group }) => receipt && late === false && group === 'The three')
  )
    throw new Error(`the table says ${JSON.stringify(three)}`);
  say(`✓ the professor’s table has ${students.length} students, and the three with their receipt`);
}
