import { ActionIcon, Alert, Modal, Stack, Switch, Text } from '@mantine/core';
import { IconSettings } from '@tabler/icons-react';
import type { CourseDto, DecideModuleDto, ModuleRuleDto } from '@palimpsest/protocol/wire';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, sentenceOf } from '../api-client.js';

const WHAT: Readonly<Record<string, string>> = {
  'os.system': 'runs a command of the system',
  'os.exec': 'becomes another program',
  'os.spawn': 'starts other programs',
  'os.posix_spawn': 'starts other programs',
  'os.fork': 'makes a second process of the program',
  subprocess: 'starts other programs and reads what they print',
  ctypes: 'calls functions of the system past Python; cffi as well',
  multiprocessing: 'computes in several processes',
};

/** What a professor decides for a course. */
export function CourseSettings({ course }: { readonly course: CourseDto }) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Settings of the course ${course.title}`}
        onClick={() => setOpened(true)}
        data-testid="course-settings"
      >
        <IconSettings size={18} aria-hidden />
      </ActionIcon>
      <Modal opened={opened} onClose={() => setOpened(false)} title={`Settings: ${course.title}`} centered>
        <ModuleRules course={course.id} />
      </Modal>
    </>
  );
}

function ModuleRules({ course }: { readonly course: string }) {
  const client = useQueryClient();
  const path = `/api/courses/${course}/modules`;
  const rules = useQuery({ queryKey: ['modules', course], queryFn: () => api.get<ModuleRuleDto[]>(path) });
  const decide = useMutation({
    mutationFn: ({ module, allowed }: { readonly module: string } & DecideModuleDto) =>
      api.put(`${path}/${encodeURIComponent(module)}`, { allowed }),
    onSettled: () => client.invalidateQueries({ queryKey: ['modules', course] }),
  });
  const problem = decide.error ?? rules.error;
  return (
    <Stack gap="sm">
      <Text size="sm">
        What programs of this course may use, from their next run on. It keeps learners on the path; whatever is
        allowed, programs stay in their sandbox.
      </Text>
      {problem && (
        <Alert color="red" role="alert">
          {sentenceOf(problem)}
        </Alert>
      )}
      {rules.data?.map(({ module, allowed, decidedBy }) => (
        <Switch
          key={module}
          label={module}
          description={`${WHAT[module] ?? ''}${decidedBy === 'installation' ? ' · default of this installation' : ''}`}
          checked={decide.isPending && decide.variables.module === module ? decide.variables.allowed : allowed}
          onChange={({ currentTarget }) => decide.mutate({ module, allowed: currentTarget.checked })}
          data-testid={`module-${module}`}
        />
      ))}
    </Stack>
  );
}
