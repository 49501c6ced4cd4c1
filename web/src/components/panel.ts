// The side panel: one record beside whatever list is open, named in the address, so that a link shows the same again.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

export const PANELS = [
  'booking',
  'customer',
  'payment',
  'new-booking',
  'new-customer',
  'new-payment',
] as const
export type PanelKind = (typeof PANELS)[number]

export interface PanelPlace {
  kind: PanelKind
  id: string
}

/** `booking.0191…` as a panel; null when it names none. */
export function parsePanel(text: unknown): PanelPlace | null {
  if (typeof text !== 'string') return null
  const [kind, ...rest] = text.split('.')
  const known = PANELS.find((panel) => panel === kind)
  return known ? { kind: known, id: rest.join('.') } : null
}

let opener: (kind: PanelKind, id: string) => void = () => {}
/** Tells who opens panels for those who are outside of React. */
export function setPanelOpener(open: (kind: PanelKind, id: string) => void) {
  opener = open
}

export function openPanel(kind: PanelKind, id = '') {
  opener(kind, id)
}

export function usePanel() {
  const place = parsePanel((useSearch({ strict: false }) as { panel?: string }).panel)
  const navigate = useNavigate()
  const open = useCallback(
    (kind: PanelKind, id = '') =>
      void navigate({
        to: '.',
        search: ((before: Record<string, unknown>) => ({
          ...before,
          panel: id ? `${kind}.${id}` : kind,
        })) as never,
      }),
    [navigate],
  )
  const close = useCallback(
    () =>
      void navigate({
        to: '.',
        search: ((before: Record<string, unknown>) => ({ ...before, panel: undefined })) as never,
      }),
    [navigate],
  )
  return { place, open, close }
}
