import { useComputedColorScheme } from '@mantine/core';
import { Compartment, EditorState, Text } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { notifications } from '@mantine/notifications';
import { useEffect, useRef } from 'react';
import { yCollab } from 'y-codemirror.next';
import { schemeExtensions } from '../code-look.js';
import { accessExtensions, editingExtensions, viewingExtensions } from './editor-extensions.js';
import { cursorRequest } from '../cursor-request.js';
import { lineEndings } from './line-endings.js';
import { nameFlags } from './name-flags.js';
import type { OpenFile } from './open-files.js';
import { placeCursor } from './place-cursor.js';
import { steadySelection } from './steady-selection.js';
import { boundedLength, TOO_LONG } from './text-limits.js';

interface Props {
  readonly file: OpenFile;
  readonly path: string;
  readonly readOnly: boolean;
}

const access = new Compartment();
const scheme = new Compartment();
const viewing = new Compartment();

const labelOf = (path: string, readOnly: boolean) =>
  readOnly ? `${path}, read-only` : `${path}, editor. Press Escape, then Tab to leave`;

/** CodeMirror on a shared text. A new file gets a new view; scheme, access and name change in place. */
export function TextView({ file, path, readOnly }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const colours = useComputedColorScheme('light');

  useEffect(() => {
    const parent = host.current;
    if (!parent) return;
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: Text.of(file.text.toString().split('\n')),
        extensions: [
          lineEndings(),
          boundedLength(() => notifications.show({ id: 'too-long', color: 'orange', message: TOO_LONG })),
          access.of([]),
          scheme.of([]),
          viewing.of([]),
          editingExtensions(),
          yCollab(file.text, file.awareness, { undoManager: file.undo }),
          nameFlags(file.awareness),
          steadySelection(file.text, file.awareness),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      // Others must not see the cursor of somebody who has left; the awareness may live on while the file saves.
      file.awareness.setLocalStateField('cursor', null);
      editor.destroy();
    };
  }, [file]);

  useEffect(() => {
    view.current?.dispatch({
      effects: [
        access.reconfigure(accessExtensions(readOnly)),
        scheme.reconfigure(schemeExtensions(colours)),
        viewing.reconfigure(viewingExtensions(labelOf(path, readOnly), path)),
      ],
    });
  }, [file, path, readOnly, colours]);

  useEffect(() => {
    const go = () => {
      const wanted = cursorRequest.value;
      if (!view.current || wanted?.file !== file.id) return;
      placeCursor(view.current, wanted.line);
      cursorRequest.set(null);
    };
    go();
    return cursorRequest.subscribe(go);
  }, [file]);

  return <div ref={host} className="editor-host" data-testid="editor" />;
}
