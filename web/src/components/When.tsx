// A moment: in the business's zone, with the reader's own on hover.
import { Text, Tooltip } from '@mantine/core'
import { useZone } from './useTenant'
import { ago, moment } from './format'
import { t } from '../texts'

interface Props {
  at: string
  /** How long ago instead of when. */
  relative?: boolean
  size?: string
}

export function When({ at, relative, size = 'sm' }: Props) {
  const zone = useZone()
  const there = `${moment(at, zone)}${zone ? ` (${zone.replace('_', ' ')})` : ''}`
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  const here = own === zone ? '' : `\n${t.your(moment(at, own))}`
  return (
    <Tooltip label={<span className="lines">{there + here}</span>} openDelay={300}>
      <Text component="time" dateTime={at} size={size} c={relative ? 'dimmed' : undefined} className="nowrap">
        {relative ? ago(at) : moment(at, zone)}
      </Text>
    </Tooltip>
  )
}
