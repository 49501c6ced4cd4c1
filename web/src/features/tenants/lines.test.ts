// What changed is told line by line.
import { describe, expect, it } from 'vitest'
import { changedLines } from './lines'
import { readVariables, writtenVariables } from './variables'

const marks = { same: ' ', added: '+', removed: '-' }
const shown = (before: string, after: string) =>
  changedLines(before, after).map((line) => `${marks[line.kind]}${line.text}`)

describe('what changed between two texts', () => {
  it('keeps what both have and marks the rest', () => {
    expect(shown('Hello\nold\nBye', 'Hello\nnew\nBye')).toEqual([' Hello', '-old', '+new', ' Bye'])
  })
  it('says that all is new where there was nothing', () => {
    expect(shown('', 'One\nTwo')).toEqual(['+One', '+Two'])
    expect(shown('One', '')).toEqual(['-One'])
  })
  it('says nothing of what stayed', () => {
    expect(changedLines('a\nb', 'a\nb').every((line) => line.kind === 'same')).toBe(true)
  })
  it('shows very long texts whole', () => {
    const long = Array.from({ length: 600 }, (_, line) => String(line)).join('\n')
    expect(changedLines(long, `${long}!`)).toHaveLength(1200)
  })
})

describe('the values that a template declares', () => {
  it('are read as they are written', () => {
    const text = 'place = the gate | our kitchen\nurl = https://x.example/?a=1'
    expect(readVariables(text)).toEqual([
      { name: 'place', sample: 'the gate', fallback: 'our kitchen' },
      { name: 'url', sample: 'https://x.example/?a=1' },
    ])
    expect(writtenVariables(readVariables(text))).toBe(text)
    expect(readVariables(' \n')).toEqual([])
  })
})
