import { Alert, Anchor, Group, Paper, Select, Text, Title } from '@mantine/core';
import type { CourseDto, StudentMetricsDto, UserDto } from '@palimpsest/protocol/wire';
import { useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { useCourses } from '../classroom.js';
import { Patience } from '../patience.js';
import { coursePath } from '../route.js';
import { DayChart } from './day-chart.js';
import { FigureList, NamedTables } from './figure-list.js';
import './metrics.css';
import { StudentTable } from './student-table.js';
import { useClassMetrics, usePersonMetrics, useStudentMetrics } from './use-metrics.js';

const RANGES = { '1': 'Today', '7': 'The last 7 days', '28': 'The last 28 days', '140': 'The last 20 weeks' };

interface Props {
  readonly me: UserDto;
  readonly course: string;
}

/** Figures of a course: of the class for those who teach it, of their own work for its students. */
export default function MetricsPage({ me, course: id }: Props) {
  const courses = useCourses();
  const [days, setDays] = useState('28');
  const course = courses.data?.find((one) => one.id === id);
  if (courses.error) return <Problem error={courses.error} />;
  if (!courses.data) return <Patience what="Asking for your courses" />;
  if (!course)
    return (
      <Alert m="md" color="gray" role="alert">
        You are not in this course.
      </Alert>
    );
  const role = course.members.find((member) => member.id === me.id)?.role ?? 'student';
  const title = role === 'student' ? 'My work' : 'Metrics';
  return (
    <div className="metrics-page" role="region" aria-labelledby="metrics-title" tabIndex={0} data-testid="metrics-page">
      <Group justify="space-between">
        <Title order={1} size="h3" id="metrics-title">
          {title}: {course.title}
        </Title>
        <Group>
          <Select
            aria-label="Days"
            data={Object.entries(RANGES).map(([value, label]) => ({ value, label }))}
            value={days}
            onChange={(chosen) => chosen !== null && setDays(chosen)}
            allowDeselect={false}
            data-testid="metrics-range"
          />
          <Anchor href={coursePath(course.id)}>To the course</Anchor>
        </Group>
      </Group>
      {role === 'student' ? (
        <OnePerson course={course.id} person={me.id} days={Number(days)} />
      ) : (
        <Class course={course} days={Number(days)} />
      )}
      <Text size="sm" c="dimmed">
        Active time is the sum of the pauses of at most five minutes between actions. Error Quotient (0 to 1) and
        Repeated Error Density say how often runs of a day fail one after the other, and with the same exception. Days
        are of UTC.
      </Text>
    </div>
  );
}

function Problem({ error }: { readonly error: unknown }) {
  return (
    <Alert m="md" color="red" role="alert">
      {sentenceOf(error)}
    </Alert>
  );
}

function Class({ course, days }: { readonly course: CourseDto; readonly days: number }) {
  const all = useClassMetrics(course.id, days);
  const students = useStudentMetrics(course.id, days);
  const [shown, setShown] = useState<StudentMetricsDto | null>(null);
  const error = all.error ?? students.error;
  if (error) return <Problem error={error} />;
  if (!all.data || !students.data) return <Patience what="Adding up" />;
  return (
    <>
      <Section title="The class">
        <Text size="sm" mb="xs" data-testid="metrics-people">
          {all.data.people} of {students.data.length} students did something.
        </Text>
        <FigureList figures={all.data.figures} />
      </Section>
      <Section title="Runs of each day">
        <DayChart days={all.data.days} />
      </Section>
      <Section title="Students">
        <StudentTable students={students.data} onShow={setShown} />
      </Section>
      {shown && (
        <Section title={shown.displayName} testId="metrics-person">
          <Text size="sm" mb="xs">
            That you looked at these is recorded, and {shown.displayName} can see it.
          </Text>
          <OnePerson key={shown.person} course={course.id} person={shown.person} days={days} />
        </Section>
      )}
      <NamedTables named={all.data.named} ofClass />
    </>
  );
}

function OnePerson({
  course,
  person,
  days,
}: {
  readonly course: string;
  readonly person: string;
  readonly days: number;
}) {
  const { data, error } = usePersonMetrics(course, person, days);
  if (error) return <Problem error={error} />;
  if (!data) return <Patience what="Adding up" />;
  return (
    <>
      <FigureList figures={data.figures} />
      <DayChart days={data.days} />
      <NamedTables named={data.named} ofClass={false} />
    </>
  );
}

interface SectionProps {
  readonly title: string;
  readonly testId?: string;
  readonly children: React.ReactNode;
}

function Section({ title, testId, children }: SectionProps) {
  return (
    <Paper component="section" withBorder p="md" aria-label={title} data-testid={testId}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </Paper>
  );
}
