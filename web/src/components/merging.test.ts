import { expect, it } from 'vitest'
import type { Fields } from './merging'
import { clashesOf, isSame, merged } from './merging'

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

it('carries over what was added and what was taken away', () => {
  const list: Fields = { lobster: '10', salmon: '5' }
  const without = { lobster: '10', truffle: '20' }
  const theirs = { lobster: '12', salmon: '5', caviar: '40' }
  expect(clashesOf(list, without, theirs)).toEqual([])
  expect(merged(list, without, theirs, new Set())).toEqual({ lobster: '12', truffle: '20', caviar: '40' })
  const dearer = { lobster: '10', salmon: '6' }
  expect(clashesOf(list, without, dearer)).toEqual([{ name: 'salmon', mine: '', theirs: '6' }])
  expect(merged(list, without, dearer, new Set(['salmon']))).toEqual({
    lobster: '10',
    salmon: '6',
    truffle: '20',
  })
})

it('knows a form that was not touched', () => {
  expect(isSame(base, { ...base })).toBe(true)
  expect(isSame(base, mine)).toBe(false)
  expect(isSame(base, { ...base, more: '' })).toBe(false)
})
