import { Anchor } from '@mantine/core';
import type { MouseEvent } from 'react';
import { navigate } from '../navigation.js';
import './shell.css';

const PAGES = [
  { page: 'audit', path: '/audit', label: 'Audit' },
  { page: 'people', path: '/people', label: 'People' },
  { page: 'system', path: '/system', label: 'System' },
] as const;

interface Props {
  /** Null: another page than these. */
  readonly page: (typeof PAGES)[number]['page'] | null;
  readonly managesPeople: boolean;
}

/** The pages of auditors and administrators; `people` is the latter's alone. Addresses like any other: a middle click opens one in a tab of its own. */
export function OverseerLinks({ page, managesPeople }: Props) {
  return (
    <nav aria-label="Pages" className="overseer-links">
      {PAGES.filter((one) => one.page !== 'people' || managesPeople).map((one) => (
        <Anchor
          key={one.page}
          href={one.path}
          underline="never"
          aria-current={one.page === page ? 'page' : undefined}
          onClick={(event) => follow(event, one.path)}
          data-testid={`${one.page}-link`}
        >
          {one.label}
        </Anchor>
      ))}
    </nav>
  );
}

function follow(event: MouseEvent, path: string): void {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(path);
}
