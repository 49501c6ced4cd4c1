// The npm libraries of Standard Webhooks and Svix as receivers of our webhooks.
//
// Reads JSON lines {payload, secret, id, timestamp, signature}; prints `ok` or `err` of each library, in that order.

const { createInterface } = require("node:readline");

const LIBRARIES = [require("standardwebhooks").Webhook, require("svix").Webhook];

function judge(Library, one) {
  const names = ["id", "timestamp", "signature"];
  const headers = Object.fromEntries(names.map((name) => [`webhook-${name}`, String(one[name])]));
  try {
    new Library(one.secret).verify(one.payload, headers);
  } catch {
    // Each library has its own error, and all of them mean no.
    return "err";
  }
  return "ok";
}

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line.trim()) {
    console.log(LIBRARIES.map((library) => judge(library, JSON.parse(line))).join(" "));
  }
});
