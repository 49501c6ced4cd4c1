// Trying a provider: a real call with what is set up, and what came of the last one.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Item } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { refresh } from '../../api/refresh'
import { number } from '../../components/format'
import { Refused } from '../../components/Refused'
import { Status } from '../../components/Status'
import { useFields } from '../../components/useFields'
import { When } from '../../components/When'
import { t } from '../../texts'

type Test = NonNullable<Item<'tenant'>['providers'][string]['last_test']>

/** What goes to somebody, and whether it may do without naming them. */
const SENDS: Record<string, 'optional' | 'required'> = {
  smtp: 'optional',
  resend: 'optional',
  twilio: 'required',
  ringcentral: 'required',
  whatsapp: 'required',
}
const CALLED = ['stripe', 'openai', 'anthropic', 'openid']
const STANDINGS: Record<string, { label: string; look: string }> = {
  pending: { label: t.testing.under, look: 'waiting' },
  passed: { label: t.testing.passed, look: 'ok' },
  failed: { label: t.testing.failed, look: 'failed' },
}
/** How often a test that is under way is looked at. */
const LOOK_AGAIN_MS = 1_000
/** After this long a test may be asked for again, whatever became of it. */
const LIMIT_MS = 120_000

export function isTestable(name: string): boolean {
  return name in SENDS || CALLED.includes(name)
}

export function isUnderWay(test: Test | null | undefined, now = Date.now()): boolean {
  return test?.status === 'pending' && now - new Date(test.requested_at).getTime() < LIMIT_MS
}

export function LastTest({ test }: { test: Test | null }) {
  const client = useQueryClient()
  const isPending = isUnderWay(test)
  useEffect(() => {
    if (!isPending) return
    const looking = setInterval(
      () => void refresh(client, (query) => query.queryKey[0] === 'tenant'),
      LOOK_AGAIN_MS,
    )
    return () => clearInterval(looking)
  }, [client, isPending])
  if (!test) return null
  const standing = STANDINGS[test.status]
  return (
    <Stack gap={2} mt={6} role="status">
      <Group gap={6}>
        <Status
          value={standing?.look ?? test.status}
          {...(standing && { label: standing.label })}
          size="xs"
        />
        <When at={test.finished_at ?? test.requested_at} relative size="xs" />
        {test.took_ms != null && <Text size="xs">{t.testing.took(number(test.took_ms))}</Text>}
      </Group>
      {test.problem && (
        <Text size="xs">
          {test.problem.title} ({test.problem.code})
        </Text>
      )}
      {(test.problem?.detail ?? test.detail) && (
        <Text size="xs" c="dimmed">
          {test.problem?.detail ?? test.detail}
        </Text>
      )}
    </Stack>
  )
}

export function TestButton({ name, isPending }: { name: string; isPending: boolean }) {
  const [asking, setAsking] = useState(false)
  const test = useCommand('test-provider', { said: t.testing.begun })
  const begin = () => (name in SENDS ? setAsking(true) : test.mutate({ provider: name as 'stripe' }))
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        loading={isPending || test.isPending}
        aria-label={`${t.testing.test}: ${name}`}
        onClick={begin}
      >
        {t.testing.test}
      </Button>
      {asking && <TestDialog name={name} onClose={() => setAsking(false)} />}
    </>
  )
}

function TestDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const form = useFields({ to: '' })
  const test = useCommand('test-provider', { said: t.testing.begun, quiet: true })
  const isOptional = SENDS[name] === 'optional'
  const send = form.submit(async () => {
    const to = form.values.to.trim()
    await test.mutateAsync({ provider: name as 'smtp', ...(to && { to }) })
    onClose()
  })
  return (
    <Modal opened onClose={onClose} title={`${t.testing.test}: ${name}`}>
      <form onSubmit={(event) => void send(event)}>
        <Stack gap="sm">
          <TextInput
            data-autofocus
            label={t.testing.to}
            description={isOptional ? t.testing.toHint : undefined}
            type={isOptional ? 'email' : 'tel'}
            required={!isOptional}
            {...form.field('to')}
          />
          <Refused problem={form.problem} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.actions.cancel}
            </Button>
            <Button type="submit" loading={form.busy}>
              {t.testing.test}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
