// Words of signing in by a provider of the business's own, and of setting that up.
export const signIn = {
  byProvider: {
    go: (title: string) => `Sign in with ${title}`,
    or: 'or with a password',
    other: 'Use your business’s own account',
    tenant: 'Short name of the business',
    tenantWhy: 'As it stands in the address that you were given.',
    find: 'Go on',
    none: 'People of this business sign in with a password.',
    failed: 'You were not signed in',
    why: {
      'person-not-invited': 'Nobody has invited this address. Ask whoever invites people at your business.',
      'person-deactivated': 'You were turned away. Ask whoever invites people at your business.',
      'provider-email-unverified':
        'The provider vouches for no e-mail address of yours. Verify your address there, then sign in again.',
      'provider-email-domain':
        'Addresses of this domain do not come in here. Use your address at the business.',
      'account-linked-otherwise':
        'Somebody has come in with this address by another account. Whoever invites people can end that link.',
      'operator-by-password': 'Whoever operates the installation signs in with a password.',
      'new-people-role-guarded':
        'Only an invitation gives the role that is configured. Ask for an invitation.',
      'provider-refused': 'The provider has signed nobody in. Begin again, and say yes there.',
      'provider-misconfigured': 'Signing in by this provider is not set up rightly. Tell whoever set it up.',
      'provider-unreachable': 'The provider cannot be reached right now. Try again in a moment.',
      'sign-in-not-begun': 'This took too long, or was begun in another browser. Begin again.',
      'sign-in-provider-unknown': 'People of this business sign in with a password.',
      'tenant-suspended': 'This business is suspended. Ask whoever operates the installation.',
      'auth-rate-exceeded': 'Too many have tried from here. Wait a minute, then begin again.',
    } as Record<string, string>,
    otherwise: 'Begin again. If it stays, tell whoever runs this installation the code below.',
  },
  signInProvider: {
    title: 'Sign-in by your own provider',
    why: 'People sign in with the accounts that they have at Google, Microsoft, Okta or any other OpenID Connect provider. Register this installation there with the address below.',
    redirect: 'Redirect address',
    issuer: 'Issuer',
    issuerWhy: 'Exactly as the provider names itself, such as https://accounts.google.com.',
    clientId: 'Client id',
    secret: 'Client secret',
    secretKept: 'Left empty, the one that is known stays.',
    buttonTitle: 'Name on the button',
    domains: 'E-mail domains',
    domainsWhy: 'With commas between them. Empty: any.',
    newPeople: 'Whoever was not invited',
    invitedOnly: 'does not come in',
    joins: (role: string) => `comes in as ${role}`,
    newPeopleWhy: 'Needs e-mail domains: everybody with an account of these comes in.',
    factors: 'The provider’s own second factor',
    factorsWhy:
      'Values of its claims amr or acr that count as one, such as mfa. Empty: our own is asked for. Owners give ours in any case.',
    configured: 'The provider is configured. Test it, then sign in once in another window.',
  },
}
