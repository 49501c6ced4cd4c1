// The times of a day, with how many chefs are free at each.
import { Chip, Group, Skeleton, Text } from '@mantine/core'
import { useAsk } from '../../api/hooks'
import { t } from '../../texts'

interface Props {
  date: string
  zone?: string | undefined
  value: string
  onChange: (slot: string) => void
}

export function SlotChoice({ date, zone, value, onChange }: Props) {
  const found = useAsk('availability', { date, ...(zone && { zone }) }, { enabled: date !== '' })
  if (!date) {
    return (
      <Text size="sm" c="dimmed">
        {t.bookings.pickDate}
      </Text>
    )
  }
  if (found.error) {
    return (
      <Text size="sm" c="red">
        {found.error.detail}
      </Text>
    )
  }
  if (!found.data) return <Skeleton height={28} />
  const slots = found.data.items
  if (slots.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t.bookings.noSlots}
      </Text>
    )
  }
  return (
    <Chip.Group value={value} onChange={(slot) => onChange(String(slot))}>
      <Group gap={6} role="group" aria-label={t.bookings.slot}>
        {slots.map((slot) => (
          <Chip
            key={slot.slot}
            value={slot.slot}
            size="xs"
            disabled={slot.free_chefs === 0}
            title={t.bookings.slots(slot.free_chefs)}
          >
            {slot.slot} · {t.bookings.slots(slot.free_chefs)}
          </Chip>
        ))}
      </Group>
    </Chip.Group>
  )
}
