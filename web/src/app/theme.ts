// Calm and dense: one accent, system fonts, small controls; and enough contrast in both schemes.
import { createTheme } from '@mantine/core'
import type { CSSVariablesResolver, ModalProps, TooltipProps } from '@mantine/core'

// By name: the components themselves come with whoever uses them.
const tooltip: Partial<TooltipProps> = { openDelay: 400, withinPortal: true }
const modal: Partial<ModalProps> = { centered: false, transitionProps: { duration: 90 } }

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 9, dark: 9 },
  autoContrast: true,
  defaultRadius: 'sm',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: { fontWeight: '650' },
  components: {
    Tooltip: { defaultProps: tooltip },
    Modal: { defaultProps: modal },
  },
})

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5a6169',
    '--mantine-color-placeholder': '#6a7178',
    '--mantine-color-teal-light-color': '#07614a',
    '--mantine-color-orange-light-color': '#9c3700',
    '--mantine-color-red-light-color': '#a91e1e',
    '--mantine-color-yellow-light-color': '#7a5200',
    '--mantine-color-anchor': '#0b6b54',
    '--rapport-sunken': '#f6f8f9',
    '--rapport-line': '#edf0f2',
    '--rapport-chosen': '#e3f4ef',
    '--rapport-mine': '#e6f4f1',
  },
  dark: {
    '--mantine-color-dimmed': '#a9adb3',
    '--mantine-color-placeholder': '#989da4',
    '--mantine-color-anchor': '#63d3b4',
    '--rapport-sunken': '#202124',
    '--rapport-line': '#2c2e33',
    '--rapport-chosen': '#17382f',
    '--rapport-mine': '#1b352f',
  },
})
