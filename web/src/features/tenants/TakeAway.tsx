// Taking the whole business away: what is in the file, and what it opens with, before it is downloaded.
import { Alert, Anchor, Button, Group, List, Modal, Paper, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Problem } from '../../api/client'
import { send } from '../../api/client'
import { Refused } from '../../components/Refused'
import { t } from '../../texts'

const PATH = '/tenant-exports'

export function TakeAway() {
  const [asking, setAsking] = useState(false)
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Title order={2} size="h5">
          {t.takeAway.title}
        </Title>
        <Text size="sm">{t.takeAway.body}</Text>
        <Text size="sm">{t.takeAway.readable}</Text>
        <Anchor component={Link} to="/customers" size="sm">
          {t.takeAway.customers}
        </Anchor>
        <Group>
          <Button variant="default" onClick={() => setAsking(true)}>
            {t.takeAway.ask}
          </Button>
        </Group>
      </Stack>
      {asking && <Ask onClose={() => setAsking(false)} />}
    </Paper>
  )
}

function Ask({ onClose }: { onClose: () => void }) {
  // Whatever would be refused is refused here, and the second factor is asked for; then the browser itself takes the file,
  // which may be larger than any page could hold.
  const take = useMutation<unknown, Problem>({
    mutationFn: () => send('POST', `${PATH}?dry_run=true`),
    onSuccess: () => {
      download()
      notifications.show({ message: t.takeAway.begun, color: 'teal' })
      onClose()
    },
  })
  return (
    <Modal opened onClose={onClose} title={t.takeAway.title} size="md">
      <Stack>
        <Text size="sm">{t.takeAway.holds}</Text>
        <List size="sm">
          {t.takeAway.parts.map((part) => (
            <List.Item key={part}>{part}</List.Item>
          ))}
        </List>
        <Alert color="yellow">{t.takeAway.sealed}</Alert>
        <Text size="sm">{t.takeAway.keep}</Text>
        <Refused problem={take.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t.actions.cancel}
          </Button>
          <Button loading={take.isPending} onClick={() => take.mutate()}>
            {t.takeAway.go}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function download() {
  const form = document.createElement('form')
  form.method = 'post'
  form.action = PATH
  document.body.append(form)
  form.submit()
  form.remove()
}
