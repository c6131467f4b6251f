import { Alert, Badge, Button, Group, Modal, Paper, Select, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { CourseDto, ItemDto, UserDto } from '@palimpsest/protocol/wire';
import { useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { useCourses } from '../classroom.js';
import { navigate } from '../navigation.js';
import { CourseExports } from '../exports/course-exports.js';
import { Patience } from '../patience.js';
import { coursePath, metricsPath, workspacePath } from '../route.js';
import './course.css';
import { ItemOverview } from './item-overview.js';
import { ItemSettings } from './item-settings.js';
import { phaseInWords } from './phase-in-words.js';
import { PublishForm } from './publish-form.js';
import { useItemCommands, useItems, useServerTime } from './use-items.js';

interface Props {
  readonly me: UserDto;
  /** The one in the address; null: the first. */
  readonly course: string | null;
}

/** What a course has published, by section, as it stands for the person. */
export default function CoursePage({ me, course }: Props) {
  const courses = useCourses();
  const chosen = courses.data?.find(({ id }) => id === course) ?? courses.data?.[0];
  if (courses.error) return <Problem text={sentenceOf(courses.error)} />;
  if (!courses.data) return <Patience what="Asking for your courses" />;
  if (!chosen) return <Problem text="You are in no course yet. Your teacher adds you to one." />;
  return (
    <div className="course-page" role="region" aria-labelledby="course-title" tabIndex={0} data-testid="course-page">
      <Group justify="space-between">
        <Title order={1} size="h3" id="course-title">
          {chosen.title}
        </Title>
        {courses.data.length > 1 && (
          <Select
            aria-label="Course"
            data={courses.data.map(({ id, title }) => ({ value: id, label: title }))}
            value={chosen.id}
            onChange={(id) => id !== null && navigate(coursePath(id), 'replace')}
            allowDeselect={false}
          />
        )}
      </Group>
      <Sections key={chosen.id} course={chosen} me={me} />
    </div>
  );
}

function Problem({ text }: { readonly text: string }) {
  return (
    <Alert m="md" color="gray" role="alert">
      {text}
    </Alert>
  );
}

/** The role of the person in the course, as far as the list of members says it: students are not shown it. */
function roleOf(course: CourseDto, me: UserDto): string {
  return course.members.find(({ id }) => id === me.id)?.role ?? 'student';
}

function Sections({ course, me }: { readonly course: CourseDto; readonly me: UserDto }) {
  const items = useItems(course.id);
  const now = useServerTime(items.data, items.dataUpdatedAt);
  const [publishing, setPublishing] = useState(false);
  const role = roleOf(course, me);
  const teaches = role === 'professor' || role === 'assistant';
  const mayIdentify = role === 'auditor' || me.role === 'admin';
  if (items.error) return <Problem text={sentenceOf(items.error)} />;
  if (!items.data) return <Patience what="Asking what there is" />;
  const sections = [...new Set([...course.sections, ...items.data.map(({ section }) => section)])];
  return (
    <>
      <Group>
        {teaches && (
          <Button onClick={() => setPublishing(true)} data-testid="publish-open">
            Publish…
          </Button>
        )}
        <Button component="a" href={metricsPath(course.id)} variant="default" data-testid="metrics-link">
          {role === 'student' ? 'My work in figures' : 'Metrics'}
        </Button>
        {(role === 'professor' || mayIdentify) && <CourseExports course={course} mayIdentify={mayIdentify} />}
      </Group>
      {sections.map((section) => {
        const there = items.data.filter((item) => item.section === section);
        return (
          <Paper key={section} component="section" withBorder p="md" aria-label={section}>
            <Title order={2} size="h5" mb="xs">
              {section}
            </Title>
            {there.length === 0 && (
              <Text size="sm" c="dimmed">
                Nothing here yet.
              </Text>
            )}
            <ul className="item-list">
              {there.map((item) => (
                <ItemLine key={item.id} item={item} role={role} now={now} />
              ))}
            </ul>
          </Paper>
        );
      })}
      <Modal opened={publishing} onClose={() => setPublishing(false)} title="Publish" centered size="lg">
        <PublishForm course={course} onDone={() => setPublishing(false)} />
      </Modal>
    </>
  );
}

interface LineProps {
  readonly item: ItemDto;
  readonly role: string;
  readonly now: number;
}

function ItemLine({ item, role, now }: LineProps) {
  const { open } = useItemCommands(item.course);
  const [shown, setShown] = useState<'settings' | 'overview' | null>(null);
  const { text, colour } = phaseInWords(item, now);
  const teaches = role === 'professor' || role === 'assistant';
  const openCopy = () =>
    open.mutate(item.id, {
      onSuccess: ({ id }) => navigate(workspacePath(id, null)),
      onError: (error) => notifications.show({ color: 'red', message: sentenceOf(error) }),
    });
  return (
    <li className="item-line" data-testid="item" data-title={item.title}>
      <div className="item-name">
        <Text fw={600}>{item.title}</Text>
        {item.groups && (
          <Text size="xs" c="dimmed">
            {role === 'student' ? `Group: ${item.group ?? 'none yet'}` : 'in groups'}
          </Text>
        )}
      </div>
      <Badge color={colour} variant="light" tt="none" data-testid="item-phase">
        {text}
      </Badge>
      <Group gap="xs" justify="flex-end">
        {item.kind === 'material' && item.material !== null && (
          <Button size="compact-sm" variant="default" component="a" href={workspacePath(item.material, null)}>
            Read<span className="visually-hidden"> {item.title}</span>
          </Button>
        )}
        {item.kind === 'material' && item.material !== null && role !== 'auditor' && (
          <Button
            size="compact-sm"
            variant="default"
            loading={open.isPending}
            onClick={openCopy}
            data-testid="make-my-copy"
          >
            Make my copy<span className="visually-hidden"> of {item.title}</span>
          </Button>
        )}
        {item.kind !== 'material' && role === 'student' && isThere(item) && (
          <Button size="compact-sm" loading={open.isPending} onClick={openCopy} data-testid="item-open">
            {item.phase === 'locked' ? 'Look at my copy' : item.copy === null ? 'Begin' : 'Go on'}
            <span className="visually-hidden"> with {item.title}</span>
          </Button>
        )}
        {item.kind !== 'material' && role !== 'student' && item.material !== null && (
          <Button size="compact-sm" variant="default" component="a" href={workspacePath(item.material, null)}>
            Files<span className="visually-hidden"> of {item.title}</span>
          </Button>
        )}
        {item.kind !== 'material' && role !== 'student' && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => setShown('overview')}
            data-testid="item-overview-open"
          >
            Who stands where<span className="visually-hidden">: {item.title}</span>
          </Button>
        )}
        {teaches && (
          <Button size="compact-sm" variant="default" onClick={() => setShown('settings')} data-testid="item-change">
            Change<span className="visually-hidden"> {item.title}</span>
          </Button>
        )}
      </Group>
      {shown === 'settings' && <ItemSettings item={item} onClose={() => setShown(null)} />}
      {shown === 'overview' && <ItemOverview item={item} mayDecide={teaches} onClose={() => setShown(null)} />}
    </li>
  );
}

function isThere({ phase, copy }: ItemDto): boolean {
  return phase === 'open' || phase === 'late' || (phase === 'locked' && copy !== null);
}
