// A chef's days off. Over a booking they do not take effect: the server lists what is in the way.
import { Button, CloseButton, Group, Stack, Text, TextInput } from '@mantine/core'
import type { Item } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { day } from '../../components/format'
import { Part } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'

export function TimeOff({ chef }: { chef: Item<'chefs'> }) {
  const form = useFields({ from: '', to: '' })
  const set = useCommand('set-chef-time-off', { said: t.schedule.timeOffSaved, quiet: true })
  const { chef_id, days_off } = chef
  const { from, to } = form.values
  const add = form.submit(async () => {
    await set.mutateAsync({ chef_id, days_off: [...days_off, { from, to: to || from }] })
    form.set({ from: '', to: '' })
  })
  const remove = (index: number) =>
    form.submit(() => set.mutateAsync({ chef_id, days_off: days_off.filter((_, other) => other !== index) }))
  return (
    <Part title={t.schedule.timeOff}>
      <Stack gap="xs">
        {days_off.map((range, index) => (
          <Group key={`${range.from} ${range.to}`} justify="space-between">
            <Text size="sm">
              {day(range.from)} – {day(range.to)}
            </Text>
            <CloseButton
              size="sm"
              aria-label={`${t.actions.remove} ${day(range.from)}`}
              onClick={() => void remove(index)()}
            />
          </Group>
        ))}
        <form onSubmit={(event) => void add(event)}>
          <Group align="flex-end" gap="xs">
            <TextInput size="xs" type="date" label={t.schedule.firstDay} required {...form.field('from')} />
            <TextInput size="xs" type="date" label={t.schedule.lastDay} {...form.field('to')} />
            <Button size="xs" type="submit" variant="default" loading={form.busy} disabled={!from}>
              {t.schedule.addTimeOff}
            </Button>
          </Group>
        </form>
        <Refused problem={form.problem} />
      </Stack>
    </Part>
  )
}
