// The conformance suite speaks HTTP, servers here speak stdio: `node bridge.mjs COMMAND ARGS...` prints its
// own address, and starts the command for each session of the older era, and once for the newer one, which
// has no sessions.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const [command, ...args] = process.argv.slice(2);
const sessions = new Map();
const stateless = [];
const STREAM = { "content-type": "text/event-stream", "cache-control": "no-cache" };
const META = "io.modelcontextprotocol/";
const SUBSCRIPTION = `${META}subscriptionId`;
const NAMED = { "tools/call": "name", "prompts/get": "name", "resources/read": "uri" };
const OLDER = /^202[45]-/;
const MISMATCH = -32020;
const status = (code) => (code === -32601 ? 404 : [-32602, MISMATCH, -32021, -32022].includes(code) ? 400 : 200);

class Session {
  constructor() {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.answers = new Map(); // open requests, oldest first
    this.stream = undefined;
    createInterface({ input: this.child.stdout }).on("line", (line) => this.said(line));
    this.child.on("exit", () => this.answers.forEach((response) => response.end()));
  }

  said(line) {
    const { id, method, params, error } = JSON.parse(line);
    const event = `event: message\ndata: ${line}\n\n`;
    const answered = this.answers.get(id);
    if (method === undefined && answered) {
      this.answers.delete(id);
      if (answered.headersSent) return answered.end(event);
      if (error) return answered.writeHead(status(error.code), { "content-type": "application/json" }).end(line);
      return answered.writeHead(200, STREAM).end(event);
    }
    // On stdio only a subscription says which request a message belongs to.
    const subscribed = this.answers.get(params?._meta?.[SUBSCRIPTION]);
    const to = subscribed ?? [...this.answers.values()].at(-1) ?? this.stream;
    if (to && !to.headersSent) to.writeHead(200, STREAM);
    to?.write(event);
  }

  ask(message, body, response) {
    this.answers.set(message.id, response);
    this.child.stdin.write(`${body}\n`);
    response.on("close", () => {
      // Who hangs up cancels, in the era that has no other way to.
      if (!this.answers.delete(message.id) || !stateless.includes(this)) return;
      const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: message.id } };
      this.child.stdin.write(`${JSON.stringify(cancel)}\n`);
    });
  }
}

const isHere = (value) => {
  try {
    return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(value).hostname);
  } catch {
    return false;
  }
};

/** What headers and message contradict each other in, in the newer era. */
function contradiction(headers, { method, params }) {
  const version = params?._meta?.[`${META}protocolVersion`];
  if (version !== undefined && headers["mcp-protocol-version"] !== version) return "MCP-Protocol-Version";
  if (headers["mcp-method"] !== method) return "Mcp-Method";
  const name = NAMED[method];
  return name !== undefined && headers["mcp-name"] !== params?.[name] ? "Mcp-Name" : undefined;
}

function modern(headers, message, body, response) {
  const header = contradiction(headers, message);
  if (header) {
    const error = { code: MISMATCH, message: `${header} says something else` };
    return response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ jsonrpc: "2.0", id: message.id, error }));
  }
  // One process for all, but a second where an id is in use: on stdio there is one space of ids.
  let session = stateless.find(({ answers }) => !answers.has(message.id));
  if (!session) {
    session = new Session();
    stateless.push(session);
  }
  return session.ask(message, body, response);
}

const server = createServer((request, response) => {
  const { host, origin, "mcp-session-id": id } = request.headers;
  const refuse = (status) => response.writeHead(status).end();
  if (!isHere(`http://${host}`) || (origin !== undefined && !isHere(origin))) return refuse(403);
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    let session = sessions.get(id);
    if (request.method === "DELETE" && session) {
      session.child.stdin.end();
      sessions.delete(id);
      return refuse(200);
    }
    if (request.method === "GET" && session) {
      response.writeHead(200, STREAM).flushHeaders();
      session.stream = response;
      return;
    }
    if (request.method !== "POST") return refuse(session ? 405 : 404);
    const body = Buffer.concat(parts).toString().replaceAll(/[\r\n]/g, " ");
    let message;
    try {
      message = JSON.parse(body);
    } catch {
      return refuse(400);
    }
    const isRequest = message.method !== undefined && message.id !== undefined;
    const version = request.headers["mcp-protocol-version"];
    if (isRequest && id === undefined && version !== undefined && !OLDER.test(version)) {
      return modern(request.headers, message, body, response);
    }
    const stream = { ...STREAM };
    if (message.method === "initialize") {
      session = new Session();
      const made = randomUUID();
      sessions.set(made, session);
      stream["mcp-session-id"] = made;
    }
    if (!session) return refuse(id ? 404 : 400);
    if (!isRequest) {
      session.child.stdin.write(`${body}\n`);
      return refuse(202);
    }
    response.writeHead(200, stream).flushHeaders();
    session.ask(message, body, response);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));
process.stdin.on("end", () => process.exit(0)).resume();
