// Words of the end of a business: taking it away, asking for the end, and taking that back.

export const ending = {
  takeAway: {
    title: 'Take your data with you',
    body: 'The whole business in one file, for another installation of Rapport or for the archive: every event since the first day, and the audit log that proves them.',
    readable:
      'To read your data yourself, download lists as CSV: customers on their page, every other list by the API.',
    customers: 'Customers',
    ask: 'Take your data with you…',
    holds: 'One file (.tar) with:',
    parts: [
      'everything that ever happened in the business, with a manifest and checksums (events)',
      'the keys of the business and of each person, locked (events/keys.ndjson)',
      'the audit log with its signed head (audit.ndjson)',
    ],
    sealed:
      'What is personal stays locked in it: names, addresses, messages and notes. The keys in the file are locked too, with the root key of this installation, which is not in it. It opens only where that key is; whoever operates the installation has it.',
    keep: 'What is not personal lies open: dates, amounts, settings, and words such as tags. So keep the file where nobody else can read it. Taking it is on record, and a second factor is asked for.',
    go: 'Download',
    begun: 'The download begins',
  },
  danger: {
    title: 'Delete this business',
    intro:
      'Everything goes for good: customers, bookings, payments, messages, events, people and keys. Until the day has come the business works on as before, and you can take it back here. Every owner gets a letter.',
    days: 'Days until the deletion',
    daysWhy: 'From the day on which somebody asks for it; 7 to 365.',
    daysSaved: 'The number of days is saved',
    ask: 'Delete this business…',
    sure: (days: number) =>
      `In ${days} days everything is deleted, and nobody can bring it back. Type the short name of the business to go on.`,
    slug: (slug: string) => `Short name: ${slug}`,
    go: 'Schedule the deletion',
    asked: 'The deletion is scheduled',
    scheduled: 'This business is going to be deleted',
    until: 'All of it goes on',
    withdraw: 'Keep the business',
    withdrawn: 'The business stays',
  },
}
