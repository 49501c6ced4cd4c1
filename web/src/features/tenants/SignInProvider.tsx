// Setting up the provider that people of the business sign in by.
import { Button, Code, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useCommand } from '../../api/hooks'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { humane, t } from '../../texts'
import { settingsOf } from './signInSettings'

/** What the provider is called in the settings. */
export const SIGN_IN = 'openid'
/** Roles that somebody may have without an invitation. */
const LESSER_ROLES = ['staff', 'viewer']
const said = t.signInProvider

export function SignInProviderDialog({ onClose }: { onClose: () => void }) {
  const known = useTenant().tenant?.providers[SIGN_IN]
  const text = (name: string) => {
    const value: unknown = known?.settings[name]
    if (Array.isArray(value)) return value.join(', ')
    return typeof value === 'string' ? value : ''
  }
  const form = useFields({
    issuer: text('issuer'),
    client_id: text('client_id'),
    client_secret: '',
    title: text('title'),
    email_domains: text('email_domains'),
    new_people_role: text('new_people_role'),
    second_factors: text('second_factors'),
  })
  const configure = useCommand('configure-provider', { said: said.configured, quiet: true })
  const send = form.submit(async () => {
    const { client_secret, ...settings } = form.values
    await configure.mutateAsync({
      provider: SIGN_IN,
      settings: settingsOf(settings),
      secrets: client_secret ? { client_secret } : {},
    })
    onClose()
  })
  const hasSecret = known?.secrets.includes('client_secret') ?? false
  return (
    <Modal opened onClose={onClose} title={said.title}>
      <form onSubmit={(event) => void send(event)}>
        <Stack gap="sm">
          <Text size="sm">{said.why}</Text>
          <div>
            <Text size="sm" fw={500}>
              {said.redirect}
            </Text>
            <Code block>{`${window.location.origin}/auth/openid/callback`}</Code>
          </div>
          <TextInput
            label={said.issuer}
            description={said.issuerWhy}
            type="url"
            required
            {...form.field('issuer')}
          />
          <TextInput label={said.clientId} required autoComplete="off" {...form.field('client_id')} />
          <TextInput
            label={said.secret}
            description={hasSecret ? said.secretKept : undefined}
            type="password"
            autoComplete="off"
            {...form.field('client_secret')}
          />
          <TextInput label={said.buttonTitle} {...form.field('title')} />
          <TextInput label={said.domains} description={said.domainsWhy} {...form.field('email_domains')} />
          <NativeSelect
            label={said.newPeople}
            description={said.newPeopleWhy}
            data={[
              { value: '', label: said.invitedOnly },
              ...LESSER_ROLES.map((role) => ({ value: role, label: said.joins(humane(role).toLowerCase()) })),
            ]}
            {...form.field('new_people_role')}
          />
          <TextInput label={said.factors} description={said.factorsWhy} {...form.field('second_factors')} />
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
