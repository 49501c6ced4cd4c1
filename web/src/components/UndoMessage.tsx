// What was done, with the way back beside it.
import { Button, Group, Text } from '@mantine/core'
import { t } from '../texts'

export function UndoMessage({ message, onUndo }: { message: string; onUndo: () => void }) {
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">{message}</Text>
      <Button size="compact-xs" variant="default" onClick={onUndo}>
        {t.actions.undo}
      </Button>
    </Group>
  )
}
