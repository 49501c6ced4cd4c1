// Words that many pages share.
export const shared = {
  product: 'Rapport',
  pages: {
    inbox: 'Inbox',
    customers: 'Customers',
    bookings: 'Bookings',
    schedule: 'Schedule',
    payments: 'Payments',
    approvals: 'Approvals',
    agents: 'Agents',
    figures: 'Dashboard',
    system: 'Operations',
    settings: 'Settings',
    profile: 'Your account',
  },
  actions: {
    cancel: 'Keep as it is',
    close: 'Close',
    save: 'Save',
    send: 'Send',
    retry: 'Try again',
    add: 'Add',
    remove: 'Remove',
    open: 'Open',
    openPage: 'Open the full page',
    copy: 'Copy',
    undo: 'Undo',
    copied: 'Copied',
    more: 'More actions',
    search: 'Search',
    columns: 'Columns',
    clear: 'Clear filters',
    signOut: 'Sign out',
    scheme: 'Light or dark',
    palette: 'Search and commands',
    keys: 'Keyboard shortcuts',
    goTo: (page: string) => `Go to ${page}`,
    skip: 'Skip to the content',
    previous: 'Previous',
    next: 'Next',
    menu: 'Menu',
  },
  sections: { go: 'Go to', here: 'On this page', create: 'Create', app: 'Rapport', customers: 'Customers' },
  palette: {
    placeholder: 'Find a customer, or say what to do',
    none: 'Nothing fits. Customers are found by name, e-mail or phone.',
  },
  keys: { title: 'Keyboard shortcuts', then: 'then' },
  live: {
    connecting: 'Connecting',
    live: 'Live',
    stale: (since: string) => `Not live since ${since}`,
    why: 'Changes of others appear by themselves while this is live. Rapport is connecting again.',
    offline: 'You are looking at data from before the connection was lost. Rapport is connecting again.',
  },
  problems: {
    title: (status: number) =>
      status === 0
        ? 'No connection'
        : status === 403
          ? 'Not allowed'
          : status >= 500
            ? 'The server failed'
            : 'That did not work',
    stale: 'Somebody else changed this first',
    code: (code: string) => `Code ${code}`,
    load: 'This could not be loaded',
    crashed: 'This page has failed',
    crashedWhy:
      'Nothing that you saved is lost. Load it again; if it stays so, tell whoever runs Rapport for you.',
    unknown: 'There is no such page',
    forbidden: 'Your role does not include this page. Whoever manages your team can change that.',
  },
  table: {
    loadingMore: 'Loading more',
    all: (count: string) => `${count}, that is all`,
    some: (count: string) => `${count} loaded, more below`,
    sort: (column: string) => `Sort by ${column}`,
  },
  none: 'None',
  unknownName: 'No name yet',
  yes: 'Yes',
  no: 'No',
  reason: 'Reason',
  your: (time: string) => `${time} where you are`,
}
