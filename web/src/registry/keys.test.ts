import { describe, expect, it } from 'vitest'
import { caps, match, notation } from './keys'

const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }

describe('notation', () => {
  it('is the same on every system', () => {
    expect(notation({ ...plain, key: 'K', ctrlKey: true })).toBe('mod+k')
    expect(notation({ ...plain, key: 'k', metaKey: true })).toBe('mod+k')
    expect(notation({ ...plain, key: '?', shiftKey: true })).toBe('?')
    expect(notation({ ...plain, key: 'Enter', shiftKey: true })).toBe('shift+enter')
  })
})

describe('match', () => {
  const known = ['g i', 'g c', 'j', '?']
  it('waits for the rest of a sequence and forgets what leads nowhere', () => {
    expect(match(known, '', 'g')).toEqual({ hit: null, pending: 'g' })
    expect(match(known, 'g', 'i')).toEqual({ hit: 'g i', pending: '' })
    expect(match(known, 'g', 'j')).toEqual({ hit: 'j', pending: '' })
    expect(match(known, '', 'x')).toEqual({ hit: null, pending: '' })
  })
})

describe('caps', () => {
  it('show what is printed on the keys', () => {
    expect(caps('mod+k', false)).toEqual(['Ctrl+K'])
    expect(caps('mod+k', true)).toEqual(['⌘K'])
    expect(caps('g i', false)).toEqual(['G', 'I'])
  })
})
