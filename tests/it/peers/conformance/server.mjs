// What the conformance suite asks a server to offer, over stdio: in 2025-11-25 here, and in 2026-07-28 in
// the file beside it.
import { createInterface } from "node:readline";
import { answer, cancelled } from "./modern.mjs";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const SOUND = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";
const text = (text) => ({ content: [{ type: "text", text }] });
const image = { type: "image", data: PIXEL, mimeType: "image/png" };
const user = (content) => ({ role: "user", content });
const says = (text) => ({ type: "text", text });

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const tell = (method, params) => send({ method, params });
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const open = new Map();
let asked = 0;
const ask = (method, params) =>
  new Promise((resolve, reject) => {
    asked += 1;
    open.set(`s-${asked}`, { resolve, reject });
    send({ id: `s-${asked}`, method, params });
  });
const form = (message, properties, required) =>
  ask("elicitation/create", { message, requestedSchema: { type: "object", properties, required: required ?? [] } });
const filled = async (label, answer) => {
  const { action, content } = await answer;
  return text(`${label}: action=${action}, content=${JSON.stringify(content ?? {})}`);
};

const choice = ["option1", "option2", "option3"];
const titled = choice.map((_, n) => ({ const: `value${n + 1}`, title: `${["First", "Second", "Third"][n]} Option` }));

// Name: description, parameters, what it does.
const tools = {
  test_simple_text: ["Gives a text.", {}, () => text("This is a simple text response for testing.")],
  test_image_content: ["Gives a picture.", {}, () => ({ content: [image] })],
  test_audio_content: ["Gives a sound.", {}, () => ({ content: [{ type: "audio", data: SOUND, mimeType: "audio/wav" }] })],
  test_embedded_resource: [
    "Gives a resource.",
    {},
    () => ({
      content: [
        {
          type: "resource",
          resource: { uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." },
        },
      ],
    }),
  ],
  test_multiple_content_types: [
    "Gives three kinds of content.",
    {},
    () => ({
      content: [
        says("Multiple content types test:"),
        image,
        {
          type: "resource",
          resource: { uri: "test://mixed-content-resource", mimeType: "application/json", text: '{"test":"data","value":123}' },
        },
      ],
    }),
  ],
  test_tool_with_logging: [
    "Logs while it works.",
    {},
    async () => {
      for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
        tell("notifications/message", { level: "info", logger: "test", data });
        await wait(50);
      }
      return text("Tool with logging executed successfully");
    },
  ],
  test_tool_with_progress: [
    "Tells how far it is.",
    {},
    async (_, meta) => {
      for (const progress of [0, 50, 100]) {
        tell("notifications/progress", { progressToken: meta?.progressToken ?? 0, progress, total: 100 });
        await wait(50);
      }
      return text("Tool with progress executed successfully");
    },
  ],
  test_error_handling: [
    "Fails.",
    {},
    () => ({ ...text("This tool intentionally returns an error for testing"), isError: true }),
  ],
  test_sampling: [
    "Has the model say something.",
    { prompt: { type: "string" } },
    async ({ prompt }) => {
      const messages = [{ role: "user", content: says(prompt) }];
      const { content } = await ask("sampling/createMessage", { messages, maxTokens: 100 });
      return text(`LLM response: ${content.text}`);
    },
  ],
  test_elicitation: [
    "Asks the user.",
    { message: { type: "string" } },
    ({ message }) => {
      const username = { type: "string", description: "User's response" };
      const email = { type: "string", description: "User's email address" };
      return filled("User response", form(message, { username, email }, ["username", "email"]));
    },
  ],
  test_elicitation_sep1034_defaults: [
    "Asks with defaults.",
    {},
    () =>
      filled(
        "Elicitation completed",
        form("Review the values", {
          name: { type: "string", description: "User name", default: "John Doe" },
          age: { type: "integer", description: "User age", default: 30 },
          score: { type: "number", description: "User score", default: 95.5 },
          status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
          verified: { type: "boolean", description: "Verification status", default: true },
        }),
      ),
  ],
  test_elicitation_sep1330_enums: [
    "Asks for choices.",
    {},
    () =>
      filled(
        "Elicitation completed",
        form("Choose", {
          untitledSingle: { type: "string", enum: choice },
          titledSingle: { type: "string", oneOf: titled },
          legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
          untitledMulti: { type: "array", items: { type: "string", enum: choice } },
          titledMulti: { type: "array", items: { anyOf: titled } },
        }),
      ),
  ],
};

