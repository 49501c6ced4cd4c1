// A customer beside a list.
import { Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useAsk } from '../../api/hooks'
import { ProblemNote, Waiting } from '../../components/Page'
import { t } from '../../texts'
import { CustomerFacts, CustomerRelated } from './CustomerRecord'

export function CustomerPanel({ id }: { id: string }) {
  const found = useAsk('customer-360', { id })
  if (found.error && !found.data)
    return <ProblemNote problem={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  const record = found.data.item
  return (
    <>
      <Title order={2} size="h4">
        {record.profile.name || t.unknownName}
      </Title>
      <Link to="/customers/$id" params={{ id }}>
        {t.actions.openPage}
      </Link>
      <CustomerFacts record={record} past={false} />
      <CustomerRelated record={record} past={false} />
    </>
  )
}
