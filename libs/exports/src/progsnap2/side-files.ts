import { csvRecord } from '../csv.js';
import type { ExportFolder } from '../export-folder.js';
import type { Pseudonyms } from '../pseudonyms.js';
import type { CourseScope } from '../scope.js';
import type { Mode } from './columns.js';
import { datasetReadme } from './dataset-readme.js';

export interface LinkedPerson {
  readonly id: string;
  readonly role: string | null;
  readonly username: string;
  readonly displayName: string;
}

export interface SideFiles {
  readonly scope: CourseScope;
  readonly mode: Mode;
  readonly identified: boolean;
  readonly ids: Pseudonyms;
  readonly subjects: readonly LinkedPerson[];
  readonly version: string;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

const METADATA = [
  ['Version', '1.0'],
  ['IsEventOrderingConsistent', 'True'],
  ['EventOrderScope', 'Global'],
  ['EventOrderScopeColumns', ''],
  ['CodeStateRepresentation', 'Table'],
  ['ProgramInputLinkTable', ''],
] as const;

/** Everything beside the main table and the code states: metadata, link tables, README. */
export async function writeSideFiles(folder: ExportFolder, files: SideFiles): Promise<void> {
  await folder.write('DatasetMetadata.csv', [['Property', 'Value'], ...METADATA].map(csvRecord).join(''));
  await folder.write('LinkTables/LinkSubject.csv', linkSubject(files));
  await folder.write('LinkTables/LinkTeam.csv', linkTeam(files));
  await folder.write('LinkTables/LinkAssignment.csv', linkAssignment(files));
  await folder.write('README.md', datasetReadme(files));
}

/** Without names nothing in it says who somebody is. In the order of the pseudonyms, so that the order tells nothing. */
function linkSubject({ subjects, ids, identified }: SideFiles): string {
  const head = ['SubjectID', 'Role', ...(identified ? ['UserID', 'Username', 'DisplayName'] : [])];
  const rows = subjects.map(({ id, role, username, displayName }) => [
    ids.of('person', id),
    role ?? '',
    ...(identified ? [id, username, displayName] : []),
  ]);
  return [head, ...rows.sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))].map(csvRecord).join('');
}

function linkTeam({ scope, ids }: SideFiles): string {
  const rows = scope.groups.flatMap(({ id, members }) =>
    members.map((member) => [ids.of('group', id), ids.of('person', member)]),
  );
  return [['TeamID', 'SubjectID'], ...rows].map(csvRecord).join('');
}

function linkAssignment({ scope }: SideFiles): string {
  const rows = scope.items.map(({ id, kind, section, title }) => [id, kind, section, title]);
  return [['AssignmentID', 'Kind', 'Section', 'Title'], ...rows].map(csvRecord).join('');
}
