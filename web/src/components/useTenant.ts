// The business whose data is shown: its zone, its slots, its currency, its prices.
import { createContext, useContext } from 'react'
import { useAsk } from '../api/hooks'
import { useMay } from '../api/session'

/** What the pages read of a tenant's settings; the server's own description leaves them open. */
export interface TenantSettings {
  time_zone: string
  region: string
  currency: string
  slots: string[]
  party_minutes: number
  zones: { zone: string; postcodes: string[] }[]
  hold_hours: number
  refund_policy: { hours_before: number; percent: number }[]
  senders: {
    email_name?: string | null
    email_from?: string | null
    email_reply_to?: string | null
    sms_from?: string | null
  }
  messaging?: {
    stop_text?: string | null
    start_text?: string | null
    help_text?: string | null
    ai_mode?: string
  }
}

/** Rarely changed, and the stream says when. */
export function useTenant() {
  const enabled = useMay()('tenants:read')
  const found = useAsk('tenant', {}, { enabled })
  const item = found.data?.item
  return { ...found, tenant: item, settings: item?.settings as unknown as TenantSettings | undefined }
}

/** The zone of the business, for all that shows times: asked for once on the page. */
export const Zone = createContext<string | undefined>(undefined)

export function useZone(): string | undefined {
  return useContext(Zone)
}
