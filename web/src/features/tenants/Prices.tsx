// The price book. What a customer saw stays; a change holds for new bookings.
import { Button, CloseButton, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { Item } from '../../api/client'
import { ask } from '../../api/client'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { Conflict } from '../../components/Conflict'
import { minorUnits, typedMoney } from '../../components/format'
import { isSame } from '../../components/merging'
import { NewerNote } from '../../components/NewerNote'
import { Part, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useHeld } from '../../components/useHeld'
import type { TenantSettings } from '../../components/useTenant'
import { useTenant } from '../../components/useTenant'
import type { Version } from '../../components/useVersions'
import { useVersions } from '../../components/useVersions'
import { humane, t } from '../../texts'

const NAMES = ['adult', 'kid', 'minimum', 'deposit'] as const
/** Prices of the menu and of zones stand beside the others, each under its kind and name. */
const MENU = 'menu '
const TRAVEL = 'travel '

type Fields = Record<string, string>
type Tenant = Pick<Item<'tenant'>, 'sequence' | 'price_book' | 'settings'>

function versionOf(tenant: Tenant): Version<Fields> {
  const { currency, zones } = tenant.settings as unknown as TenantSettings
  const book = tenant.price_book
  const typed = (amount: number | undefined) => typedMoney(amount ?? 0, currency)
  const fields: Fields = {
    adult: typed(book?.adult_minor),
    kid: typed(book?.kid_minor),
    minimum: typed(book?.minimum_total_minor),
    deposit: typed(book?.deposit_minor),
  }
  for (const [item, amount] of Object.entries(book?.menu_upcharges_minor ?? {}))
    fields[MENU + item] = typed(amount)
  const fees = book?.travel_fees_minor ?? {}
  for (const { zone } of zones) fields[TRAVEL + zone] = typed(fees[zone])
  return { fields, sequence: tenant.sequence }
}

/** The names of one kind. */
function namesOf(fields: Fields, kind: string): string[] {
  return Object.keys(fields)
    .filter((name) => name.startsWith(kind))
    .map((name) => name.slice(kind.length))
}

function labelOf(name: string): string {
  const plain = NAMES.find((known) => known === name)
  if (plain) return t.settings[plain]
  const [kind, title] = name.startsWith(MENU) ? [MENU, t.settings.upcharges] : [TRAVEL, t.settings.travel]
  return `${title}: ${humane(name.slice(kind.length))}`
}

export function Prices() {
  const { tenant, settings } = useTenant()
  if (!tenant || !settings) return <Waiting />
  return <Held newest={versionOf(tenant)} currency={settings.currency} />
}

function Held({ newest, currency }: { newest: Version<Fields>; currency: string }) {
  const { held, isOld, setTouched } = useHeld(newest)
  return <Form key={held.sequence} version={held} currency={currency} isOld={isOld} onTouched={setTouched} />
}

interface FormProps {
  version: Version<Fields>
  currency: string
  /** Somebody has saved another one since. */
  isOld: boolean
  onTouched: (isTouched: boolean) => void
}

function Form({ version, currency, isOld, onTouched }: FormProps) {
  const setBook = useCommand('set-price-book', { said: t.settings.saved, quiet: true })
  const minor = (text: string | undefined) => minorUnits(text ?? '', currency)
  const { base, theirs, send, look, back } = useVersions<Fields>(
    version,
    (fields, on) => {
      const of = (kind: string) =>
        Object.fromEntries(namesOf(fields, kind).map((name) => [name, minor(fields[kind + name]) ?? 0]))
      return setBook.mutateAsync({
        adult_minor: minor(fields.adult) ?? 0,
        kid_minor: minor(fields.kid) ?? 0,
        minimum_total_minor: minor(fields.minimum) ?? 0,
        deposit_minor: minor(fields.deposit) ?? 0,
        menu_upcharges_minor: of(MENU),
        travel_fees_minor: of(TRAVEL),
        $options: { ifMatch: on.sequence },
      })
    },
    async () => versionOf((await ask('tenant', {})).item),
  )
  const form = useFields({})
  const [fields, setFields] = useState(base.fields)
  const [item, setItem] = useState('')
  const canWrite = useMay()('tenants:configure')
  const isTouched = !isSame(base.fields, fields)
  useEffect(() => onTouched(isTouched), [isTouched, onTouched])
  const isWhole = Object.values(fields).every((text) => minor(text) !== null)
  const set = (name: string, text: string) => setFields({ ...fields, [name]: text })
  const save = (chosen: Fields) =>
    form.submit(async () => {
      if (await send(chosen)) onTouched(false)
    })
  if (theirs) {
    const all = [...Object.keys(base.fields), ...Object.keys(fields), ...Object.keys(theirs.fields)]
    return (
      <Stack maw={720}>
        <Conflict
          labels={Object.fromEntries(all.map((name) => [name, labelOf(name)]))}
          base={base.fields}
          mine={fields}
          theirs={theirs.fields}
          busy={form.busy}
          onCancel={back}
          onSave={(chosen) => void save(chosen)()}
        />
        <Refused problem={form.problem} />
      </Stack>
    )
  }
  return (
    <form onSubmit={(event) => void save(fields)(event)}>
      <Stack maw={720} gap={0}>
        {isOld && <NewerNote onLook={() => void look()} />}
        <Text size="sm" c="dimmed" mb="sm">
          {t.settings.priceWhy}
        </Text>
        <Part title={`${t.settings.views.prices} (${currency})`}>
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            {NAMES.map((name) => (
              <Amount
                key={name}
                label={t.settings[name]}
                value={fields[name] ?? ''}
                wrong={minor(fields[name]) === null}
                onChange={(text) => set(name, text)}
              />
            ))}
          </SimpleGrid>
        </Part>
        <Part title={t.settings.upcharges}>
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            {namesOf(fields, MENU).map((name) => (
              <Group key={name} gap={2} align="flex-end" wrap="nowrap">
                <Amount
                  label={humane(name)}
                  value={fields[MENU + name] ?? ''}
                  wrong={minor(fields[MENU + name]) === null}
                  onChange={(text) => set(MENU + name, text)}
                />
                {canWrite && (
                  <CloseButton
                    size="sm"
                    aria-label={`${t.actions.remove} ${humane(name)}`}
                    onClick={() =>
                      setFields(
                        Object.fromEntries(Object.entries(fields).filter(([other]) => other !== MENU + name)),
                      )
                    }
                  />
                )}
              </Group>
            ))}
          </SimpleGrid>
          {canWrite && (
            <Group mt="sm" gap="xs">
              <TextInput
                size="xs"
                aria-label={t.settings.itemName}
                placeholder={t.settings.itemName}
                value={item}
                onChange={(event) => setItem(event.currentTarget.value)}
              />
              <Button
                size="xs"
                variant="default"
                disabled={!item.trim()}
                onClick={() => {
                  set(MENU + item.trim().toLowerCase().replace(/\s+/g, '-'), '0')
                  setItem('')
                }}
              >
                {t.settings.addItem}
              </Button>
            </Group>
          )}
        </Part>
        <Part title={t.settings.travel}>
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            {namesOf(fields, TRAVEL).map((zone) => (
              <Amount
                key={zone}
                label={humane(zone)}
                value={fields[TRAVEL + zone] ?? ''}
                wrong={minor(fields[TRAVEL + zone]) === null}
                onChange={(text) => set(TRAVEL + zone, text)}
              />
            ))}
          </SimpleGrid>
        </Part>
        <Refused problem={form.problem} />
        {canWrite && (
          <Group mt="md">
            <Button type="submit" loading={form.busy} disabled={!isWhole}>
              {t.actions.save}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}

function Amount({
  label,
  value,
  wrong,
  onChange,
}: {
  label: string
  value: string
  wrong: boolean
  onChange: (text: string) => void
}) {
  return (
    <TextInput
      label={label}
      inputMode="decimal"
      value={value}
      error={wrong && t.settings.wrongAmount}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
