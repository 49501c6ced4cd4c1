// A state in a word, with a dot: never colour alone.
import { Badge } from '@mantine/core'
import { humane } from '../texts'

const COLOURS: Record<string, string> = {
  deposit_pending: 'yellow',
  new: 'blue',
  confirmed: 'teal',
  completed: 'gray',
  cancelled: 'red',
  expired: 'gray',
  no_show: 'orange',
  received: 'blue',
  matched: 'teal',
  refunded: 'orange',
  open: 'blue',
  pending: 'yellow',
  snoozed: 'grape',
  closed: 'gray',
  up_to_date: 'teal',
  behind: 'yellow',
  paused: 'orange',
  failing: 'red',
  stuck: 'red',
  ok: 'teal',
  warning: 'yellow',
  failed: 'red',
  dead: 'red',
  unknown: 'orange',
  waiting: 'blue',
  due: 'blue',
  leased: 'blue',
  running: 'blue',
  ready: 'blue',
  finished: 'teal',
  undone: 'gray',
  stopped: 'orange',
  created: 'teal',
  kept: 'yellow',
  done: 'gray',
  delivered: 'teal',
  enabled: 'teal',
  disabled: 'gray',
  accepted: 'teal',
  granted: 'teal',
  withdrawn: 'red',
  half_open: 'yellow',
  handled: 'teal',
  refused: 'red',
  invited: 'blue',
  active: 'teal',
  deactivated: 'gray',
  proposed: 'yellow',
  approved: 'teal',
  rejected: 'red',
  executed: 'teal',
  suggested: 'blue',
  edited: 'grape',
  dismissed: 'gray',
  answered: 'teal',
  handed_over: 'orange',
}

export function Status({ value, label, size = 'sm' }: { value: string; label?: string; size?: string }) {
  return (
    <Badge variant="dot" color={COLOURS[value] ?? 'gray'} size={size} className="status">
      {label ?? humane(value)}
    </Badge>
  )
}
