// The sheet of all keys.
import { Group, Modal, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { grouped } from '../components/grouped'
import { useActionList } from './actions'
import { KeyCaps } from './Keys'
import { t } from '../texts'

export function KeySheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const actions = useActionList().filter((action) => action.keys)
  const sections = grouped(actions, (action) => action.section)
  return (
    <Modal opened={opened} onClose={onClose} title={t.keys.title} size="lg">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        {[...sections].map(([section, members]) => (
          <Stack gap={6} key={section}>
            <Title order={3} size="h6">
              {section}
            </Title>
            {members.map((action) => (
              <Group justify="space-between" wrap="nowrap" key={action.id}>
                <Text size="sm">{action.title}</Text>
                <KeyCaps keys={action.keys ?? ''} />
              </Group>
            ))}
          </Stack>
        ))}
      </SimpleGrid>
    </Modal>
  )
}
