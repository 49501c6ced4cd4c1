// What came in from providers, and what operators did.
import { Text } from '@mantine/core'
import { useOperations } from '../../api/operations'
import { Status } from '../../components/Status'
import { useActorName } from '../../components/useActorName'
import { When } from '../../components/When'
import { humane, t } from '../../texts'
import { Rows } from './Rows'

interface Webhook {
  webhook_id: string
  provider: string
  event_key: string
  state: string
  detail: string | null
  received_at: string
}

export function WebhooksIn() {
  const found = useOperations<Webhook>('webhooks', { limit: 100 })
  return (
    <Rows
      found={found}
      keyOf={(webhook) => webhook.webhook_id}
      heads={[t.system.provider, t.system.event, t.system.state, t.system.when]}
      empty={{ title: t.system.emptyWebhooks, why: t.system.emptyWebhooksWhy }}
      cells={(webhook) => [
        humane(webhook.provider),
        <Text key="event" size="xs" className="mono">
          {webhook.event_key}
        </Text>,
        <div key="state">
          <Status value={webhook.state} size="xs" />
          {webhook.detail && <Text size="xs">{webhook.detail}</Text>}
        </div>,
        <When key="when" at={webhook.received_at} />,
      ]}
    />
  )
}

interface OperatorAct {
  operation_id: string
  action: string
  subject: string
  principal: string
  reason: string | null
  acted_at: string
}

export function Acts() {
  const actorName = useActorName()
  const found = useOperations<OperatorAct>('acts', { limit: 100 })
  return (
    <Rows
      found={found}
      keyOf={(act) => act.operation_id}
      heads={[t.system.action, t.system.subject, t.system.actor, t.reason, t.system.when]}
      empty={{ title: t.system.emptyActs, why: t.system.emptyActsWhy }}
      cells={(act) => [
        humane(act.action),
        <Text key="subject" size="xs" className="mono">
          {act.subject}
        </Text>,
        <Text key="actor" size="sm" title={act.principal}>
          {actorName(act.principal)}
        </Text>,
        act.reason ?? '—',
        <When key="when" at={act.acted_at} />,
      ]}
    />
  )
}
