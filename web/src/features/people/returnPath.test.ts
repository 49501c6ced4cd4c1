import { expect, test } from 'vitest'
import { returnPath } from './returnPath'

test('one comes back to the page that was asked for, without what the sign-in page was told', () => {
  expect(returnPath({ pathname: '/inbox', search: '' })).toBe('/inbox')
  expect(returnPath({ pathname: '/', search: '?sign-in=person-not-invited&tenant=main' })).toBe('/')
  expect(returnPath({ pathname: '/bookings', search: '?status=paid&tenant=main&q=a%20b' })).toBe(
    '/bookings?status=paid&q=a+b',
  )
})
