import { expect, it } from 'vitest'
import type { Side } from './mergePreview'
import { consentsAfter, fieldsAfter } from './mergePreview'

const nobody = { first_name: '', last_name: '', email: null, phone: null, address: null }

function side(profile: Partial<Side['profile']>, consents: [string, boolean, string][] = []): Side {
  return {
    profile: { ...nobody, ...profile },
    consents: consents.map(([channel, granted, changed_at]) => ({
      channel: channel as 'email',
      purpose: 'marketing' as const,
      granted,
      changed_at,
    })),
  }
}

it('keeps what the survivor has, fills what it lacks, and says what is lost', () => {
  const survivor = side({ first_name: 'Ada', email: 'ada@example.com' })
  const gone = side({ first_name: 'Adele', email: 'ada@example.com', phone: '+1 213 555 0100' })
  expect(fieldsAfter(survivor, gone)).toEqual([
    { name: 'first_name', value: 'Ada', from: 'survivor', lost: 'Adele' },
    { name: 'email', value: 'ada@example.com', from: 'survivor', lost: null },
    { name: 'phone', value: '+1 213 555 0100', from: 'gone', lost: null },
  ])
})

it('takes every newer withdrawal, and a grant for the same address only', () => {
  const own = side({ email: 'a@example.com' }, [['email', true, '2026-01-01']])
  const withdrawn = side({ email: 'b@example.com' }, [['email', false, '2026-02-01']])
  expect(consentsAfter(own, withdrawn).map((consent) => consent.granted)).toEqual([false])
  const refused = side({ email: 'a@example.com' }, [['email', false, '2026-01-01']])
  const granted = (email: string) => side({ email }, [['email', true, '2026-02-01']])
  expect(consentsAfter(refused, granted('b@example.com'))).toEqual([])
  expect(consentsAfter(refused, granted('a@example.com'))).toHaveLength(1)
  expect(consentsAfter(side({}), granted('b@example.com'))).toHaveLength(1)
})

it('leaves out what is older or the same', () => {
  const own = side({ email: 'a@example.com' }, [['email', true, '2026-03-01']])
  expect(consentsAfter(own, side({ email: 'a@example.com' }, [['email', false, '2026-02-01']]))).toEqual([])
  expect(consentsAfter(own, side({ email: 'a@example.com' }, [['email', true, '2026-04-01']]))).toEqual([])
})
