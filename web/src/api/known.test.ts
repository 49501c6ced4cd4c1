import { expect, it } from 'vitest'
import { forgetAll, lastingCursor, recall, remember } from './known'

it('keeps the newest answers with their tags, and no more than it may', () => {
  remember('/a', 'W/"1"', 'old')
  remember('/a', 'W/"2"', 'new')
  expect(recall('/a')).toEqual({ tag: 'W/"2"', answer: 'new' })
  for (let n = 0; n < 200; n += 1) remember(`/${n}`, 'W/"1"', n)
  expect(recall('/a')).toBeUndefined()
  expect(recall('/199')?.answer).toBe(199)
  remember('/199', null, 'an answer without a tag')
  expect(recall('/199')).toBeUndefined()
})

it('leads on by the same cursor as long as a page ends with the same row', () => {
  expect(lastingCursor('row 1', 'first')).toBe('first')
  expect(lastingCursor('row 1', 'sealed anew')).toBe('first')
  expect(lastingCursor('row 2', 'another')).toBe('another')
  forgetAll()
  expect(lastingCursor('row 1', 'sealed anew')).toBe('sealed anew')
})
