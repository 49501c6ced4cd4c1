// Runs scenarios of the official conformance suite of the Model Context Protocol against a server that wants a key.
//
// The suite's client sends no credentials, so a forwarder stands in front of the server that adds them, and says the server's
// address where a header says its own. Reads {url, key, runs: [{scenario, revision}]}; prints the list of the suite's scenarios for servers as its first
// line, then one line for each run: its checks with what came of them. Wants Node.js 22, as the suite does.

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");

const AT_ONCE = 2;
const SCENARIO_LIMIT_MS = 30_000;
const suite = path.join(process.env.NODE_PATH, "@modelcontextprotocol/conformance/dist/index.js");

// Header by header as they came, repeated ones and their case included.
function forwarder(url, key) {
  const target = new URL(url);
  const server = http.createServer((request, response) => {
    const { port } = server.address();
    const own = new RegExp(`(127\\.0\\.0\\.1|localhost):${port}\\b`, "g");
    const renamed = request.rawHeaders.map((text) => text.replace(own, target.host));
    const headers = [...renamed, "Authorization", `Bearer ${key}`];
    const onward = { host: target.hostname, port: target.port, path: request.url, method: request.method, headers };
    const asked = http.request(onward, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    asked.on("error", (error) => response.destroy(error));
    response.on("close", () => asked.destroy());
    request.pipe(asked);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function run(words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [suite, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
    child.on("error", reject);
    child.on("close", () => resolve(said));
  });
}

// Every file of checks below a directory; the suite makes a directory of its own for each run.
function checksIn(directory) {
  const files = fs.readdirSync(directory, { recursive: true }).filter((name) => path.basename(name) === "checks.json");
  return files.flatMap((name) => JSON.parse(fs.readFileSync(path.join(directory, name), "utf8")));
}

async function judge(url, { scenario, revision }) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "mcp-conformance-"));
  const words = ["server", "--url", url, "--scenario", scenario, "--spec-version", revision];
  const said = await run([...words, "--timeout", String(SCENARIO_LIMIT_MS), "--output-dir", directory]);
  const checks = checksIn(directory).map(({ id, status, errorMessage }) => ({ id, status, error: errorMessage }));
  fs.rmSync(directory, { recursive: true });
  return { scenario, revision, checks, said: checks.length === 0 ? said : undefined };
}

async function main() {
  const asked = JSON.parse(fs.readFileSync(0, "utf8"));
  const listed = await run(["list", "--server"]);
  const scenarios = [...listed.matchAll(/^ *- (\S+) \[([^\]]*)\]/gm)].map(([, scenario, revisions]) => ({
    scenario,
    revisions: revisions.split(","),
  }));
  console.log(JSON.stringify(scenarios));
  const server = await forwarder(asked.url, asked.key);
  const url = `http://127.0.0.1:${server.address().port}${new URL(asked.url).pathname}`;
  const waiting = [...asked.runs];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      console.log(JSON.stringify(await judge(url, next)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  server.closeAllConnections();
  server.close();
}

main().catch((error) => {
  console.log(String(error?.stack ?? error));
  process.exit(1);
});
