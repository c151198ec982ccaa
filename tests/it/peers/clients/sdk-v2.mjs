// The TypeScript SDK's second line: `node sdk-v2.mjs MODE COMMAND ARGS...`, where the mode is one of its
// `versionNegotiation.mode`.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.cwd() + "/");
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { Client } = await load("@modelcontextprotocol/client");
const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");
const { look } = await import("./look.mjs");

const [mode, command, ...args] = process.argv.slice(2);
const negotiation = mode === "modern" ? { mode: { pin: "2026-07-28" } } : { mode };
const client = new Client({ name: "peer", version: "1.0.0" }, { capabilities: {}, versionNegotiation: negotiation });
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" });
await look(client, transport);
