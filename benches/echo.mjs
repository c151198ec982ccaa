// A server that does as little as one can: `tools/call` of `text` answers with that many bytes.
import { stdin, stdout } from "node:process";

const tool = {
  name: "text",
  description: "Gives a text.",
  inputSchema: { type: "object", properties: { bytes: { type: "integer" } } },
};
const words = "What a tool says: numbers, paths, a line of a file. ";
const made = new Map();
const text = (bytes) => {
  if (!made.has(bytes)) made.set(bytes, JSON.stringify(words.repeat(bytes / words.length + 1).slice(0, bytes)));
  return made.get(bytes);
};
const answers = {
  initialize: ({ protocolVersion }) =>
    JSON.stringify({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "echo", version: "1.0.0" } }),
  "tools/list": () => JSON.stringify({ tools: [tool] }),
  "tools/call": ({ arguments: { bytes } }) => `{"content":[{"type":"text","text":${text(bytes)}}]}`,
  ping: () => "{}",
};

let rest = "";
stdin.setEncoding("utf8").on("data", (chunk) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) continue;
    const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)}`;
    const answer = answers[method];
    stdout.write(
      answer ? `${head},"result":${answer(params ?? {})}}\n` : `${head},"error":{"code":-32601,"message":"no such method"}}\n`,
    );
  }
});
stdin.on("end", () => process.exit(0));
