import { courseDecider, type CourseId, isId, streamOf, asId } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type { RosterDto, RosterPreviewDto } from '@palimpsest/protocol';
import type pg from 'pg';
import { AccountChanges } from '../auth/account-changes.js';
import { Credentials } from '../auth/credentials.js';
import { Emails } from '../auth/emails.js';
import { SessionEnding } from '../auth/session-ending.js';
import { SignInThrottle } from '../auth/sign-in-throttle.js';
import { CommandHandler } from '../commands/command-handler.js';
import { operatorContext } from '../commands/context.js';
import { type RosterImport, Rosters } from './rosters.js';

/** Rosters for whoever has the machine: the same service as the page's, with the rights of the system. */
export interface OpenRosters {
  /** The course with this id or title. Throws Error with a sentence when there is none, or more than one. */
  course(idOrTitle: string): Promise<CourseId>;
  preview(course: CourseId, roster: RosterDto): Promise<RosterPreviewDto>;
  import(
    course: CourseId,
    roster: RosterDto & { readonly digest: string },
    keep: Parameters<Rosters['import']>[3],
  ): Promise<RosterImport>;
}

export function openRosters(store: EventStore, pool: pg.Pool): OpenRosters {
  const commands = new CommandHandler(store);
  const credentials = new Credentials(pool);
  const ending = new SessionEnding(pool, commands);
  const changes = new AccountChanges(commands, credentials, ending, new SignInThrottle(pool), pool);
  const rosters = new Rosters(commands, credentials, new Emails(pool), changes, pool);
  return {
    course: (idOrTitle) => findCourse(idOrTitle, commands, pool),
    preview: (course, roster) => rosters.preview(course, roster, operatorContext({ course })),
    import: (course, roster, keep) => rosters.import(course, roster, operatorContext({ course }), keep),
  };
}

async function findCourse(idOrTitle: string, commands: CommandHandler, pool: pg.Pool): Promise<CourseId> {
  if (isId(idOrTitle)) {
    const course = asId<CourseId>(idOrTitle);
    if ((await commands.load(streamOf.course(course), courseDecider)).state.exists) return course;
    throw new Error(`There is no course with the id ${idOrTitle}.`);
  }
  const { rows } = await pool.query<{ id: CourseId; title: string }>(
    'select id, title from read.course order by title',
  );
  const found = rows.filter(({ title }) => title.toLowerCase() === idOrTitle.trim().toLowerCase());
  if (found.length === 1 && found[0]) return found[0].id;
  const list = (found.length > 1 ? found : rows).map(({ id, title }) => `${id}  ${title}`).join('\n  ');
  if (found.length > 1) throw new Error(`Several courses are called "${idOrTitle}": give an id.\n  ${list}`);
  throw new Error(`There is no course "${idOrTitle}". There are:\n  ${list}`);
}
