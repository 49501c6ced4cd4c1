// What agents may do by themselves, what a person has to agree to, and how much of it.
import { Button, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Part, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import type { TenantSettings } from '../../components/useTenant'
import { useTenant } from '../../components/useTenant'
import { t } from '../../texts'
import type { Policy } from './policy'
import { CLASSES, formOf, LIMITS, MONEY_LIMIT, policyOf, VERDICTS } from './policy'

const MODES = ['off', 'suggest', 'auto'] as const
type Mode = (typeof MODES)[number]
type Settings = TenantSettings & { agents?: Policy }

export function Limits() {
  const { tenant, settings } = useTenant()
  if (!tenant || !settings) return <Waiting />
  return <Form settings={settings} version={tenant.sequence} key={tenant.sequence} />
}

function Form({ settings, version }: { settings: Settings; version: number }) {
  const { currency, messaging } = settings
  const form = useFields({ ...formOf(settings.agents, currency), mode: messaging?.ai_mode ?? 'off' })
  const update = useCommand('update-settings', { said: t.settings.saved, quiet: true })
  const canWrite = useMay()('tenants:configure')
  const agents = policyOf(form.values, currency, settings.agents)
  const send = form.submit(async () => {
    if (!agents) return
    await update.mutateAsync({
      agents,
      messaging: { ...messaging, ai_mode: form.values.mode as Mode },
      $options: { ifMatch: version },
    })
  })
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack maw={720} gap={0}>
        <Part title={t.agents.verdictsTitle}>
          <Text size="sm" c="dimmed" mb="sm">
            {t.agents.verdictsWhy}
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            {CLASSES.map((name) => (
              <Select
                key={name}
                label={t.agents.classes[name]}
                allowDeselect={false}
                disabled={!canWrite}
                value={form.values[name]}
                data={VERDICTS.map((verdict) => ({ value: verdict, label: t.agents.verdicts[verdict] }))}
                onChange={(verdict) => form.set({ [name]: verdict ?? 'approve' })}
              />
            ))}
            <TextInput
              label={`${t.agents.free} (${currency})`}
              inputMode="decimal"
              disabled={!canWrite}
              {...form.field('free', '/agents/money_free_minor')}
            />
            <TextInput
              label={t.agents.freeRecords}
              inputMode="numeric"
              disabled={!canWrite}
              {...form.field('freeRecords', '/agents/bulk_free_records')}
            />
            <TextInput
              label={t.agents.domains}
              description={t.agents.domainsWhy}
              disabled={!canWrite}
              {...form.field('domains', '/agents/link_domains')}
            />
          </SimpleGrid>
        </Part>
        <Part title={t.agents.limitsTitle}>
          <Text size="sm" c="dimmed" mb="sm">
            {t.agents.limitsWhy}
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            {LIMITS.map((name) => (
              <TextInput
                key={name}
                label={
                  name === MONEY_LIMIT ? `${t.agents.limits[name]} (${currency})` : t.agents.limits[name]
                }
                inputMode={name === MONEY_LIMIT ? 'decimal' : 'numeric'}
                disabled={!canWrite}
                {...form.field(name, `/agents/limits/${name}`)}
              />
            ))}
          </SimpleGrid>
        </Part>
        <Part title={t.agents.newThreads}>
          <Select
            maw={340}
            aria-label={t.agents.newThreads}
            description={t.agents.newThreadsWhy}
            allowDeselect={false}
            disabled={!canWrite}
            value={form.values.mode}
            data={MODES.map((mode) => ({ value: mode, label: t.inbox.aiModes[mode] }))}
            onChange={(mode) => form.set({ mode: mode ?? 'off' })}
          />
        </Part>
        <Refused problem={form.problem} />
        {canWrite && (
          <Button type="submit" mt="md" loading={form.busy} disabled={!agents} w="fit-content">
            {t.actions.save}
          </Button>
        )}
      </Stack>
    </form>
  )
}
