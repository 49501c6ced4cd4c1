// What a merge would come to, by the server's own rules: the survivor keeps what it has, what it lacks comes over, and of
// consents a withdrawal always and a grant only for the same address.
import type { Customer360 } from './CustomerRecord'

type Profile = Pick<Customer360['profile'], 'first_name' | 'last_name' | 'email' | 'phone' | 'address'>
type Consent = Pick<Customer360['consents'][number], 'channel' | 'purpose' | 'granted' | 'changed_at'>

export interface Side {
  profile: Profile
  consents: Consent[]
}

export type FieldName = keyof Profile

const FIELDS: FieldName[] = ['first_name', 'last_name', 'email', 'phone', 'address']

export interface FieldPreview {
  name: FieldName
  value: string
  from: 'survivor' | 'gone'
  /** What the other one had, where it is another; it shows in the history only. */
  lost: string | null
}

/** The fields that either has. */
export function fieldsAfter(survivor: Side, gone: Side): FieldPreview[] {
  return FIELDS.flatMap((name) => {
    const [own, other] = [survivor.profile[name], gone.profile[name]]
    const value = own || other
    if (!value) return []
    const lost = own && other && own !== other ? other : null
    return [{ name, value, from: own ? ('survivor' as const) : ('gone' as const), lost }]
  })
}

/** The consents that would be other than they are now. */
export function consentsAfter(survivor: Side, gone: Side): Consent[] {
  const { email, phone } = survivor.profile
  // Where the survivor has no address the other one's comes over, and with it what was said for it.
  const isSame = (own: string | null | undefined, other: string | null | undefined) =>
    !!other && (!own || own === other)
  const isFor = (channel: string) =>
    channel === 'web_chat' ||
    (channel === 'email' ? isSame(email, gone.profile.email) : isSame(phone, gone.profile.phone))
  return gone.consents.filter((consent) => {
    const own = survivor.consents.find(
      (known) => known.channel === consent.channel && known.purpose === consent.purpose,
    )
    const holds = !consent.granted || isFor(consent.channel)
    return holds && (!own || (own.changed_at < consent.changed_at && own.granted !== consent.granted))
  })
}
