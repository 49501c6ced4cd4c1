// Signing in: password, then the second factor, or setting one up where the role needs it.
import { Anchor, Button, Code, Group, PasswordInput, PinInput, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { NextStep } from '../../api/session'
import { auth, SESSION_KEY } from '../../api/session'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'
import { ByProvider, NotSignedIn } from './ByProvider'
import { Door } from './Door'

/** `step`: what a session still needs; null without a session. */
export function SignInPage({ step }: { step: NextStep | null }) {
  if (step === 'required') return <CodeStep />
  if (step === 'enrolment-required') return <EnrolStep />
  return <PasswordStep />
}

function useRefresh() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: SESSION_KEY })
}

function PasswordStep() {
  const form = useFields({ email: '', password: '' })
  const refresh = useRefresh()
  const { email, password } = form.values
  const send = form.submit(async () => {
    await auth.signIn(email.trim(), password)
    await refresh()
  })
  const forget = form.submit(async () => {
    await auth.reset(email.trim())
    notifications.show({ message: t.signIn.forgottenSaid })
  })
  return (
    <Door title={t.signIn.title}>
      <NotSignedIn />
      <ByProvider />
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <TextInput
            type="email"
            label={t.signIn.email}
            required
            autoFocus
            autoComplete="username"
            {...form.field('email')}
          />
          <PasswordInput
            label={t.signIn.password}
            required
            autoComplete="current-password"
            {...form.field('password')}
          />
          <Refused problem={form.problem} />
          <Button type="submit" loading={form.busy}>
            {t.signIn.go}
          </Button>
          <Anchor component="button" type="button" size="sm" disabled={!email} onClick={() => void forget()}>
            {t.signIn.forgotten}
          </Anchor>
        </Stack>
      </form>
    </Door>
  )
}

function CodeStep() {
  const form = useFields({ code: '' })
  const refresh = useRefresh()
  const send = form.submit(async () => {
    await auth.secondFactor(form.values.code.trim())
    await refresh()
  })
  return (
    <Door title={t.signIn.codeTitle}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          <TextInput
            label={t.signIn.code}
            required
            autoFocus
            autoComplete="one-time-code"
            {...form.field('code')}
          />
          <Refused problem={form.problem} />
          <Button type="submit" loading={form.busy}>
            {t.signIn.codeGo}
          </Button>
          <SomebodyElse />
        </Stack>
      </form>
    </Door>
  )
}

function EnrolStep() {
  const [key, setKey] = useState<{ secret: string; otpauth_url: string } | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const form = useFields({ code: '' })
  const refresh = useRefresh()
  const begin = form.submit(async () => setKey(await auth.enrol()))
  const begun = useRef(false)
  useEffect(() => {
    // Once: a second key would make the first one worthless.
    if (begun.current) return
    begun.current = true
    void begin()
  })
  const confirm = form.submit(async () =>
    setCodes((await auth.confirmEnrolment(form.values.code.trim())).recovery_codes),
  )
  if (codes) return <RecoveryCodes codes={codes} onKept={() => void refresh()} />
  return (
    <Door title={t.signIn.enrolTitle}>
      <form onSubmit={(event) => void confirm(event)}>
        <Stack>
          <Text size="sm">{t.signIn.enrolWhy}</Text>
          {key && (
            <>
              <Group gap="xs">
                <Text size="sm">{t.signIn.secret}</Text>
                <Code>{key.secret}</Code>
              </Group>
              <Anchor href={key.otpauth_url} size="sm">
                {t.signIn.enrolLink}
              </Anchor>
              <PinInput
                length={6}
                type="number"
                oneTimeCode
                aria-label={t.signIn.code}
                onChange={(code) => form.set({ code })}
              />
            </>
          )}
          <Refused problem={form.problem} />
          <Button type="submit" loading={form.busy} disabled={form.values.code.length !== 6}>
            {t.signIn.codeGo}
          </Button>
          <SomebodyElse />
        </Stack>
      </form>
    </Door>
  )
}

function RecoveryCodes({ codes, onKept }: { codes: string[]; onKept: () => void }) {
  return (
    <Door title={t.signIn.recoveryTitle}>
      <Stack>
        <Text size="sm">{t.signIn.recoveryWhy}</Text>
        <Code block>{codes.join('\n')}</Code>
        <Button onClick={onKept}>{t.signIn.recoveryGo}</Button>
      </Stack>
    </Door>
  )
}

function SomebodyElse() {
  const client = useQueryClient()
  const leave = async () => {
    await auth.signOut().catch(() => undefined)
    client.setQueryData(SESSION_KEY, null)
  }
  return (
    <Anchor component="button" type="button" size="sm" onClick={() => void leave()}>
      {t.signIn.other}
    </Anchor>
  )
}
