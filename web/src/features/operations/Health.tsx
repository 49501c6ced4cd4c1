// Whether all is well, in one look; what the doctor finds, for operators.
import { Alert, SimpleGrid, Card, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { Finding } from '../../api/operations'
import { useOperations } from '../../api/operations'
import { send } from '../../api/client'
import type { Problem } from '../../api/client'
import { useMay } from '../../api/session'
import { number } from '../../components/format'
import { Part, ProblemNote, Waiting } from '../../components/Page'
import { Status } from '../../components/Status'
import { t } from '../../texts'
import { Rows } from './Rows'

interface Readiness {
  status: string
  projection_lag_events: number
  failing_projections: string[]
  stuck_projections: string[]
  parked_keys: number
}

/** How often health is looked at. */
const LOOK_AGAIN_MS = 5_000

export function Health() {
  const may = useMay()
  const found = useQuery<Readiness, Problem>({
    queryKey: ['readiness'],
    queryFn: ({ signal }) => send('GET', '/readyz', { signal }),
    refetchInterval: LOOK_AGAIN_MS,
  })
  const findings = useOperations<Finding>('doctor', {}, may('installation:read'))
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  const { status, projection_lag_events, failing_projections, stuck_projections, parked_keys } = found.data
  const failing = [...failing_projections, ...stuck_projections]
  const well = status === 'ready' && failing.length === 0 && parked_keys === 0
  return (
    <>
      <Alert
        color={well ? 'teal' : 'orange'}
        icon={well ? <IconCircleCheck size={18} /> : <IconAlertTriangle size={18} />}
        title={well ? t.system.healthy : t.system.unhealthy}
        mb="md"
      >
        {well ? null : failing.join(', ')}
      </Alert>
      <SimpleGrid cols={{ base: 1, sm: 3 }} mb="md">
        <Figure label={t.system.lagEvents} value={number(projection_lag_events)} />
        <Figure label={t.system.parkedKeys} value={number(parked_keys)} />
        <Figure label={t.system.failing} value={number(failing.length)} />
      </SimpleGrid>
      {may('installation:read') ? (
        <Part title={t.system.findings}>
          <Rows
            found={findings}
            heads={['', '', '']}
            keyOf={(finding) => finding.check}
            cells={(finding) => [
              finding.check,
              <Status key="state" value={finding.state} size="xs" />,
              [finding.detail, finding.remedy].filter(Boolean).join(' — '),
            ]}
            empty={{ title: t.system.healthy, why: '' }}
          />
        </Part>
      ) : (
        <Text size="sm" c="dimmed">
          {t.system.needsOperator}
        </Text>
      )}
    </>
  )
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <Card withBorder padding="sm">
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fz={22} fw={650}>
        {value}
      </Text>
    </Card>
  )
}
