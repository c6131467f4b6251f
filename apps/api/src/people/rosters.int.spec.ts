import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type {
  CourseDto,
  MemberDto,
  ProblemDto,
  RosterImportedDto,
  RosterPreviewDto,
  SignedInDto,
} from '@palimpsest/protocol';
import { accountId } from '../auth/account-id.js';
import { Credentials } from '../auth/credentials.js';
import { Emails } from '../auth/emails.js';
import { TestApi } from '../testing/test-api.js';

describe('rosters', () => {
  let api: TestApi;
  let hopper: string;
  let course: string;
  beforeAll(async () => {
    api = await TestApi.start();
    hopper = await api.signIn('hopper');
    course = (await api.call<CourseDto[]>('GET', '/api/courses', { token: hopper })).body[0]?.id ?? '';
  });
  afterAll(() => api.stop());

  const preview = (body: object, token = hopper) =>
    api.call<RosterPreviewDto & ProblemDto>('POST', `/api/courses/${course}/roster/preview`, { token, body });
  const confirm = (body: object, token = hopper) =>
    api.call<RosterImportedDto & ProblemDto>('POST', `/api/courses/${course}/roster`, { token, body });
  const head = async () => api.store.head();
  async function bringIn(body: object, token = hopper) {
    const { digest } = (await preview(body, token)).body;
    return confirm({ ...body, digest }, token);
  }
  /** Everything that the log holds, texts apart. */
  async function recorded(): Promise<string> {
    const { rows } = await api.pool.query<{ data: Buffer }>('select data from es.event where is_json');
    return rows.map(({ data }) => data.toString()).join('\n');
  }
  const signIn = (username: string, password: string) =>
    api.call<SignedInDto>('POST', '/api/auth/sign-in', { body: { username, password } });

  it('a preview writes nothing; confirmed, it is done, and whoever is new signs in with the first password', async () => {
    const body = { text: 'Benutzername;Vorname;Nachname\ndora;Dora;Diaz\nada;;\n9x;;\n' };
    const before = await head();
    const shown = await preview(body);
    expect(shown.status).toBe(200);
    expect(shown.body.counts).toMatchObject({ 'new-account': 1, unchanged: 1, error: 1 });
    expect(shown.body.rows[2]).toMatchObject({ line: 4, change: 'error' });
    expect(await head()).toBe(before);

    const { status, body: done } = await confirm({ ...body, digest: shown.body.digest });
    expect(status).toBe(200);
    expect(done.firstPasswords).toEqual([
      { username: 'dora', displayName: 'Dora Diaz', password: expect.stringMatching(/^[a-z2-9]{14}$/) },
    ]);
    expect(done.members.map(({ username }) => username)).toContain('dora');
    const first = done.firstPasswords[0]?.password ?? '';
    expect((await signIn('dora', first)).body.user).toMatchObject({ mustChangePassword: true, role: 'student' });
    expect(await recorded()).toContain('Dora Diaz');
    expect(await recorded()).not.toContain(first);
  });

  it('the same file again changes nothing: not one event', async () => {
    const body = { text: 'username,name\nerik,Erik\nfay,Fay\n', removeMissing: false };
    expect((await bringIn(body)).body.firstPasswords).toHaveLength(2);
    const before = await head();
    const again = await bringIn(body);
    expect(again.body.counts).toMatchObject({ 'new-account': 0, enrolled: 0, changed: 0, unchanged: 2 });
    expect(again.body.firstPasswords).toEqual([]);
    expect(await head()).toBe(before);
  });

  it('nothing is done when the course is another than in the preview', async () => {
    const body = { text: 'username,name\ngina,Gina\n' };
    const { digest } = (await preview(body)).body;
    await bringIn(body);
    expect(await confirm({ ...body, digest })).toMatchObject({ status: 409, body: { code: 'roster-changed' } });
    expect((await confirm({ ...body, digest: 'x' })).status).toBe(400);
    expect((await confirm({ text: 'username\nother\n', digest })).status).toBe(409);
  });

  it('removed members lose the course and keep the account; the same file brings them back', async () => {
    const members = async () =>
      (await api.call<MemberDto[]>('GET', `/api/courses/${course}/members`, { token: hopper })).body;
    const everybody = (await members()).filter(({ role }) => role === 'student').map(({ username }) => username);
    const without = everybody.filter((username) => username !== 'ben');
    const ben = await api.signIn('ben');
    const body = { text: `username\n${without.join('\n')}\n`, removeMissing: true };
    expect((await preview(body)).body.counts).toMatchObject({ removed: 1 });
    expect((await bringIn(body)).status).toBe(200);
    expect((await members()).map(({ username }) => username)).not.toContain('ben');
    expect((await api.call<CourseDto[]>('GET', '/api/courses', { token: ben })).body).toEqual([]);
    await bringIn({ text: `username\n${everybody.join('\n')}\n` });
    expect((await api.call<CourseDto[]>('GET', '/api/courses', { token: ben })).body).toHaveLength(1);
  });

  it('an administrator’s removal deactivates who has no other course; the same people again make it active', async () => {
    const admin = await api.signIn('admin');
    const students = (await api.call<MemberDto[]>('GET', `/api/courses/${course}/members`, { token: hopper })).body
      .filter(({ role }) => role === 'student')
      .map(({ username }) => username);
    const ben = await api.signIn('ben');
    const without = { text: `username\n${students.filter((one) => one !== 'ben').join('\n')}\n`, removeMissing: true };
    expect((await bringIn(without, admin)).body).toMatchObject({ counts: { removed: 1 }, problems: [] });
    expect((await api.call('GET', '/api/courses', { token: ben })).status).toBe(401);
    expect((await signIn('ben', api.password('ben'))).body).toMatchObject({
      detail: expect.stringContaining('deactivated'),
    });
    const before = await head();
    expect((await bringIn(without, admin)).body.counts).toMatchObject({ removed: 0, changed: 0 });
    expect(await head()).toBe(before);
    await bringIn({ text: `username\n${students.join('\n')}\n` }, admin);
    const { body } = await signIn('ben', api.password('ben'));
    const courses = await api.call<CourseDto[]>('GET', '/api/courses', { token: body.accessToken });
    expect(courses.body.map(({ id }) => id)).toEqual([course]);
  });

  it('an account whose maker was killed before the end has its first password', async () => {
    const credentials = api.app.get(Credentials);
    const user = accountId('kept');
    const killed = new Error('killed');
    await expect(credentials.setForNew(user, 'first password', () => Promise.reject(killed))).rejects.toBe(killed);
    expect(await credentials.matches(user, 'first password')).toBe(true);
    // Somebody else was faster: theirs holds.
    await credentials.set(user, 'theirs');
    expect(await credentials.setForNew(user, 'ours', () => Promise.resolve(undefined))).toBeUndefined();
    expect(await credentials.matches(user, 'theirs')).toBe(true);
  });

  it('what is refused after all is said, and the first passwords are given out', async () => {
    const admin = await api.signIn('admin');
    const body = { text: 'username,name,email\numa,Uma,uma@school.example\nvic,Vic,vic@school.example\n' };
    const { digest } = (await preview(body, admin)).body;
    // The address is another's between plan and change.
    const emails = api.app.get(Emails);
    const set = emails.set.bind(emails);
    jest.spyOn(emails, 'set').mockImplementationOnce(async (user, email) => {
      await set(accountId('hopper'), email);
      return set(user, email);
    });
    const { body: done } = await confirm({ ...body, digest }, admin);
    expect(done.problems).toEqual([expect.stringContaining('belongs to another account by now')]);
    expect(done.firstPasswords.map(({ username }) => username)).toEqual(['uma', 'vic']);
    expect(done.members.map(({ username }) => username)).toEqual(expect.arrayContaining(['uma', 'vic']));
  });

  it('an assistant sees the roster of the course and brings nobody in', async () => {
    await bringIn({ text: 'username,role\nchloe,assistant\n' });
    const chloe = await api.signIn('chloe');
    const [seen] = (await api.call<CourseDto[]>('GET', '/api/courses', { token: chloe })).body;
    expect(seen?.members.length).toBeGreaterThan(5);
    expect(seen?.workspaces.find(({ name }) => /^Ada/.test(name))?.access).toBe('read');
    expect((await preview({ text: 'username\nx1\n' }, chloe)).status).toBe(403);
    expect((await api.call('GET', `/api/courses/${course}/modules`, { token: chloe })).status).toBe(403);
    expect((await preview({ text: 'username\nx1\n' }, await api.signIn('ada'))).status).toBe(403);
  });

  it('an administrator changes names and addresses; addresses are not in the log', async () => {
    const admin = await api.signIn('admin');
    const body = { text: 'username,name,email\nada,Ada King,ada.king@school.example\n' };
    expect((await preview(body)).body.counts).toMatchObject({ changed: 0 });
    expect((await bringIn(body, admin)).body.counts).toMatchObject({ changed: 1 });
    const before = await head();
    expect((await bringIn(body, admin)).body.counts).toMatchObject({ changed: 0, unchanged: 1 });
    expect(await head()).toBe(before);
    expect(await recorded()).toContain('Ada King');
    expect(await recorded()).not.toContain('ada.king@');
  });

  it('a file that cannot be read is refused in one sentence', async () => {
    expect(await preview({ text: 'a,b\n1,2\n' })).toMatchObject({ status: 422, body: { code: 'unreadable-roster' } });
    expect((await preview({ text: '' })).status).toBe(400);
    expect((await preview({ text: 'username\nab\n', delimiter: '|' })).status).toBe(400);
  });

  it('2,000 rows', async () => {
    const rows = Array.from({ length: 2000 }, (_, n) => `student${n},Student № ${n},s${n}@school.example`);
    const body = { text: `username,name,email\n${rows.join('\n')}\n` };
    const began = performance.now();
    const shown = await preview(body);
    const previewed = performance.now();
    expect(shown.body.counts).toMatchObject({ 'new-account': 2000, error: 0 });
    const done = await confirm({ ...body, digest: shown.body.digest });
    const imported = performance.now();
    expect(done.body.firstPasswords).toHaveLength(2000);
    expect(new Set(done.body.firstPasswords.map(({ password }) => password)).size).toBe(2000);
    const seconds = [previewed - began, imported - previewed].map((ms) => (ms / 1000).toFixed(1));
    console.log(`2,000 rows: preview ${seconds[0]} s, import ${seconds[1]} s`);
    const again = await bringIn(body);
    expect(again.body.counts).toMatchObject({ unchanged: 2000, 'new-account': 0 });
    const last = done.body.firstPasswords[1999];
    expect((await signIn('student1999', last?.password ?? '')).status).toBe(200);
  }, 120_000);
});
