// Which providers are set up. Secrets go in and never come out.
import { Badge, Button, Card, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { humane, t } from '../../texts'
import { isTestable, isUnderWay, LastTest, TestButton } from './ProviderTest'
import { SIGN_IN, SignInProviderDialog } from './SignInProvider'

export function Providers() {
  const providers = Object.entries(useTenant().tenant?.providers ?? {})
  const [open, setOpen] = useState<string | null>(null)
  const canWrite = useMay()('tenants:configure')
  return (
    <Stack maw={720}>
      {providers.map(([name, provider]) => (
        <Card withBorder padding="sm" key={name}>
          <Group justify="space-between" align="flex-start" wrap="nowrap">
            <div>
              <Text fw={600}>{humane(name)}</Text>
              {Object.entries(provider.settings).map(([setting, value]) => (
                <Text size="xs" key={setting}>
                  {humane(setting)}: {String(value)}
                </Text>
              ))}
              <Group gap={4} mt={4}>
                <Text size="xs" c="dimmed">
                  {t.settings.secrets}:
                </Text>
                {provider.secrets.length === 0 && <Text size="xs">{t.settings.noSecrets}</Text>}
                {provider.secrets.map((secret) => (
                  <Badge key={secret} size="xs" variant="default" className="status">
                    {humane(secret)}
                  </Badge>
                ))}
              </Group>
              <LastTest test={provider.last_test ?? null} />
            </div>
            {canWrite && (
              <Group gap={6} wrap="nowrap">
                {isTestable(name) && <TestButton name={name} isPending={isUnderWay(provider.last_test)} />}
                <Button size="compact-sm" variant="default" onClick={() => setOpen(name)}>
                  {t.settings.configure}
                </Button>
              </Group>
            )}
          </Group>
        </Card>
      ))}
      {canWrite && (
        <Group>
          <Button size="xs" variant="default" onClick={() => setOpen('')}>
            {t.actions.add}
          </Button>
          {!providers.some(([name]) => name === SIGN_IN) && (
            <Button size="xs" variant="default" onClick={() => setOpen(SIGN_IN)}>
              {t.signInProvider.title}
            </Button>
          )}
        </Group>
      )}
      {open === SIGN_IN && <SignInProviderDialog onClose={() => setOpen(null)} />}
      {open !== null && open !== SIGN_IN && <ConfigureDialog name={open} onClose={() => setOpen(null)} />}
    </Stack>
  )
}

/** One setting and one secret at a time: what is not named stays as it is. */
function ConfigureDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const known = useTenant().tenant?.providers[name]
  const form = useFields({
    provider: name,
    setting: '',
    value: '',
    secret: known?.secrets[0] ?? '',
    secretValue: '',
  })
  const configure = useCommand('configure-provider', { said: t.settings.configured, quiet: true })
  const { provider, setting, value, secret, secretValue } = form.values
  const send = form.submit(async () => {
    await configure.mutateAsync({
      provider: provider.trim(),
      settings: { ...known?.settings, ...(setting && { [setting]: value }) },
      secrets: secret && secretValue ? { [secret]: secretValue } : {},
    })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={t.settings.configure}>
      <form onSubmit={(event) => void send(event)}>
        <Stack gap="sm">
          <TextInput
            label={t.settings.provider}
            required
            readOnly={name !== ''}
            {...form.field('provider')}
          />
          <Group grow>
            <TextInput label={t.settings.settingName} {...form.field('setting')} />
            <TextInput label={t.settings.value} {...form.field('value')} />
          </Group>
          <Group grow>
            <TextInput label={t.settings.secretName} {...form.field('secret')} />
            <TextInput
              label={t.settings.value}
              type="password"
              autoComplete="off"
              {...form.field('secretValue')}
            />
          </Group>
          <Text size="xs" c="dimmed">
            {t.settings.secretHint}
          </Text>
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy}>
              {t.actions.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
