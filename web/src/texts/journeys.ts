// Words of journeys: what is done by itself after something has happened.
export const journeys = {
  journeys: {
    page: 'Journeys',
    list: 'Journeys',
    why: 'What is done by itself after something has happened, step by step.',
    none: 'No journeys yet',
    noneWhy:
      'A journey reminds, thanks or asks by itself, days before or after a party. Write the first one.',
    add: 'New journey',
    back: 'All journeys',
    name: 'Name',
    state: 'State',
    trigger: 'Begins on',
    version: 'Version',
    open: 'On the way',
    finished: 'Finished',
    exited: 'Left early',
    enabledVersion: (version: number) => `Version ${version} is enabled`,
    enabledNone: 'Nobody begins it',
    definition: 'Definition',
    definitionHint: 'YAML. A change is a new version; those on the way keep theirs.',
    shown: 'Shown',
    save: 'Save version',
    saved: 'The version is kept',
    enable: 'Enable',
    enabled: 'New runs begin with this version',
    disable: 'Disable',
    disableTitle: 'Disable the journey?',
    disableWhy: 'Nobody begins it any more. Those on the way stop at their next step, which is not taken.',
    disabled: 'The journey is disabled',
    runs: 'Runs',
    noRuns: 'Nobody has been on it yet',
    noRunsWhy: 'A run begins with the event that the journey names, once a version is enabled.',
    customer: 'Customer',
    step: 'Step',
    wakes: 'Goes on',
    waitsFor: (event: string) => `waits for ${event}`,
    began: 'Began',
    steps: 'Steps',
    more: 'Show more',
    stop: 'Stop',
    stopTitle: 'Stop this run?',
    stopWhy: 'The next step is not taken. The customer stays on other journeys.',
    stopped: 'The run has ended',
    taken: 'Steps taken',
    noneTaken: 'No step has been taken yet',
    arm: (arm: number | null) => (arm === null ? 'no way fitted' : `way ${arm}`),
    held: 'held over quiet hours',
    cause: {
      finished: 'Came to the last step',
      event: 'Ended by an event',
      journey_disabled: 'The journey was disabled',
      customer_gone: 'The customer’s data rests or is gone',
      stopped: 'Stopped by hand',
    },
  },
}

/** What a new journey begins with. */
export const FIRST_JOURNEY = `journey: booking-reminder
version: 1
trigger: { event: BookingConfirmed }
exit: [ { event: BookingCancelled } ]
steps:
  - wait: { until: "booking.starts_at - 24h" }
  - send: { channel: sms, template: reminder-24h, purpose: transactional }
`
