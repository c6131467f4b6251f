import { Select } from '@mantine/core';
import type { CourseDto, UserDto, WorkspaceSummaryDto } from '@palimpsest/protocol/wire';

interface Props {
  readonly courses: readonly CourseDto[];
  readonly selected: string | null;
  readonly me: UserDto;
  readonly onSelect: (workspace: string) => void;
}

/** All workspaces that the person may see, by course; people's own by the names of their owners. */
export function WorkspaceChooser({ courses, selected, me, onSelect }: Props) {
  const data = courses.map((course) => ({
    group: course.title,
    items: course.workspaces.map((workspace) => ({ value: workspace.id, label: labelOf(workspace, course, me) })),
  }));
  return (
    <Select
      className="workspace-chooser"
      aria-label="Course and workspace"
      data={data}
      value={selected}
      onChange={(value) => value !== null && onSelect(value)}
      allowDeselect={false}
      searchable={data.reduce((count, group) => count + group.items.length, 0) > 8}
      nothingFoundMessage="No workspace of this name"
      maxDropdownHeight={420}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      data-testid="workspace-select"
    />
  );
}

function labelOf(workspace: WorkspaceSummaryDto, course: CourseDto, me: UserDto): string {
  const owner = course.members.find((member) => member.id === workspace.owner);
  const isSomeonesOwn = workspace.kind === 'personal' && workspace.owner !== me.id && owner !== undefined;
  const name = isSomeonesOwn ? `${owner.displayName}: ${workspace.name}` : workspace.name;
  return workspace.access === 'read' ? `${name} (read-only)` : name;
}

/** The course that a workspace is in. */
export function courseOf(courses: readonly CourseDto[], workspace: string | null): CourseDto | undefined {
  return courses.find((course) => course.workspaces.some(({ id }) => id === workspace));
}
