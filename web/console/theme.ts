/** The waxwing's colours as a Mantine theme: feather greys, wax red, tail yellow; teal for people, ochre for machines. */
import {
  Button,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  Paper,
  Skeleton,
  Switch,
  Table,
  Tooltip,
} from '@mantine/core';

const feather: MantineColorsTuple = [
  '#faf8f5',
  '#f3efe9',
  '#e8e2d9',
  '#d9d0c4',
  '#bfb3a4',
  '#978a7c',
  '#6c6157',
  '#4d443c',
  '#2f2823',
  '#1f1a17',
];
const night: MantineColorsTuple = [
  '#f0ebe4',
  '#d8d0c6',
  '#b9aea2',
  '#8d8277',
  '#453d37',
  '#352f2a',
  '#221e1b',
  '#171412',
  '#12100e',
  '#0c0a09',
];
const wax: MantineColorsTuple = [
  '#fbecea',
  '#f5d5d1',
  '#eab0a9',
  '#df8a80',
  '#d5685c',
  '#c44a3d',
  '#b3362a',
  '#a3281e',
  '#851e16',
  '#681610',
];
const people: MantineColorsTuple = [
  '#e6f3f1',
  '#cbe6e3',
  '#9fd2cd',
  '#6fbcb5',
  '#46a69d',
  '#258f86',
  '#127a73',
  '#0c6b66',
  '#095450',
  '#063d3a',
];
const machine: MantineColorsTuple = [
  '#fbf3e2',
  '#f5e6c6',
  '#edd29a',
  '#e3bc6b',
  '#d9a548',
  '#c68d2c',
  '#b0781a',
  '#8f5f0e',
  '#734b09',
  '#553705',
];

export const theme = createTheme({
  // The primary colour is dark by day and light by night, so the words on it must turn with it.
  variantColorResolver: (input) => {
    const colors = defaultVariantColorsResolver(input);
    const isPrimary = input.variant === 'filled' && (input.color ?? 'feather') === 'feather';
    return isPrimary ? { ...colors, color: 'var(--mantine-primary-color-contrast)' } : colors;
  },
  colors: { gray: feather, feather, dark: night, wax, people, machine },
  primaryColor: 'feather',
  primaryShade: { light: 8, dark: 2 },
  autoContrast: true,
  black: '#211c18',
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace",
  headings: {
    fontWeight: '640',
    sizes: {
      h1: { fontSize: '1.75rem', lineHeight: '1.2' },
      h2: { fontSize: '1.125rem', lineHeight: '1.35' },
      h3: { fontSize: '0.975rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    Paper: Paper.extend({ defaultProps: { withBorder: true, radius: 'lg' } }),
    Button: Button.extend({ defaultProps: { radius: 'md' } }),
    Switch: Switch.extend({ defaultProps: { color: 'var(--people)' } }),
    Skeleton: Skeleton.extend({ defaultProps: { radius: 'sm' } }),
    Tooltip: Tooltip.extend({ defaultProps: { withArrow: true, multiline: true, maw: 320 } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'md' } }),
  },
});
