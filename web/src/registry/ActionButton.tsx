// A button for an action of the registry; its tooltip teaches the keys.
import type { ButtonProps } from '@mantine/core'
import { Button, Group, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Action } from './actions'
import { KeyCaps } from './Keys'

interface Props extends ButtonProps {
  action: Action
  icon?: ReactNode
  label?: string
}

export function ActionButton({ action, icon, label, ...rest }: Props) {
  const button = (
    <Button size="xs" leftSection={icon} onClick={action.run} {...rest}>
      {label ?? action.title}
    </Button>
  )
  if (!action.keys) return button
  return (
    <Tooltip
      label={
        <Group gap="xs">
          {action.title} <KeyCaps keys={action.keys} />
        </Group>
      }
    >
      {button}
    </Tooltip>
  )
}
