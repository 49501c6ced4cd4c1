// What is shown where there is no page, or where one has failed.
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Empty } from '../components/Page'
import { t } from '../texts'

export function Unknown() {
  return (
    <Empty title={t.problems.unknown} why={t.problems.forbidden}>
      <Link to="/inbox">{t.actions.goTo(t.pages.inbox)}</Link>
    </Empty>
  )
}

export function Crashed({ error }: { error: unknown }) {
  return (
    <Empty
      title={t.problems.crashed}
      why={`${t.problems.crashedWhy} (${error instanceof Error ? error.message : String(error)})`}
    >
      <Button size="xs" onClick={() => window.location.reload()}>
        {t.actions.retry}
      </Button>
    </Empty>
  )
}
