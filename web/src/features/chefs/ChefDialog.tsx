// A chef: name, zones, working hours, days off. Without an id a new one.
import { Button, Group, Modal, MultiSelect, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Item } from '../../api/client'
import { useAsk, useCommand } from '../../api/hooks'
import { Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { humane, t } from '../../texts'
import type { Weekday } from './hours'
import { formatHours, parseHours, WEEKDAYS } from './hours'
import { TimeOff } from './TimeOff'

type Chef = Item<'chefs'>

export function ChefDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const found = useAsk('chefs', { chef_id: id }, { enabled: id !== '' })
  const chef = found.data?.items[0]
  return (
    <Modal opened onClose={onClose} title={chef?.name ?? t.schedule.addChef} size="lg">
      {id && found.isPending ? <Waiting rows={5} /> : <ChefForm chef={chef} onClose={onClose} />}
      {chef && <TimeOff chef={chef} />}
    </Modal>
  )
}

function ChefForm({ chef, onClose }: { chef: Chef | undefined; onClose: () => void }) {
  const { settings } = useTenant()
  const form = useFields({ name: chef?.name ?? '' })
  const [zones, setZones] = useState<string[]>(chef?.zones ?? [])
  const [active, setActive] = useState(chef?.active ?? true)
  const [hours, setHours] = useState<Record<Weekday, string>>(() => formatHours(chef?.weekly_hours ?? {}))
  const add = useCommand('add-chef', { said: t.schedule.chefAdded, quiet: true })
  const update = useCommand('update-chef', { said: t.schedule.chefChanged, quiet: true })
  const parsed = parseHours(hours)
  const send = form.submit(async () => {
    if (!parsed.hours) return
    const { name } = form.values
    if (chef) await update.mutateAsync({ chef_id: chef.chef_id, name, zones, hours: parsed.hours, active })
    else await add.mutateAsync({ name, zones, hours: parsed.hours })
    onClose()
  })
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack gap="sm">
        <TextInput label={t.schedule.name} required {...form.field('name')} />
        <MultiSelect
          label={t.schedule.zones}
          data={(settings?.zones ?? []).map(({ zone }) => ({ value: zone, label: humane(zone) }))}
          value={zones}
          onChange={setZones}
        />
        <Text size="sm" fw={500}>
          {t.schedule.hours}
        </Text>
        {WEEKDAYS.map((weekday) => (
          <Group key={weekday} grow wrap="nowrap" gap="xs">
            <Text size="sm" maw={110}>
              {humane(weekday)}
            </Text>
            <TextInput
              size="xs"
              aria-label={humane(weekday)}
              placeholder={t.schedule.hoursHint}
              error={parsed.wrong.includes(weekday)}
              value={hours[weekday]}
              onChange={(event) => setHours({ ...hours, [weekday]: event.currentTarget.value })}
            />
          </Group>
        ))}
        {chef && (
          <Switch
            label={t.schedule.active}
            checked={active}
            onChange={(event) => setActive(event.currentTarget.checked)}
          />
        )}
        <Refused problem={form.problem} />
        <Group justify="flex-end">
          <Button type="submit" loading={form.busy} disabled={!parsed.hours || !form.values.name.trim()}>
            {t.actions.save}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
