import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { WrittenDto } from '@palimpsest/protocol';
import { Random } from '../testing/api-fuzz/random.js';
import { type Operation, Requests, type Trial } from '../testing/api-fuzz/requests.js';
import { mismatches, type Schemas } from '../testing/api-fuzz/schema.js';
import { TestApi } from '../testing/test-api.js';

/** Another seed tries other requests: PALIMPSEST_FUZZ_SEED=… and PALIMPSEST_FUZZ_TRIALS=… for each operation and person. */
const SEED = Number(process.env['PALIMPSEST_FUZZ_SEED'] ?? 20261126);
const TRIALS = Number(process.env['PALIMPSEST_FUZZ_TRIALS'] ?? 4);

/** Stands in what is Ben's own, in nothing else: who is a student and another may see it nowhere. */
const SECRET = 'ben-secret-4711';
const LEAK = 'the data of another student';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const PEOPLE = [undefined, 'ada', 'ben', 'hopper', 'auditor', 'admin'] as const;
type Who = (typeof PEOPLE)[number];

describe('the API against its own description', () => {
  let api: TestApi;
  let operations: Operation[];
  let schemas: Schemas;
  let ids: string[];
  let idsOf: Record<string, string[]>;
  let words: string[];
  const tokens = new Map<Who, string>();

  beforeAll(async () => {
    api = await TestApi.start();
    for (const who of PEOPLE) if (who) tokens.set(who, await api.signIn(who));
    const { body } = await api.call<OpenAPIObject>('GET', '/api/openapi.json');
    schemas = (body.components?.schemas ?? {}) as Schemas;
    operations = Object.entries(body.paths).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const found = item[method];
        if (!found) return [];
        const content = (found.requestBody as { content?: Record<string, { schema: object }> } | undefined)?.content;
        return [
          {
            path,
            method,
            parameters: (found.parameters ?? []) as unknown as Operation['parameters'],
            body: content?.['application/json']?.schema,
            responses: found.responses as unknown as Operation['responses'],
          },
        ];
      }),
    );
    await makeThings();
  });
  afterAll(() => api.stop());

  async function makeThings(): Promise<void> {
    const ben = tokens.get('ben')!;
    const own = await api.workspace(ben, /Ben/);
    const made = await api.call<WrittenDto>('POST', `/api/workspaces/${own.id}/files`, {
      token: ben,
      body: { path: `${SECRET}.py`, text: `print("${SECRET}")\n` },
    });
    const asked = await api.call<WrittenDto>('POST', '/api/runs', {
      token: ben,
      body: { workspace: own.id, mode: 'script', entry: `${SECRET}.py` },
    });
    expect([made.status, asked.status]).toEqual([201, 201]);
    const ada = tokens.get('ada')!;
    const spaces = [
      own,
      ...(await Promise.all([api.workspace(ada, /Ada/), api.workspace(ada, /Pair/), api.workspace(ada, /Lecture/)])),
    ];
    ids = [
      ...spaces.flatMap(({ id, course, files }) => [id, course, ...files.map((file) => file.id)]),
      ...[made.body.id, asked.body.id],
    ];
    const item = await publishWork(own.course, spaces[3]?.id ?? '');
    const workspaces = spaces.map(({ id }) => id);
    const files = [made.body.id, ...spaces.flatMap((space) => space.files.map(({ id }) => id))];
    const me = (await api.call<{ id: string }>('GET', '/api/auth/me', { token: ada })).body.id;
    ids.push(...item, me);
    idsOf = {
      workspace: workspaces,
      id: [...workspaces, asked.body.id, own.course, ...item],
      file: files,
      person: [me],
    };
    words = ['main.py', 'ada', 'hopper', 'print(1)\n', String(made.body.position), String(asked.body.position)];
  }

  /** An assignment that Ben has opened and handed in: its id, his copy's and his receipt's. */
  async function publishWork(course: string, workspace: string): Promise<string[]> {
    const body = {
      section: 'Assignments',
      kind: 'assignment',
      title: 'Work',
      workspace,
      releaseAt: '2026-01-01T00:00:00Z',
    };
    const published = await api.call<WrittenDto>('POST', `/api/courses/${course}/items`, {
      ...{ token: tokens.get('hopper')!, body },
    });
    const token = tokens.get('ben')!;
    await api.call('GET', `/api/courses?after=${published.body.position}`, { token });
    const opened = await api.call<WrittenDto>('POST', `/api/items/${published.body.id}/copy`, { token });
    await api.call('GET', `/api/courses?after=${opened.body.position}`, { token });
    const receipt = await api.call<{ id: string }>('POST', `/api/workspaces/${opened.body.id}/hand-ins`, { token });
    expect([published.status, opened.status, receipt.status]).toEqual([201, 201, 201]);
    return [published.body.id, opened.body.id, receipt.body.id];
  }

  /** What is wrong with an answer; undefined when it is as described. */
  function complaint(operation: Operation, trial: Trial, who: Who, answer: Answer): string | undefined {
    const { status, type, text } = answer;
    // The place may be one that the log will have some day.
    const isAhead = trial.path.includes('after=') && text.includes('"read-model-behind"');
    if (status >= 500 && !isAhead) return 'a fault';
    if (who !== 'ben' && !isStaff(who) && text.includes(SECRET)) return LEAK;
    const allowed = trial.wrongMethod ? undefined : operation.responses[status];
    if (!allowed && !(trial.wrongMethod && answer.status >= 200) && status !== 304 && status !== 416)
      return `the status ${status} is not described`;
    if (status >= 400 && !type.startsWith('application/problem+json')) return `an error as ${type || 'nothing'}`;
    if (status >= 400) return mismatches(JSON.parse(text), { $ref: '#/components/schemas/ProblemDto' }, schemas)[0];
    const schema = allowed?.content?.['application/json']?.schema;
    return schema ? mismatches(JSON.parse(text), schema, schemas)[0] : undefined;
  }

  /** Whether somebody who began as a student may see the work of students by now. */
  async function teachesNow(who: Who): Promise<boolean> {
    const { rowCount } = await api.pool.query(
      `select from read.person p left join read.member m on m.person = p.id
       where p.username = $1 and (p.role <> 'student' or m.role <> 'student')`,
      [who],
    );
    return rowCount !== 0;
  }

  interface Answer {
    readonly status: number;
    readonly type: string;
    readonly text: string;
  }

  async function send({ method, path, body, headers }: Trial, who: Who): Promise<Answer> {
    const token = tokens.get(who);
    const safe = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
    const response = await fetch(`http://${api.address}${path}`, {
      method,
      headers: { ...Object.fromEntries(safe), ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && method !== 'GET' && { body }),
    });
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      text: await response.text(),
    };
  }

  it(`answers as described whatever it is asked (seed ${SEED})`, async () => {
    const requests = new Requests(new Random(SEED), schemas, { ids, idsOf, words });
    const complaints: string[] = [];
    const statuses = new Map<number, number>();
    for (const operation of operations)
      for (const who of PEOPLE)
        for (let n = 0; n < TRIALS; n++) {
          const trial = requests.of(operation);
          const answer = await send(trial, who);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          if (operation.path.endsWith('sign-out') && answer.status === 204 && who)
            tokens.set(who, await api.signIn(who));
          const wrong = complaint(operation, trial, who, answer);
          // What it asks as a professor or an administrator may have made teachers of students.
          if (wrong !== undefined && !(wrong === LEAK && (await teachesNow(who))))
            complaints.push(
              `${wrong}: ${who ?? 'nobody'} ${trial.method} ${trial.path.slice(0, 300)} ${JSON.stringify(trial.headers)} ${trial.body?.slice(0, 200) ?? ''}\n  → ${answer.status} ${answer.text.slice(0, 300)}`,
            );
        }
    expect(complaints.slice(0, 40)).toEqual([]);
    // It has tried what it says: good requests, bad ones, refused ones.
    for (const status of [200, 201, 400, 401, 403, 404, 405, 413, 415])
      expect([status, statuses.get(status) ?? 0]).not.toEqual([status, 0]);
  }, 300_000);
});

function isStaff(who: Who): boolean {
  return who === 'hopper' || who === 'auditor' || who === 'admin';
}
