// How many approvals wait, beside the page's name.
import { Badge } from '@mantine/core'
import { useAsk } from '../api/hooks'
import { t } from '../texts'

/** More than these are shown as so many and more. */
const COUNTED = 100

export function WaitingApprovals() {
  const found = useAsk('approvals', { standing: 'proposed', limit: COUNTED })
  const count = found.data?.items.length ?? 0
  if (count === 0) return null
  return (
    <Badge size="sm" circle={count < 10} aria-label={t.approvals.waiting(count)}>
      {count < COUNTED ? count : `${COUNTED}+`}
    </Badge>
  )
}
