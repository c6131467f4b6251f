import { ActionIcon, Alert, Button, Text } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconBook, IconHistory, IconTimeline, IconUsers } from '@tabler/icons-react';
import type { CourseDto, FileDto, UserDto, WorkspaceDto } from '@palimpsest/protocol/wire';
import { lazy, Suspense, useEffect, useState } from 'react';
import { sentenceOf } from './api-client.js';
import { firstFile, firstWorkspace, useCourses, useWorkspace } from './classroom.js';
import { clockTime } from './clock-time.js';
import { useRuns } from './console/use-runs.js';
import { BinaryPane } from './files/binary-pane.js';
import { FilesPane } from './files/files-pane.js';
import { cursorRequest } from './cursor-request.js';
import { currentRoute, navigate } from './navigation.js';
import { RefusedChanges } from './outbox/refused-changes.js';
import { useKeptChanges } from './outbox/use-kept-changes.js';
import { Patience } from './patience.js';
import type { PersonHere } from './people-here.js';
import { activityPath, coursePath, peoplePath, workspacePath } from './route.js';
import { WorkBar } from './course/work-bar.js';
import { describeSaveState, saveStatus } from './save-status.js';
import { CourseSettings } from './shell/course-settings.js';
import { Header } from './shell/header.js';
import { type PaneName, Panes } from './shell/panes.js';
import { PresenceRow } from './shell/presence-row.js';
import { RunButton } from './shell/run-button.js';
import { SaveStateText } from './shell/save-state.js';
import { useUnsavedGuard } from './shell/unsaved-guard.js';
import { UserMenu } from './shell/user-menu.js';
import { useWorkbenchKeys } from './shell/workbench-keys.js';
import { courseOf, WorkspaceChooser } from './shell/workspace-chooser.js';
import { useSignal } from './signal.js';

const EditorPane = lazy(() => import('./editor/editor-pane.js'));
const ConsolePane = lazy(() => import('./console/console-pane.js'));
const ReplayDrawer = lazy(() => import('./replay/replay-drawer.js'));

const NO_COURSES: readonly CourseDto[] = [];
const NOBODY: readonly PersonHere[] = [];

/** Where people work: finds the workspace that the address names, or chooses the first. */
export function Workbench({ me }: { readonly me: UserDto }) {
  const route = useSignal(currentRoute);
  useKeptChanges(me);
  const courses = useCourses();
  const list = courses.data ?? NO_COURSES;
  const chosen = route.page === 'workspace' ? route.workspace : (firstWorkspace(list)?.id ?? null);
  const file = route.page === 'workspace' ? route.file : null;
  // A student's copy of an assignment is in no list of their teachers', who come to it from the course's page.
  const course = courseOf(list, chosen) ?? (list.length === 1 ? list[0] : undefined);
  const header = (
    <>
      <Text className="workspace-course" size="sm" fw={600} truncate data-testid="course-title">
        {course?.title ?? ''}
      </Text>
      {course && isProfessorOf(course, me) && <CourseSettings course={course} />}
      {course && <CourseLink course={course} />}
      {course && isProfessorOf(course, me) && <PeopleLink course={course} />}
      <WorkspaceChooser courses={list} selected={chosen} me={me} onSelect={(id) => navigate(workspacePath(id, null))} />
    </>
  );
  if (chosen !== null) return <OpenWorkspace key={chosen} id={chosen} file={file} me={me} chooser={header} />;
  return (
    <div className="workbench">
      <Header start={null} user={<UserMenu me={me} />} />
      <main>
        <NoWorkspace isPending={courses.isPending} error={courses.error} />
      </main>
    </div>
  );
}

function NoWorkspace({ isPending, error }: { readonly isPending: boolean; readonly error: Error | null }) {
  if (isPending) return <Patience what="Opening your courses" still="The server takes longer than usual." />;
  const text = error
    ? sentenceOf(error)
    : 'You are in no course yet. Your teacher adds you to one; then load this page again.';
  return (
    <Alert m="md" color={error ? 'red' : 'gray'} data-testid="no-workspace">
      {text}
    </Alert>
  );
}

interface OpenProps {
  readonly id: string;
  readonly file: string | null;
  readonly me: UserDto;
  readonly chooser: React.ReactNode;
}

