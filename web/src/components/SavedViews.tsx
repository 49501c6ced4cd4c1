// Saved views of a list: its filters, its order and its columns under a name, one's own or everybody's.
import { ActionIcon, Button, Group, Menu } from '@mantine/core'
import { IconBookmark, IconTrash } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import type { Item, Params } from '../api/client'
import { useAsk, useCommand } from '../api/hooks'
import { useMay } from '../api/session'
import { t } from '../texts'

const SaveView = lazy(() => import('./SaveView').then((m) => ({ default: m.SaveView })))

export type SavedView = Item<'views'>
type Filters = SavedView['filters']

interface Props {
  query: NonNullable<Params<'views'>['query']>
  /** As the query has them. */
  filters: Filters
  sort?: string | undefined
  /** Those that are shown, in order. */
  columns: string[]
  /** None stands for the list as it is without any. */
  onApply: (view: SavedView | null) => void
}

export function SavedViews({ query, filters, sort, columns, onApply }: Props) {
  const may = useMay()
  const [saving, setSaving] = useState(false)
  const found = useAsk('views', { query, limit: 200 }, { enabled: may('tenants:read') })
  const remove = useCommand('delete-view')
  const views = found.data?.items ?? []
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="xs" variant="default" leftSection={<IconBookmark size={14} />} visibleFrom="sm">
            {t.views.label}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => onApply(null)}>{t.views.whole}</Menu.Item>
          {views.length === 0 && <Menu.Label>{t.views.none}</Menu.Label>}
          {views.map((view) => (
            <Group key={view.view_id} gap={2} wrap="nowrap">
              <Menu.Item onClick={() => onApply(view)}>
                {view.name}
                {view.shared ? ` · ${t.views.shared}` : ''}
              </Menu.Item>
              {(!view.shared || may('tenants:configure')) && (
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  color="gray"
                  aria-label={t.views.remove(view.name)}
                  onClick={() => remove.mutate({ view_id: view.view_id })}
                >
                  <IconTrash size={14} />
                </ActionIcon>
              )}
            </Group>
          ))}
          {may('views:write') && (
            <>
              <Menu.Divider />
              <Menu.Item onClick={() => setSaving(true)}>{t.views.save}</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {saving && (
        <Suspense fallback={null}>
          <SaveView
            body={{ query, filters, columns, ...(sort && { sort }) }}
            mayShare={may('tenants:configure')}
            onClose={() => setSaving(false)}
          />
        </Suspense>
      )}
    </>
  )
}

/** Which of a list's columns a view leaves out; one without columns shows all. */
export function hiddenBy(view: SavedView | null, columns: { id: string }[]): string | undefined {
  if (!view || view.columns.length === 0) return undefined
  const left = columns.map((column) => column.id).filter((id) => !view.columns.includes(id))
  return left.join(',') || undefined
}

/** A view's filters as an address has them: texts by other names. */
export function textsOf(filters: Filters, names: Record<string, string>): Record<string, string | undefined> {
  const texts: Record<string, string | undefined> = {}
  for (const [parameter, name] of Object.entries(names)) {
    const value = filters[parameter]
    texts[name] = value === undefined || value === null ? undefined : String(value)
  }
  return texts
}
