// Goes back to any past state: a stop for each event of the record, the newest on the right.
import { Group, Slider, Text } from '@mantine/core'
import { useState } from 'react'
import { useAsk } from '../../api/hooks'
import { moment } from '../../components/format'
import { useZone } from '../../components/useTenant'
import { When } from '../../components/When'
import { humane, t } from '../../texts'

interface Props {
  id: string
  /** A position of the log, a time, or nothing for now. */
  asOf: string | undefined
  onChange: (asOf: string | undefined) => void
}

export function TimeSlider({ id, asOf, onChange }: Props) {
  const zone = useZone()
  // The present's timeline, whatever moment is shown: it knows every stop.
  const found = useAsk('customer-360', { id })
  const stops = [...(found.data?.item.timeline ?? [])].reverse()
  const [held, setHeld] = useState<number | null>(null)
  if (stops.length < 2) return null
  const index = held ?? stopAt(stops, asOf)
  const stop = stops[index - 1]
  const past = index === stops.length ? undefined : stop
  const what = past && (past.summary || humane(past.event_type))
  const said = past ? `${moment(past.occurred_at, zone)} · ${what}` : t.past.newest
  return (
    <div>
      <Group justify="space-between" gap="xs" mb={4}>
        <Text size="xs" fw={600}>
          {past ? (
            <>
              <When at={past.occurred_at} size="xs" /> · {what}
            </>
          ) : (
            t.past.newest
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {t.past.at(index, stops.length)}
        </Text>
      </Group>
      <Slider
        size="sm"
        min={1}
        max={stops.length}
        step={1}
        label={null}
        thumbLabel={t.past.slider}
        thumbProps={{ 'aria-valuetext': said }}
        value={index}
        onChange={setHeld}
        onChangeEnd={(end) => {
          setHeld(null)
          onChange(end === stops.length ? undefined : stops[end - 1]?.position)
        }}
      />
    </div>
  )
}

interface Stop {
  position: string
  occurred_at: string
}

/** How many stops lie at or before the moment; all of them when none is given. */
export function stopAt(stops: Stop[], asOf: string | undefined): number {
  if (asOf === undefined) return stops.length
  const isPosition = /^\d+$/.test(asOf)
  const reached = stops.filter((stop) =>
    isPosition ? Number(stop.position) <= Number(asOf) : Date.parse(stop.occurred_at) <= Date.parse(asOf),
  )
  return Math.max(1, reached.length)
}
