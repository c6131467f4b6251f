import { randomUUID } from 'node:crypto';
import type {
  ChangeItemDto,
  CourseDto,
  ItemDto,
  ProblemDto,
  PublishItemDto,
  WorkspaceDto,
  WrittenDto,
} from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import type { TestApi } from './test-api.js';

/** The demo course with its professor and students, for tests of what a course publishes. */
export class Classroom {
  readonly #tokens = new Map<string, string>();

  private constructor(
    readonly api: TestApi,
    readonly course: string,
    readonly people: ReadonlyMap<string, string>,
  ) {}

  static async open(api: TestApi): Promise<Classroom> {
    const token = await api.signIn('hopper');
    const course = await eventually(async () => {
      const { body } = await api.call<CourseDto[]>('GET', '/api/courses', { token });
      return body[0] !== undefined && body[0].members.length >= 5 && body[0];
    }, 'the course');
    return new Classroom(api, course.id, new Map(course.members.map(({ username, id }) => [username, id])));
  }

  id(username: string): string {
    return this.people.get(username) ?? '';
  }

  async token(who: string): Promise<string> {
    const token = this.#tokens.get(who) ?? (await this.api.signIn(who));
    this.#tokens.set(who, token);
    return token;
  }

  /** A request of this person; the position of what was written before is waited for where `after` is given. */
  async as<Body = WrittenDto & ProblemDto>(who: string, method: string, path: string, body?: unknown) {
    return this.api.call<Body>(method, path, { token: await this.token(who), ...(body !== undefined && { body }) });
  }

  /** A workspace of the professor's own material with these files. */
  async source(files: Readonly<Record<string, string>>): Promise<string> {
    const material = await this.api.workspace(await this.token('hopper'), /^Lecture Notes$/);
    const folder = `source-${randomUUID().slice(0, 8)}`;
    for (const [path, text] of Object.entries(files)) {
      const made = await this.as('hopper', 'POST', `/api/workspaces/${material.id}/files`, {
        path: `${folder}/${path}`,
        text,
      });
      if (made.status !== 201) throw new Error(`not made: ${JSON.stringify(made.body)}`);
    }
    return folder;
  }

  /** Publishes a folder of the lecture notes; answers the id of the item when everybody can see it. */
  async publish(more: Partial<PublishItemDto>, files: Readonly<Record<string, string>> = { 'main.py': 'x = 1\n' }) {
    const path = await this.source(files);
    const { id: workspace } = await this.api.workspace(await this.token('hopper'), /^Lecture Notes$/);
    const body = {
      ...{ section: 'Assignments', kind: 'assignment', title: `Loops ${path}`, workspace, path },
      ...more,
    };
    const { status, body: written } = await this.as('hopper', 'POST', `/api/courses/${this.course}/items`, body);
    if (status !== 201) throw new Error(`not published: ${JSON.stringify(written)}`);
    await this.items('hopper', written.position);
    return written.id;
  }

  /** Changes an item; resolves when everybody sees it. */
  async change(item: string, changes: ChangeItemDto): Promise<void> {
    const { status, body } = await this.as('hopper', 'PATCH', `/api/items/${item}`, changes);
    if (status !== 200) throw new Error(`not changed: ${JSON.stringify(body)}`);
    await this.items('hopper', body.position);
  }

  async items(who: string, after?: string | null): Promise<ItemDto[]> {
    const query = after ? `?after=${after}` : '';
    const { status, body } = await this.as<ItemDto[]>(who, 'GET', `/api/courses/${this.course}/items${query}`);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  }

  async item(who: string, id: string, after?: string | null): Promise<ItemDto | undefined> {
    return (await this.items(who, after)).find((item) => item.id === id);
  }

  /** Opens the copy of this person and answers its workspace with its files. */
  async open(who: string, item: string): Promise<WorkspaceDto> {
    const { status, body } = await this.as(who, 'POST', `/api/items/${item}/copy`);
    if (status !== 201) throw new Error(`not opened: ${JSON.stringify(body)}`);
    const query = body.position ? `?after=${body.position}` : '';
    return (await this.as<WorkspaceDto>(who, 'GET', `/api/workspaces/${body.id}${query}`)).body;
  }
}

/** A moment so many milliseconds from now, as requests give it. */
export function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
