// Signing in by the business's own provider: the button, which business is meant, and why it did not work.
import { Alert, Anchor, Button, Divider, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { startOf, useSignInProviders } from '../../api/session'
import { t } from '../../texts'
import { returnPath } from './returnPath'

const said = t.byProvider

function asked(name: string): string | null {
  return new URLSearchParams(window.location.search).get(name)
}

export function ByProvider() {
  const [tenant, setTenant] = useState(asked('tenant'))
  const found = useSignInProviders(tenant)
  const providers = found.data ?? []
  if (providers.length === 0) {
    return <WhichBusiness isUnknown={tenant !== null && found.isSuccess} onNamed={setTenant} />
  }
  return (
    <Stack mb="md">
      {providers.map((provider) => (
        <Button
          key={provider.tenant}
          component="a"
          variant="default"
          href={startOf(provider, returnPath(window.location))}
        >
          {said.go(provider.title)}
        </Button>
      ))}
      <Divider label={said.or} />
    </Stack>
  )
}

function WhichBusiness({ isUnknown, onNamed }: { isUnknown: boolean; onNamed: (slug: string) => void }) {
  const [isAsking, setIsAsking] = useState(false)
  const [slug, setSlug] = useState('')
  if (!isAsking && !isUnknown) {
    return (
      <Anchor component="button" type="button" size="sm" mb="md" onClick={() => setIsAsking(true)}>
        {said.other}
      </Anchor>
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onNamed(slug.trim().toLowerCase())
      }}
    >
      <Stack gap="xs" mb="md">
        <TextInput
          label={said.tenant}
          description={said.tenantWhy}
          required
          autoComplete="organization"
          value={slug}
          onChange={(event) => setSlug(event.currentTarget.value)}
          error={isUnknown ? said.none : undefined}
        />
        <Button type="submit" variant="default">
          {said.find}
        </Button>
        <Divider label={said.or} />
      </Stack>
    </form>
  )
}

/** Why somebody has come back without being signed in; the server says it by a code in the address. */
export function NotSignedIn() {
  const code = asked('sign-in')
  if (!code) return null
  return (
    <Alert color="red" py="xs" mb="md" role="alert" title={said.failed}>
      <Text size="sm">{said.why[code] ?? said.otherwise}</Text>
      <Text size="xs" mt={4}>
        {t.problems.code(code)}
      </Text>
    </Alert>
  )
}
