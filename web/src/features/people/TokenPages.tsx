// Where links in letters lead: setting up, joining, and choosing a new password.
import { Alert, Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { auth } from '../../api/session'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { t } from '../../texts'
import { Door } from './Door'

type Field = 'email' | 'name' | 'business' | 'password'
type Values = Record<Field, string>

interface Letter {
  title: string
  go: string
  fields: Field[]
  send: (token: string, values: Values) => Promise<unknown>
  said?: string
}

const SET_UP: Letter = {
  title: t.signIn.setUpTitle,
  go: t.signIn.setUpGo,
  fields: ['business', 'name', 'email', 'password'],
  send: (token, { email, name, password, business }) =>
    auth.setUp({ token, email, name, password, ...(business.trim() && { business: business.trim() }) }),
}

const INVITATION: Letter = {
  title: t.signIn.invitationTitle,
  go: t.signIn.invitationGo,
  fields: ['name', 'password'],
  send: (token, { name, password }) => auth.accept(token, name, password),
}

const RESET: Letter = {
  title: t.signIn.resetTitle,
  go: t.signIn.resetGo,
  fields: ['password'],
  send: (token, { password }) => auth.confirmReset(token, password),
  said: t.signIn.resetSaid,
}

export const SetUpPage = () => <LetterPage letter={SET_UP} />
export const InvitationPage = () => <LetterPage letter={INVITATION} />
export const ResetPage = () => <LetterPage letter={RESET} />

const LABELS: Record<Exclude<Field, 'password'>, string> = {
  email: t.signIn.email,
  name: t.signIn.name,
  business: t.signIn.business,
}

function LetterPage({ letter }: { letter: Letter }) {
  const { token } = useSearch({ strict: false }) as { token?: string }
  const form = useFields<Values>({ email: '', name: '', business: '', password: '' })
  const navigate = useNavigate()
  const client = useQueryClient()
  const send = form.submit(async () => {
    await letter.send(token ?? '', form.values)
    if (letter.said) notifications.show({ message: letter.said, color: 'teal' })
    await client.invalidateQueries()
    await navigate({ to: '/inbox', replace: true })
  })
  return (
    <Door title={letter.title}>
      {!token && <Alert color="orange">{t.signIn.tokenMissing}</Alert>}
      {token && (
        <form onSubmit={(event) => void send(event)}>
          <Stack>
            {letter.fields.map((field) =>
              field === 'password' ? (
                <PasswordInput
                  key={field}
                  label={t.signIn.newPassword}
                  description={t.signIn.passwordHint}
                  required
                  autoComplete="new-password"
                  {...form.field('password')}
                />
              ) : (
                <TextInput
                  key={field}
                  type={field === 'email' ? 'email' : 'text'}
                  label={LABELS[field]}
                  required={field !== 'business'}
                  {...form.field(field)}
                />
              ),
            )}
            <Refused problem={form.problem} />
            <Button type="submit" loading={form.busy}>
              {letter.go}
            </Button>
          </Stack>
        </form>
      )}
      <Anchor href="/" size="sm" mt="md" display="block">
        {t.signIn.toSignIn}
      </Anchor>
    </Door>
  )
}