/** One workspace: files, editor, console and what stands above them. */
function OpenWorkspace({ id, file: fileId, me, chooser }: OpenProps) {
  const { data: workspace, error } = useWorkspace(id);
  const [pane, setPane] = useState<PaneName>('editor');
  const [people, setPeople] = useState(NOBODY);
  // A link to a moment of the history opens it.
  const [replaying, setReplaying] = useState(() => new URLSearchParams(location.search).has('at'));
  const runs = useRuns(id, me);
  const file = workspace?.files.find((one) => one.id === fileId) ?? null;
  useFirstFile(id, fileId, workspace);
  useUnsavedGuard();
  useDocumentTitle([file?.path, workspace?.name, 'Palimpsest'].filter(Boolean).join(' · '));

  const canWrite = workspace?.access === 'write';
  const entry = entryOf(workspace, file);
  const run = () => {
    if (!canWrite || entry === null) return;
    if (runs.isBusy) return sayStillRunning();
    setPane('console');
    runs.run({ mode: 'script', entry });
  };
  const open = (chosen: string | null) => {
    setPane('editor');
    navigate(workspacePath(id, chosen));
  };
  useWorkbenchKeys({ run, save: sayWhetherSaved });
  const lineOf = (path: string, line: number) => {
    const wanted = workspace?.files.find((one) => one.path === path);
    if (!wanted) return null;
    return () => {
      setPane('editor');
      navigate(workspacePath(id, wanted.id));
      cursorRequest.set({ file: wanted.id, line });
    };
  };

  return (
    <div className="workbench">
      <Header
        start={chooser}
        centre={
          <RunButton
            entry={entry}
            isBusy={runs.isBusy}
            isStarting={runs.isStarting}
            canRun={canWrite}
            waitSeconds={runs.waitSeconds}
            onRun={run}
            onStop={runs.stop}
          />
        }
        end={
          <>
            <SaveStateText />
            <PresenceRow people={file ? people : NOBODY} />
            <Button
              variant="default"
              leftSection={<IconHistory size={16} aria-hidden />}
              disabled={file?.kind !== 'text'}
              onClick={() => setReplaying(true)}
              data-testid="history-button"
            >
              History
            </Button>
            <Button
              component="a"
              href={activityPath({ workspace: id })}
              variant="default"
              leftSection={<IconTimeline size={16} aria-hidden />}
              data-testid="activity-button"
            >
              Activity
            </Button>
          </>
        }
        user={<UserMenu me={me} />}
      />
      <main className="workbench-main">
        <RefusedChanges />
        {workspace?.kind === 'copy' && <WorkBar key={workspace.id} workspace={workspace} />}
        <h1 className="visually-hidden">{workspace ? `Workspace ${workspace.name}` : 'Workspace'}</h1>
        {workspace ? (
          <Panes
            shown={pane}
            onShow={setPane}
            files={<FilesPane workspace={workspace} selected={fileId} onSelect={open} />}
            editor={
              <Suspense fallback={<Patience what="Loading the editor" />}>
                {file?.kind === 'binary' ? (
                  <BinaryPane key={file.id} workspace={id} file={file} />
                ) : file ? (
                  <EditorPane file={file} readOnly={!canWrite} me={me} onPeople={setPeople} />
                ) : (
                  <NoFile workspace={workspace} wanted={fileId} />
                )}
              </Suspense>
            }
            console={
              <Suspense fallback={<Patience what="Loading the console" />}>
                <ConsolePane runs={runs} canWrite={canWrite} onOpenFile={open} lineOf={lineOf} />
              </Suspense>
            }
          />
        ) : (
          <WorkspaceProblem error={error} />
        )}
      </main>
      {replaying && file && (
        <Suspense fallback={null}>
          <ReplayDrawer file={file} onClose={() => setReplaying(false)} />
        </Suspense>
      )}
    </div>
  );
}

function CourseLink({ course }: { readonly course: CourseDto }) {
  return (
    <ActionIcon
      component="a"
      href={coursePath(course.id)}
      variant="subtle"
      color="gray"
      aria-label={`What the course ${course.title} has published`}
      data-testid="course-link"
    >
      <IconBook size={18} aria-hidden />
    </ActionIcon>
  );
}

function PeopleLink({ course }: { readonly course: CourseDto }) {
  return (
    <ActionIcon
      component="a"
      href={peoplePath(course.id)}
      variant="subtle"
      color="gray"
      aria-label={`People of the course ${course.title}`}
      data-testid="people-link"
    >
      <IconUsers size={18} aria-hidden />
    </ActionIcon>
  );
}

function isProfessorOf(course: CourseDto, me: UserDto): boolean {
  return course.members.some((member) => member.id === me.id && member.role === 'professor');
}

/** The address names no file, or the choice was the page's: shows the first. A file that is gone stays named, and said so. */
function useFirstFile(id: string, fileId: string | null, workspace: WorkspaceDto | undefined): void {
  const first = workspace ? firstFile(workspace) : null;
  useEffect(() => {
    if (fileId === null && first !== null) navigate(workspacePath(id, first), 'replace');
  }, [id, fileId, first]);
}

/** What Run runs: the file that is open if it is a program, else `main.py`. */
function entryOf(workspace: WorkspaceDto | undefined, file: FileDto | null): string | null {
  if (file?.path.endsWith('.py')) return file.path;
  return workspace?.files.some(({ path }) => path === 'main.py') ? 'main.py' : null;
}

function sayWhetherSaved(): void {
  const state = saveStatus.state.value;
  const isSaved = state === null || state.kind === 'saved';
  const message = isSaved
    ? 'Already saved: every change is.'
    : `${describeSaveState(state, clockTime)}. Every change is saved by itself.`;
  notifications.show({ id: 'saved', message, autoClose: 3_000 });
}

function sayStillRunning(): void {
  notifications.show({ id: 'busy', message: 'A program is still running here: stop it first.', autoClose: 4_000 });
}

function NoFile({ workspace, wanted }: { readonly workspace: WorkspaceDto; readonly wanted: string | null }) {
  const text =
    wanted !== null
      ? 'This file is not here: it was deleted, or the address is wrong. Choose another on the left.'
      : workspace.files.length === 0
        ? 'There are no files here yet.'
        : 'Choose a file.';
  return (
    <Text p="md" c="dimmed" data-testid="no-file">
      {text}
    </Text>
  );
}

function WorkspaceProblem({ error }: { readonly error: Error | null }) {
  if (!error) return <Patience what="Opening the workspace" still="The server takes longer than usual." />;
  return (
    <Alert m="md" color="red" role="alert" data-testid="workspace-problem">
      {sentenceOf(error)}
    </Alert>
  );
}
