// The TypeScript SDK's first line: `node sdk-v1.mjs MODE COMMAND ARGS...` prints what a client of it sees.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.cwd() + "/");
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
const { look } = await import("./look.mjs");

const [command, ...args] = process.argv.slice(3);
const client = new Client({ name: "peer", version: "1.0.0" }, { capabilities: {} });
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" });
await look(client, transport);
