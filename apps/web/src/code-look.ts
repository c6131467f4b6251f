import { defaultHighlightStyle, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { oneDarkHighlightStyle } from '@codemirror/theme-one-dark';
import { EditorView } from '@codemirror/view';

/** How code looks in the editor and in the replay. Colours come from Mantine's variables, so that one switch of the scheme changes everything. */
export const codeLook = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--mantine-color-body)', color: 'var(--mantine-color-text)' },
  '&.cm-focused': { outline: '2px solid var(--mantine-primary-color-filled)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '14px', lineHeight: '1.55' },
  '.cm-gutters': {
    // Not transparent: long lines are scrolled below it.
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--mantine-color-dimmed)',
    borderRight: '1px solid var(--mantine-color-default-border)',
  },
  '.cm-content': { caretColor: 'var(--mantine-color-text)', paddingTop: '8px' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)', borderLeftWidth: '2px' },
  '.cm-activeLine': { backgroundColor: 'var(--palimpsest-active-line)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--palimpsest-active-line)' },
  '.cm-panels': { backgroundColor: 'var(--palimpsest-chrome)', color: 'var(--mantine-color-text)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--mantine-color-body)',
    border: '1px solid var(--mantine-color-default-border)',
  },
  '.cm-textfield, .cm-button': { backgroundImage: 'none', backgroundColor: 'var(--mantine-color-body)' },
  '.cm-foldPlaceholder': { backgroundColor: 'transparent', color: 'var(--mantine-color-dimmed)' },
});

/** Colours of the default style that miss 4.5 : 1 on white, and darker ones of the same hue. */
const DARKER: Readonly<Record<string, string>> = { '#e40': '#b83b00', '#f00': '#c00000' };

const lightStyle = HighlightStyle.define(
  defaultHighlightStyle.specs.map((spec) => {
    const darker = DARKER[String(spec['color'])];
    return darker === undefined ? spec : { ...spec, color: darker };
  }),
);

/** The default highlight is unreadable on dark. */
export function schemeExtensions(scheme: 'light' | 'dark'): Extension {
  const dark = scheme === 'dark';
  return [syntaxHighlighting(dark ? oneDarkHighlightStyle : lightStyle), EditorView.theme({}, { dark })];
}
