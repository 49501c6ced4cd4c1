// Words of forms that somebody else has saved meanwhile.

export const held = {
  newer: {
    title: 'Somebody else has just saved',
    why: 'What you have typed is kept. Compare both before you save.',
    look: 'Compare',
  },
}
