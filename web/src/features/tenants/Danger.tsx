// The end of the business: taking it away first, asking for the deletion with its name typed once more, and taking that back.
import { Button, Group, Modal, NumberInput, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useTenant } from '../../components/useTenant'
import { t } from '../../texts'
import { TakeAway } from './TakeAway'

const USUAL_DAYS = 30
const LEAST_DAYS = 7
const MOST_DAYS = 365

export function Danger() {
  const may = useMay()
  const { tenant, settings } = useTenant()
  if (!tenant || !settings) return <Waiting />
  const days = (settings as unknown as { deletion_days?: number }).deletion_days ?? USUAL_DAYS
  return (
    <Stack maw={720}>
      {may('tenants:export') && <TakeAway />}
      <Ending slug={tenant.slug} days={days} due={tenant.deletion_due_at ?? null} key={days} />
    </Stack>
  )
}

interface EndingProps {
  slug: string
  days: number
  /** When it is deleted, once somebody has asked for it. */
  due: string | null
}

function Ending({ slug, days, due }: EndingProps) {
  const [wanted, setWanted] = useState<number | string>(days)
  const [asking, setAsking] = useState(false)
  const update = useCommand('update-settings', { said: t.danger.daysSaved })
  const withdraw = useCommand('withdraw-tenant-deletion', { said: t.danger.withdrawn })
  const isChanged = wanted !== days
  const isGood = typeof wanted === 'number' && wanted >= LEAST_DAYS && wanted <= MOST_DAYS
  const save = () => update.mutate({ deletion_days: Number(wanted) })
  return (
    <Paper withBorder p="md" style={{ borderColor: 'var(--mantine-color-red-filled)' }}>
      <Stack>
        <Title order={2} size="h5">
          {t.danger.title}
        </Title>
        <Text size="sm">{t.danger.intro}</Text>
        {due ? (
          <Group>
            <Button loading={withdraw.isPending} onClick={() => withdraw.mutate({})}>
              {t.danger.withdraw}
            </Button>
          </Group>
        ) : (
          <>
            <Group align="flex-end">
              <NumberInput
                label={t.danger.days}
                description={t.danger.daysWhy}
                min={LEAST_DAYS}
                max={MOST_DAYS}
                allowDecimal={false}
                value={wanted}
                onChange={setWanted}
              />
              <Button
                variant="default"
                disabled={!isChanged || !isGood}
                loading={update.isPending}
                onClick={save}
              >
                {t.actions.save}
              </Button>
            </Group>
            <Group>
              <Button color="red" onClick={() => setAsking(true)}>
                {t.danger.ask}
              </Button>
            </Group>
          </>
        )}
      </Stack>
      {asking && <Ask slug={slug} days={days} onClose={() => setAsking(false)} />}
    </Paper>
  )
}

function Ask({ slug, days, onClose }: { slug: string; days: number; onClose: () => void }) {
  const [typed, setTyped] = useState('')
  const request = useCommand('request-tenant-deletion', { said: t.danger.asked, quiet: true })
  const send = (event: React.FormEvent) => {
    event.preventDefault()
    request.mutate({ confirm: typed.trim() }, { onSuccess: onClose })
  }
  return (
    <Modal opened onClose={onClose} title={t.danger.title} size="md">
      <form onSubmit={send}>
        <Stack>
          <Text size="sm">{t.danger.sure(days)}</Text>
          <TextInput
            data-autofocus
            label={t.danger.slug(slug)}
            value={typed}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Refused problem={request.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" color="red" loading={request.isPending} disabled={typed.trim() !== slug}>
              {t.danger.go}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
