// A page of several views: tabs, the address that names the one shown, and an action for each in the palette.
import { Tabs } from '@mantine/core'
import type { ReactNode } from 'react'
import { Suspense } from 'react'
import { useActions } from '../registry/actions'
import { Waiting } from './Page'

interface ViewsProps<V extends string> {
  /** What the actions' ids begin with: `settings`. */
  id: string
  section: string
  names: readonly V[]
  titles: Record<V, string>
  shown: V
  onGo: (view: V) => void
  /** The view that is shown, which may still be on its way. */
  children: ReactNode
}

export function Views<V extends string>({
  id,
  section,
  names,
  titles,
  shown,
  onGo,
  children,
}: ViewsProps<V>) {
  const go = (next: string | null) => {
    const view = names.find((name) => name === next)
    if (view) onGo(view)
  }
  useActions(
    names.map((name) => ({
      id: `${id}.${name}`,
      title: titles[name],
      section,
      run: () => onGo(name),
    })),
  )
  return (
    <Tabs value={shown} onChange={go} mb="md">
      <Tabs.List>
        {names.map((name) => (
          <Tabs.Tab value={name} key={name}>
            {titles[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {names.map((name) => (
        <Tabs.Panel value={name} key={name} pt="md">
          {name === shown && <Suspense fallback={<Waiting />}>{children}</Suspense>}
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}
