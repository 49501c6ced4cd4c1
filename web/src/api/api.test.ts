import { describe, expect, it } from 'vitest'
import { query } from './client'
import { retryDelay, staleQueries } from './live'

describe('query', () => {
  it('leaves out what is absent and keeps what is false or zero', () => {
    expect(query({ a: undefined, b: null, c: '', d: false, e: 0, f: 'x y' })).toBe('?d=false&e=0&f=x+y')
    expect(query({})).toBe('')
  })
})

describe('retryDelay', () => {
  it('grows with each failure, has jitter, and stays below its limit', () => {
    expect(retryDelay(0, 1)).toBe(500)
    expect(retryDelay(1, 0)).toBe(500)
    expect(retryDelay(30, 1)).toBe(15_000)
  })
})

describe('staleQueries', () => {
  it('names each query once and nothing for a topic that is not known', () => {
    expect(staleQueries(['tenants', 'unheard-of'])).toEqual(new Set(['tenant']))
    expect(staleQueries(['bookings', 'payments']).has('dashboard')).toBe(true)
  })
})
