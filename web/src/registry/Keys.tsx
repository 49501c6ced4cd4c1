// Keys as caps.
import { Group, Kbd } from '@mantine/core'
import { caps } from './keys'

export function KeyCaps({ keys }: { keys: string }) {
  return (
    <Group gap={4} wrap="nowrap" component="span">
      {caps(keys).map((cap, index) => (
        <Kbd size="xs" key={`${cap}${index}`}>
          {cap}
        </Kbd>
      ))}
    </Group>
  )
}
