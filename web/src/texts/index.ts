// Every word that people read, in one place, so that another language is another set of these files.
import { bulkRuns } from './bulk_runs'
import { business } from './business'
import { desk } from './desk'
import { held } from './held'
import { ending } from './ending'
import { facts } from './facts'
import { journeys } from './journeys'
import { lists } from './lists'
import { operators } from './operators'
import { shared } from './shared'
import { people } from './people'
import { programs } from './programs'
import { running } from './running'
import { signIn } from './signIn'
import { templates } from './templates'
import { trust } from './trust'

export const t = {
  ...shared,
  ...people,
  ...business,
  ...running,
  ...signIn,
  ...trust,
  ...desk,
  ...templates,
  ...lists,
  ...held,
  ...operators,
  ...programs,
  ...facts,
  ...ending,
  ...journeys,
  ...bulkRuns,
}

/** "one booking", "2 bookings". */
export function counted(count: number, one: string, many: string): string {
  return count === 1 ? `1 ${one}` : `${new Intl.NumberFormat('en').format(count)} ${many}`
}

const SPELLED: Record<string, string> = {
  ai: 'AI',
  sms: 'SMS',
  email: 'e-mail',
  whatsapp: 'WhatsApp',
  smtp: 'SMTP',
  url: 'URL',
  id: 'id',
  api: 'API',
  openid: 'OpenID',
}

/** A wire name for people: `deposit_pending` is "Deposit pending". */
export function humane(name: string): string {
  const words = name
    .replace(/[_-]+/g, ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .trim()
  const said = words.replace(
    /\b(ai|sms|email|whatsapp|smtp|url|id|api|openid)\b/g,
    (word) => SPELLED[word] ?? word,
  )
  return said.charAt(0).toUpperCase() + said.slice(1)
}
