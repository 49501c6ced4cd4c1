// An OpenID Connect provider by the npm package oidc-provider: certified, and with everything that this flow needs.
//
// Reads one line of JSON {client_id, client_secret, redirect_uri}, then prints {issuer}. Lines after that are orders: {account}
// says who signs in from then on, as claims; {rotate: true} changes the signing keys. Each is answered by a line. Ends with its
// input.

const http = require("node:http");
const { generateKeyPairSync } = require("node:crypto");
const readline = require("node:readline");
const { Provider } = require("oidc-provider");

// What the package has to say goes where nobody reads it as an answer.
console.info = console.error;

let account = null;
let generation = 0;

function keys() {
  generation += 1;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = privateKey.export({ format: "jwk" });
  return { keys: [{ ...key, kid: `key-${generation}`, use: "sig", alg: "RS256" }] };
}

function provider(issuer, client) {
  const made = new Provider(issuer, {
    clients: [
      {
        client_id: client.client_id,
        client_secret: client.client_secret,
        redirect_uris: [client.redirect_uri],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    jwks: keys(),
    cookies: { keys: ["of this process alone"] },
    // How somebody has signed in is said to everybody.
    claims: { openid: ["sub", "acr", "amr"], email: ["email", "email_verified"], profile: ["name"], auth_time: null },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...(account?.claims ?? {}) }) }),
    // Nobody is asked whether this program may know them.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
  // Whoever is named by the last order signs in.
  made.use(async (ctx, next) => {
    if (!ctx.path.startsWith("/interaction/")) return next();
    if (account === null) {
      await made.interactionFinished(ctx.req, ctx.res, { error: "access_denied" });
    } else {
      const { sub, amr, acr } = account;
      const login = { accountId: sub, amr, acr, remember: false };
      await made.interactionFinished(ctx.req, ctx.res, { login });
    }
    ctx.respond = false;
  });
  return made;
}

let serve = (_, response) => response.destroy();
const server = http.createServer((request, response) => serve(request, response));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let client = null;
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const order = JSON.parse(line);
    if (client === null) client = order;
    if ("account" in order) account = order.account;
    if (order.rotate || generation === 0) serve = provider(issuer, client).callback();
    console.log(JSON.stringify({ issuer }));
  });
  lines.on("close", () => process.exit(0));
});
