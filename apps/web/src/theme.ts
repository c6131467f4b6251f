import { Badge, createTheme, Modal, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const SCALE = 10;

/** One colour in all ten shades: filled buttons use it in both schemes, where white on it has a contrast of 5 : 1. */
function single(colour: string): MantineColorsTuple {
  return Array.from({ length: SCALE }, () => colour) as unknown as MantineColorsTuple;
}

export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: { light: 9, dark: 9 },
  colors: { run: single('#1f7a35'), stop: single('#c92a2a') },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
  defaultRadius: 'sm',
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    Badge: Badge.extend({ defaultProps: { tt: 'none' } }),
    Modal: Modal.extend({ styles: { title: { fontWeight: 600 } } }),
  },
});

/** Mantine's greys for lesser text and its red for errors miss WCAG's 4.5 : 1; these do not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--palimpsest-track': '#c3c9d1',
    '--mantine-color-dimmed': '#59616c',
    '--mantine-color-placeholder': '#69717c',
    '--mantine-color-error': '#b42318',
    '--palimpsest-chrome': '#f5f6f8',
    '--palimpsest-hover': '#e9ecf0',
    '--palimpsest-current': '#dceef2',
    '--palimpsest-active-line': '#f1f5f980',
    '--palimpsest-terminal': '#ffffff',
    '--palimpsest-saved': '#1c6b30',
    '--palimpsest-warning': '#8a4b00',
  },
  dark: {
    '--palimpsest-track': '#565b64',
    '--mantine-color-body': '#1a1b1e',
    '--mantine-color-text': '#dee2e6',
    '--mantine-color-dimmed': '#a3abb5',
    '--mantine-color-placeholder': '#99a1ab',
    '--mantine-color-error': '#ff9d94',
    '--palimpsest-chrome': '#222327',
    '--palimpsest-hover': '#2f3136',
    '--palimpsest-current': '#15373d',
    '--palimpsest-active-line': '#ffffff0a',
    '--palimpsest-terminal': '#1a1b1e',
    '--palimpsest-saved': '#7fd491',
    '--palimpsest-warning': '#ffc078',
  },
});