const resources = {
  "test://static-text": { mimeType: "text/plain", text: "This is the content of the static text resource." },
  "test://static-binary": { mimeType: "image/png", blob: PIXEL },
  "test://watched-resource": { mimeType: "text/plain", text: "Watched resource content" },
};
const argument = (name) => ({ name, description: `The ${name}`, required: true });
const prompts = {
  test_simple_prompt: [[], () => [user(says("This is a simple prompt for testing."))]],
  test_prompt_with_arguments: [
    ["arg1", "arg2"],
    ({ arg1, arg2 }) => [user(says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  ],
  test_prompt_with_embedded_resource: [
    ["resourceUri"],
    ({ resourceUri }) => [
      user({ type: "resource", resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." } }),
      user(says("Please process the embedded resource above.")),
    ],
  ],
  test_prompt_with_image: [[], () => [user(image), user(says("Please analyze the image above."))]],
};

// Parameters are objects of the latest JSON Schema, with words that readers drop.
const strict = {
  name: "json_schema_2020_12_tool",
  description: "Has a schema in many words.",
  inputSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: { address: { $anchor: "addressDef", type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
    properties: {
      name: { type: "string" },
      address: { $ref: "#/$defs/address" },
      contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" },
      email: { type: "string" },
    },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false,
  },
};

class Refused extends Error {}
const methods = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, logging: {}, completions: {} },
    serverInfo: { name: "conformance", version: "1.0.0" },
  }),
  ping: () => ({}),
  "logging/setLevel": () => ({}),
  "resources/subscribe": () => ({}),
  "resources/unsubscribe": () => ({}),
  "completion/complete": () => ({ completion: { values: ["paris", "park"], total: 2, hasMore: false } }),
  "tools/list": () => ({
    tools: Object.entries(tools)
      .map(([name, [description, properties]]) => ({
        name,
        description,
        inputSchema: { type: "object", properties, required: Object.keys(properties) },
      }))
      .concat(strict),
  }),
  "tools/call": ({ name, arguments: given, _meta }) => tools[name][2](given ?? {}, _meta),
  "resources/list": () => ({
    resources: Object.entries(resources).map(([uri, { mimeType }]) => ({ uri, name: uri.slice(7), description: "A resource.", mimeType })),
  }),
  "resources/templates/list": () => ({
    resourceTemplates: [{ uriTemplate: "test://template/{id}/data", name: "template", mimeType: "application/json" }],
  }),
  "resources/read": ({ uri }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id) {
      const data = { id, templateTest: true, data: `Data for ID: ${id}` };
      return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(data) }] };
    }
    return { contents: [{ uri, ...resources[uri] }] };
  },
  "prompts/list": () => ({
    prompts: Object.entries(prompts).map(([name, [names]]) => ({ name, description: "A prompt.", arguments: names.map(argument) })),
  }),
  "prompts/get": ({ name, arguments: given }) => ({ messages: prompts[name][1](given ?? {}) }),
};

let legacy = false; // a client shook hands
createInterface({ input: process.stdin }).on("line", async (line) => {
  const message = JSON.parse(line);
  const { id, method, params, result, error } = message;
  if (method === undefined) {
    const waiting = open.get(id);
    open.delete(id);
    return error ? waiting?.reject(new Refused(error.message)) : waiting?.resolve(result);
  }
  if (method === "notifications/cancelled") return cancelled(params.requestId);
  if (id === undefined) return;
  const modern = params?._meta?.["io.modelcontextprotocol/protocolVersion"] !== undefined;
  legacy ||= method === "initialize" && !modern;
  try {
    if (!legacy) {
      const answered = await answer(message, methods, send);
      return answered && send({ id, result: answered });
    }
    if (!methods[method]) return send({ id, error: { code: -32601, message: "no such method" } });
    send({ id, result: await methods[method](params ?? {}) });
  } catch (refused) {
    if (refused instanceof Refused) return send({ id, result: { ...text(refused.message), isError: true } });
    const { code = -32602, data } = refused;
    send({ id, error: { code, message: String(refused), ...(data && { data }) } });
  }
});
