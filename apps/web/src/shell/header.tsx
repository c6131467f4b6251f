import type { ReactNode } from 'react';
import './shell.css';

interface Props {
  readonly start: ReactNode;
  readonly centre?: ReactNode;
  readonly end?: ReactNode;
  readonly user: ReactNode;
}

/** The bar at the top. On a narrow page what stands at the end moves to a second line. */
export function Header({ start, centre, end, user }: Props) {
  return (
    <header className="page-header">
      <div className="header-start">
        <img src="/favicon.svg" alt="Palimpsest" width={26} height={26} />
        {start}
      </div>
      <div className="header-centre">{centre}</div>
      <div className="header-end">{end}</div>
      <div className="header-user">{user}</div>
    </header>
  );
}
