// The price book. What a customer saw stays; a change holds for new bookings.
import { Button, CloseButton, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useCommand } from '../../api/hooks'
import { useMay } from '../../api/session'
import { minorUnits, typedMoney } from '../../components/format'
import { Part, Waiting } from '../../components/Page'
import { Refused } from '../../components/Refused'
import { useFields } from '../../components/useFields'
import { useTenant } from '../../components/useTenant'
import { humane, t } from '../../texts'

type Amounts = Record<string, string>

export function Prices() {
  const { tenant, settings } = useTenant()
  if (!tenant || !settings) return <Waiting />
  const book = tenant.price_book
  const { currency, zones } = settings
  const typed = (amount: number | undefined) => typedMoney(amount ?? 0, currency)
  const fees = book?.travel_fees_minor ?? {}
  return (
    <Form
      key={tenant.sequence}
      version={tenant.sequence}
      currency={currency}
      base={{
        adult: typed(book?.adult_minor),
        kid: typed(book?.kid_minor),
        minimum: typed(book?.minimum_total_minor),
        deposit: typed(book?.deposit_minor),
      }}
      menu={Object.fromEntries(
        Object.entries(book?.menu_upcharges_minor ?? {}).map(([item, amount]) => [item, typed(amount)]),
      )}
      travel={Object.fromEntries(zones.map(({ zone }) => [zone, typed(fees[zone])]))}
    />
  )
}

interface FormProps {
  version: number
  currency: string
  base: { adult: string; kid: string; minimum: string; deposit: string }
  menu: Amounts
  travel: Amounts
}

function Form({ version, currency, base, menu: firstMenu, travel: firstTravel }: FormProps) {
  const form = useFields(base)
  const [menu, setMenu] = useState(firstMenu)
  const [travel, setTravel] = useState(firstTravel)
  const [item, setItem] = useState('')
  const setBook = useCommand('set-price-book', { said: t.settings.saved, quiet: true })
  const canWrite = useMay()('tenants:configure')
  const minor = (text: string) => minorUnits(text, currency)
  const all = [...Object.values(form.values), ...Object.values(menu), ...Object.values(travel)]
  const isWhole = all.every((text) => minor(text) !== null)
  const amounts = (typed: Amounts) =>
    Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, minor(text) ?? 0]))
  const send = form.submit(async () => {
    const { adult, kid, minimum, deposit } = form.values
    await setBook.mutateAsync({
      adult_minor: minor(adult) ?? 0,
      kid_minor: minor(kid) ?? 0,
      minimum_total_minor: minor(minimum) ?? 0,
      deposit_minor: minor(deposit) ?? 0,
      menu_upcharges_minor: amounts(menu),
      travel_fees_minor: amounts(travel),
      $options: { ifMatch: version },
    })
  })
  const names = ['adult', 'kid', 'minimum', 'deposit'] as const
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack maw={720} gap={0}>
        <Text size="sm" c="dimmed" mb="sm">
          {t.settings.priceWhy}
        </Text>
        <Part title={`${t.settings.views.prices} (${currency})`}>
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            {names.map((name) => (
              <Amount
                key={name}
                label={t.settings[name]}
                value={form.values[name]}
                wrong={minor(form.values[name]) === null}
                onChange={(text) => form.set({ [name]: text })}
              />
            ))}
          </SimpleGrid>
        </Part>
        <Part title={t.settings.upcharges}>
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            {Object.entries(menu).map(([name, text]) => (
              <Group key={name} gap={2} align="flex-end" wrap="nowrap">
                <Amount
                  label={humane(name)}
                  value={text}
                  wrong={minor(text) === null}
                  onChange={(next) => setMenu({ ...menu, [name]: next })}
                />
                {canWrite && (
                  <CloseButton
                    size="sm"
                    aria-label={`${t.actions.remove} ${humane(name)}`}
                    onClick={() =>
                      setMenu(Object.fromEntries(Object.entries(menu).filter(([other]) => other !== name)))
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
                  setMenu({ ...menu, [item.trim().toLowerCase().replace(/\s+/g, '-')]: '0' })
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
            {Object.entries(travel).map(([zone, text]) => (
              <Amount
                key={zone}
                label={humane(zone)}
                value={text}
                wrong={minor(text) === null}
                onChange={(next) => setTravel({ ...travel, [zone]: next })}
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
