// Drives a server by the official npm clients of the Model Context Protocol.
//
// The first argument is the client: `client` speaks 2026-07-28, `sdk` the older protocols. Reads {url, key, steps}, each step
// a call {name, arguments} or null for the list of tools; prints one line of JSON for the connection and one for each step.

const packages = {
  client: () => {
    const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
    return { Client, StreamableHTTPClientTransport };
  },
  sdk: () => ({
    ...require("@modelcontextprotocol/sdk/client/index.js"),
    ...require("@modelcontextprotocol/sdk/client/streamableHttp.js"),
  }),
};

async function main() {
  const { Client, StreamableHTTPClientTransport } = packages[process.argv[2]]();
  const asked = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const transport = new StreamableHTTPClientTransport(new URL(asked.url), {
    requestInit: { headers: { authorization: `Bearer ${asked.key}` } },
  });
  const client = new Client({ name: "judge", version: "1" });
  await client.connect(transport);
  console.log(JSON.stringify({ server: client.getServerVersion().name }));
  for (const step of asked.steps) {
    const answer = step === null ? await client.listTools() : await client.callTool(step);
    console.log(JSON.stringify(answer));
  }
  await client.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
