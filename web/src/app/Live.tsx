// Whether what is on screen is live; never silently old.
import { Alert, Group, Text, Tooltip } from '@mantine/core'
import { useStanding } from '../api/live'
import { moment } from '../components/format'
import { t } from '../texts'
import css from './Shell.module.css'

/** Above everything that may be old by now; a moment's interruption is not worth it. */
export function StaleNote() {
  const standing = useStanding()
  if (standing.state !== 'stale') return null
  const since = moment(new Date(standing.since).toISOString(), undefined)
  return (
    <Alert color="yellow" py={6} role="alert" title={t.live.stale(since)} className={css.stale}>
      {t.live.offline}
    </Alert>
  )
}

export function Live() {
  const standing = useStanding()
  const label =
    standing.state === 'stale'
      ? t.live.stale(moment(new Date(standing.since).toISOString(), undefined))
      : standing.state === 'live'
        ? t.live.live
        : t.live.connecting
  return (
    <Tooltip label={standing.state === 'stale' ? t.live.offline : t.live.why} multiline w={240}>
      <Group gap={8} px={10} py={4} role="status" wrap="nowrap">
        <span className={css.dot} data-state={standing.state} />
        <Text size="xs" c="dimmed">
          {label}
        </Text>
      </Group>
    </Tooltip>
  )
}
