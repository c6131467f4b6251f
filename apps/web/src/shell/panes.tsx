import { Splitter } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconCode, IconFiles, IconTerminal2 } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** Which pane a narrow page shows. */
export type PaneName = 'files' | 'editor' | 'console';

interface Props {
  readonly files: ReactNode;
  readonly editor: ReactNode;
  readonly console: ReactNode;
  readonly shown: PaneName;
  readonly onShow: (pane: PaneName) => void;
}

/** Files left, editor centre, console below, all resizable; below 700 px one of them at a time. */
export function Panes(props: Props) {
  const narrow = useMediaQuery('(max-width: 699px)', undefined, { getInitialValueInEffect: false });
  return narrow ? <OnePane {...props} /> : <AllPanes {...props} />;
}

/** The line between two panes is wide enough to be taken hold of, and says by its colour that it can be. */
const LINE = { lineSize: 5, withHandle: false, step: 2, classNames: { handle: 'pane-line' } } as const;

function AllPanes({ files, editor, console }: Props) {
  return (
    <Splitter className="panes" {...LINE}>
      <Splitter.Pane defaultSize={18} min={10} className="pane">
        {files}
      </Splitter.Pane>
      <Splitter.Pane defaultSize={82} min={40} className="pane">
        <Splitter className="panes" orientation="vertical" {...LINE}>
          <Splitter.Pane defaultSize={62} min={15} className="pane">
            {editor}
          </Splitter.Pane>
          <Splitter.Pane defaultSize={38} min={12} className="pane">
            {console}
          </Splitter.Pane>
        </Splitter>
      </Splitter.Pane>
    </Splitter>
  );
}

const TABS = [
  { name: 'files', label: 'Files', Icon: IconFiles },
  { name: 'editor', label: 'Editor', Icon: IconCode },
  { name: 'console', label: 'Console', Icon: IconTerminal2 },
] as const;

/** All stay mounted: a terminal that is hidden goes on taking output. */
function OnePane(props: Props) {
  const { shown, onShow } = props;
  return (
    <>
      {TABS.map(({ name }) => (
        <div key={name} className="pane one-pane" hidden={name !== shown}>
          {props[name]}
        </div>
      ))}
      <nav className="pane-tabs" aria-label="Panes">
        {TABS.map(({ name, label, Icon }) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === shown}
            onClick={() => onShow(name)}
            data-testid={`tab-${name}`}
          >
            <Icon size={20} aria-hidden />
            {label}
          </button>
        ))}
      </nav>
    </>
  );
}
