import { expect, it } from 'vitest'
import { ranked } from './ranked'

const action = (title: string) => ({ id: title, title, section: 'Go to', run: () => {} })

it('finds by the beginnings of words, and puts the nearest first', () => {
  const all = ['Add a chef', 'Bookings', 'New booking'].map(action)
  expect(ranked(all, 'book').map((found) => found.title)).toEqual(['Bookings', 'New booking'])
  expect(ranked(all, 'new bo').map((found) => found.title)).toEqual(['New booking'])
  expect(ranked(all, 'ooking')).toEqual([])
  expect(ranked(all, ' ')).toHaveLength(3)
})
