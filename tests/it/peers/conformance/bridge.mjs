// The conformance suite speaks HTTP, servers here speak stdio: `node bridge.mjs COMMAND ARGS...` starts the
// command for each session and prints its own address.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const [command, ...args] = process.argv.slice(2);
const sessions = new Map();

class Session {
  constructor() {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.answers = new Map(); // open requests, oldest first
    this.stream = undefined;
    createInterface({ input: this.child.stdout }).on("line", (line) => this.said(line));
    this.child.on("exit", () => this.answers.forEach((response) => response.end()));
  }

  said(line) {
    const { id, method } = JSON.parse(line);
    const event = `event: message\ndata: ${line}\n\n`;
    if (method === undefined && this.answers.has(id)) {
      this.answers.get(id).end(event);
      this.answers.delete(id);
    } else {
      // On stdio nothing says which request a message belongs to.
      ([...this.answers.values()].at(-1) ?? this.stream)?.write(event);
    }
  }
}

const isHere = (value) => {
  try {
    return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(value).hostname);
  } catch {
    return false;
  }
};

const server = createServer((request, response) => {
  const { host, origin, "mcp-session-id": id } = request.headers;
  const refuse = (status) => response.writeHead(status).end();
  if (!isHere(`http://${host}`) || (origin !== undefined && !isHere(origin))) return refuse(403);
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    let session = sessions.get(id);
    const stream = { "content-type": "text/event-stream", "cache-control": "no-cache" };
    if (request.method === "DELETE" && session) {
      session.child.stdin.end();
      sessions.delete(id);
      return refuse(200);
    }
    if (request.method === "GET" && session) {
      response.writeHead(200, stream).flushHeaders();
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
    if (message.method === "initialize") {
      session = new Session();
      const made = randomUUID();
      sessions.set(made, session);
      stream["mcp-session-id"] = made;
    }
    if (!session) return refuse(id ? 404 : 400);
    if (message.method === undefined || message.id === undefined) {
      session.child.stdin.write(`${body}\n`);
      return refuse(202);
    }
    response.writeHead(200, stream).flushHeaders();
    session.answers.set(message.id, response);
    session.child.stdin.write(`${body}\n`);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));
process.stdin.on("end", () => process.exit(0)).resume();
