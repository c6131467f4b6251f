/** A class: students with a workspace each, made as the seeding of the demo course makes its people. */
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { Accounts } from '../../../apps/api/dist/auth/accounts.js';
import { Credentials } from '../../../apps/api/dist/auth/credentials.js';
import { accountId } from '../../../apps/api/dist/auth/account-id.js';
import { CommandHandler } from '../../../apps/api/dist/commands/command-handler.js';
import { systemContext } from '../../../apps/api/dist/commands/context.js';
import { writeFirstText } from '../../../apps/api/dist/workspaces/file-content.js';
import { courseDecider, streamOf, workspaceDecider } from '../../../libs/domain/dist/index.js';
import { createPostgresEventStore } from '../../../libs/event-store/dist/index.js';

const pg = createRequire(new URL('../../../apps/api/package.json', import.meta.url))('pg');

/** Students of `course`, with `text` in the file `path` of a workspace of their own: user name, password, workspace. */
export async function makeStudents(databaseUrl, { count, course, path, text, prefix = 'student' }) {
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  const commands = new CommandHandler(store);
  const accounts = new Accounts(commands, new Credentials(pool));
  try {
    const students = [];
    for (let n = 0; n < count; n++) {
      const student = { username: `${prefix}${n}`, password: randomUUID(), workspace: randomUUID() };
      const user = accountId(student.username);
      await accounts.ensure({ ...student, displayName: `Student ${n}`, role: 'student' }, systemContext());
      const enrol = { kind: 'enrol', user, role: 'student' };
      await commands.execute(streamOf.course(course), courseDecider, enrol, systemContext({ course }));
      const stream = streamOf.workspace(student.workspace);
      const context = systemContext({ course, workspace: student.workspace });
      const workspace = { id: student.workspace, kind: 'personal', course, owner: user, name: `Work of ${n}` };
      await commands.execute(stream, workspaceDecider, { kind: 'open', workspace }, context);
      const file = randomUUID();
      await writeFirstText(store, file, text, { ...context, file });
      await commands.execute(stream, workspaceDecider, { kind: 'createFile', file, path }, { ...context, file });
      students.push(student);
    }
    return students;
  } finally {
    await pool.end();
    await store.close();
  }
}
