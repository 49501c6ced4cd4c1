// A moment: in the zone of what it belongs to, with the reader's own on hover. One hint serves all of them, because a long
// list shows hundreds.
import { Paper, Portal } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useZone } from './useTenant'
import { ago, moment, OWN_ZONE } from './format'
import { t } from '../texts'
import css from './When.module.css'

interface Props {
  at: string
  /** The record's own zone; the business's unless given. */
  zone?: string | null | undefined
  /** How long ago instead of when. */
  relative?: boolean
  size?: 'xs' | 'sm'
}

export function When({ at, zone, relative, size = 'sm' }: Props) {
  const business = useZone()
  const there = zone ?? business
  return (
    <time
      dateTime={at}
      data-zone={there ?? ''}
      data-size={size}
      data-relative={relative}
      className={css.when}
    >
      {relative ? ago(at) : moment(at, there)}
    </time>
  )
}

/** What the hint says of a moment: when it is there, and when here. */
export function bothTimes(at: string, zone: string | undefined, own = OWN_ZONE): string[] {
  const there = `${moment(at, zone)}${zone ? ` (${zone.replaceAll('_', ' ')})` : ''}`
  return own === zone || !zone ? [there] : [there, t.your(moment(at, own))]
}

/** The pointer rests for so long before a hint is shown. */
const REST_MS = 300

interface Shown {
  lines: string[]
  left: number
  top: number
}

/** Shows the hint of whatever moment the pointer rests on; once on the page. */
export function TimeHints() {
  const [shown, setShown] = useState<Shown | null>(null)
  useEffect(() => {
    let resting: ReturnType<typeof setTimeout> | undefined
    const hide = () => {
      clearTimeout(resting)
      setShown(null)
    }
    const over = (event: PointerEvent) => {
      const time =
        event.target instanceof Element ? event.target.closest<HTMLElement>('time[data-zone]') : null
      hide()
      if (!time) return
      resting = setTimeout(() => {
        const place = time.getBoundingClientRect()
        const lines = bothTimes(time.getAttribute('datetime') ?? '', time.dataset.zone || undefined)
        setShown({ lines, left: place.left, top: place.bottom + 6 })
      }, REST_MS)
    }
    document.addEventListener('pointerover', over)
    document.addEventListener('pointerdown', hide)
    document.addEventListener('scroll', hide, true)
    return () => {
      hide()
      document.removeEventListener('pointerover', over)
      document.removeEventListener('pointerdown', hide)
      document.removeEventListener('scroll', hide, true)
    }
  }, [])
  if (!shown) return null
  const left = Math.max(8, Math.min(shown.left, window.innerWidth - 280))
  const top = Math.min(shown.top, window.innerHeight - 56)
  return (
    <Portal>
      <Paper role="tooltip" withBorder shadow="sm" className={css.hint} style={{ left, top }}>
        {shown.lines.map((line) => (
          <div key={line}>{line}</div>
        ))}
      </Paper>
    </Portal>
  )
}
