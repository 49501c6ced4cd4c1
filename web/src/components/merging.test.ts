import { expect, it } from 'vitest'
import { clashesOf, merged } from './merging'

const base = { email: 'a@example.com', phone: '1', address: 'Here' }
const mine = { email: 'b@example.com', phone: '1', address: 'There' }
const theirs = { email: 'c@example.com', phone: '2', address: 'Here' }

it('asks only about what both have changed', () => {
  expect(clashesOf(base, mine, theirs)).toEqual([
    { name: 'email', mine: 'b@example.com', theirs: 'c@example.com' },
  ])
  expect(clashesOf(base, mine, { ...base, email: 'b@example.com' })).toEqual([])
})

it('keeps the changes of both, and of a clash the chosen side', () => {
  expect(merged(base, mine, theirs, new Set())).toEqual({
    email: 'b@example.com',
    phone: '2',
    address: 'There',
  })
  expect(merged(base, mine, theirs, new Set(['email'])).email).toBe('c@example.com')
})
