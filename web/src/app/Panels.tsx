// Draws the panel that the address names. Features meet here and nowhere else.
import { ActionIcon, Group } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import type { ComponentType } from 'react'
import { lazy, Suspense } from 'react'
import type { PanelKind } from '../components/panel'
import { usePanel } from '../components/panel'
import { Waiting } from '../components/Page'
import { t } from '../texts'
import css from './Shell.module.css'

type PanelOf = ComponentType<{ id: string }>

const PANEL: Record<PanelKind, PanelOf> = {
  booking: lazy(() => import('../features/bookings/BookingPanel').then((m) => ({ default: m.BookingPanel }))),
  customer: lazy(() =>
    import('../features/customers/CustomerPanel').then((m) => ({ default: m.CustomerPanel })),
  ),
  payment: lazy(() => import('../features/payments/PaymentPanel').then((m) => ({ default: m.PaymentPanel }))),
  'new-booking': lazy(() =>
    import('../features/bookings/NewBooking').then((m) => ({ default: m.NewBooking })),
  ),
  'new-customer': lazy(() =>
    import('../features/customers/NewCustomer').then((m) => ({ default: m.NewCustomer })),
  ),
  'new-payment': lazy(() =>
    import('../features/payments/NewPayment').then((m) => ({ default: m.NewPayment })),
  ),
}

export function Panels() {
  const { place, close } = usePanel()
  if (!place) return null
  const Panel = PANEL[place.kind]
  return (
    <aside className={css.panel} aria-label={t.panels[place.kind]}>
      <Group justify="space-between" className={css.panelHead}>
        <strong>{t.panels[place.kind]}</strong>
        <ActionIcon variant="subtle" color="gray" onClick={close} aria-label={t.actions.close}>
          <IconX size={18} />
        </ActionIcon>
      </Group>
      <div className={css.panelBody}>
        <Suspense fallback={<Waiting />}>
          <Panel id={place.id} key={`${place.kind}.${place.id}`} />
        </Suspense>
      </div>
    </aside>
  )
}
