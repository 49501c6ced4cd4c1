// The palette: every action that is possible now, and every customer, by typing.
import { Group, Loader, Modal, ScrollArea, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useId, useState } from 'react'
import { useAsk } from '../api/hooks'
import { useMay } from '../api/session'
import { openPanel } from '../components/panel'
import { t } from '../texts'
import type { Action } from './actions'
import { useActionList } from './actions'
import { KeyCaps } from './Keys'
import { ranked } from './ranked'
import css from './Palette.module.css'

const SHOWN = 8
/** Fewer letters would find half of all customers. */
const MIN_SEARCH = 2

export function Palette({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  if (!opened) return null
  return (
    <Modal.Root opened onClose={onClose} size="lg" yOffset="12vh" transitionProps={{ duration: 0 }}>
      <Modal.Overlay />
      <Modal.Content aria-label={t.actions.palette}>
        <Search onClose={onClose} />
      </Modal.Content>
    </Modal.Root>
  )
}

function Search({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const list = useId()
  const { actions: found, loading } = useFound(text)
  const chosen = Math.min(at, Math.max(0, found.length - 1))
  const run = (action: Action | undefined) => {
    if (!action) return
    onClose()
    action.run()
  }
  const press = (event: React.KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt((chosen + 1) % Math.max(1, found.length))
    else if (event.key === 'ArrowUp') setAt((chosen - 1 + found.length) % Math.max(1, found.length))
    else if (event.key === 'Enter') run(found[chosen])
    else return
    event.preventDefault()
  }
  return (
    <>
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        px="md"
        leftSection={<IconSearch size={18} />}
        rightSection={loading ? <Loader size="xs" /> : null}
        placeholder={t.palette.placeholder}
        aria-label={t.actions.palette}
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found[chosen] ? `${list}-${chosen}` : undefined}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={press}
      />
      <ScrollArea.Autosize mah="50vh" className={css.list}>
        <div role="listbox" id={list} aria-label={t.actions.palette}>
          {found.map((action, index) => (
            <UnstyledButton
              key={action.id}
              id={`${list}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className={css.option}
              onMouseMove={() => setAt(index)}
              onClick={() => run(action)}
            >
              <Group justify="space-between" wrap="nowrap">
                <Text size="sm" truncate>
                  {action.title}
                </Text>
                {action.keys ? (
                  <KeyCaps keys={action.keys} />
                ) : (
                  <Text size="xs" c="dimmed">
                    {action.section}
                  </Text>
                )}
              </Group>
            </UnstyledButton>
          ))}
        </div>
        {found.length === 0 && !loading && (
          <Text size="sm" c="dimmed" p="md">
            {t.palette.none}
          </Text>
        )}
      </ScrollArea.Autosize>
    </>
  )
}

function useFound(text: string): { actions: Action[]; loading: boolean } {
  const may = useMay()
  const [search] = useDebouncedValue(text.trim(), 150)
  const wanted = search.length >= MIN_SEARCH && may('customers:read')
  const customers = useAsk('customers', { search, limit: SHOWN }, { enabled: wanted })
  const actions = ranked(
    useActionList().filter((action) => !action.bare),
    text,
  )
  const people = wanted ? (customers.data?.items ?? []) : []
  const opened = people.map((customer) => ({
    id: `customer.${customer.customer_id}`,
    title: [customer.name || t.unknownName, customer.email ?? customer.phone].filter(Boolean).join(' · '),
    section: t.sections.customers,
    run: () => openPanel('customer', customer.customer_id),
  }))
  return { actions: [...actions, ...opened], loading: wanted && customers.isFetching }
}
