// Somebody else has saved while one was typing: said at once, and nothing is lost.
import { Alert, Button, Group, Text } from '@mantine/core'
import { t } from '../texts'

export function NewerNote({ onLook }: { onLook: () => void }) {
  return (
    <Alert color="yellow" mb="sm" title={t.newer.title} role="status">
      <Group justify="space-between">
        <Text size="sm">{t.newer.why}</Text>
        <Button size="xs" variant="default" onClick={onLook}>
          {t.newer.look}
        </Button>
      </Group>
    </Alert>
  )
}
