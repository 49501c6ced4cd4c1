// Words of the end of a business: asking for it, and taking it back.

export const ending = {
  danger: {
    title: 'Delete this business',
    intro:
      'Everything goes for good: customers, bookings, payments, messages, events, people and keys. Until the day has come the business works on as before, and you can take it back here.',
    exportTitle: 'Keep what you need first',
    exportBody:
      'Customers can be downloaded on their page, and every list by the API, as CSV. Whoever operates the installation can hand out the whole business, with its audit log.',
    customers: 'Customers',
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
