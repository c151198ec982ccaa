// What the conformance suite asks a server of 2026-07-28 to offer beside what the older era has.
import { createHmac } from "node:crypto";

const MODERN = "2026-07-28";
const OURS = "io.modelcontextprotocol/";
const NAMES = { version: `${OURS}protocolVersion`, can: `${OURS}clientCapabilities`, level: `${OURS}logLevel`, stream: `${OURS}subscriptionId` };
const LISTEN = "subscriptions/listen";
const COMPLETE = { resultType: "complete" };
const KEPT = { ttlMs: 0, cacheScope: "public" };

class Wrong extends Error {
  constructor(code, message, data) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

const text = (text) => ({ content: [{ type: "text", text }] });
const form = (message, field, type = "string") => ({
  method: "elicitation/create",
  params: { message, requestedSchema: { type: "object", properties: { [field]: { type } }, required: [field] } },
});
const completion = (text, maxTokens) => ({
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: { type: "text", text } }], maxTokens },
});
const roots = { method: "roots/list", params: {} };
const name = form("What is your name?", "name");

// State that is the server's alone: what it says, and a signature.
const sign = (what) => createHmac("sha256", "a key for tests").update(what).digest("hex");
const state = (what) => `${what}.${sign(what)}`;
const said = (given) => {
  const [what, signature] = String(given).split(".");
  if (sign(what) !== signature) throw new Wrong(-32602, "this is not a state of mine");
  return what;
};

const needs = (inputRequests, requestState) => ({ resultType: "input_required", inputRequests, ...(requestState && { requestState }) });

/** Asks for what is not answered yet; `then` has all the answers. */
const round = (questions, then, stated) => ({ inputResponses: answers, requestState }) => {
  const given = answers !== undefined && stated ? said(requestState) : undefined;
  const answered = (key) => typeof answers?.[key] === "object" && answers[key] !== null;
  if (answers !== undefined && (answers === null || Object.values(answers).some((answer) => typeof answer !== "object"))) {
    throw new Wrong(-32602, "answers are objects");
  }
  return Object.keys(questions).every(answered) ? then(answers, given) : needs(questions, stated && state(stated));
};

const listeners = new Map();
const changed = (what) => (_, send) => {
  const [, kind] = what.split("/");
  for (const [id, filter] of listeners) {
    if (filter[`${kind}ListChanged`]) send({ method: what, params: { _meta: { [NAMES.stream]: id } } });
  }
  return text("told");
};

const demands = (what, then) => (params, send) => {
  const { [NAMES.can]: can } = params._meta;
  if (!can[what]) throw new Wrong(-32021, `the client offers no ${what}`, { requiredCapabilities: { [what]: {} } });
  return then(params, send);
};

const confirmed = () => text("state-ok");
const logged = (lines) => (params, send) => {
  const level = params._meta[NAMES.level];
  for (const data of level ? lines : []) send({ method: "notifications/message", params: { level, logger: "test", data } });
  return text("done");
};

/** Name: what it does with the parameters of the call. */
export const tools = {
  test_input_required_result_elicitation: round({ user_name: name }, ({ user_name: { content } }) => text(`Hello, ${content?.name}!`)),
  test_input_required_result_sampling: round(
    { capital_question: completion("What is the capital of France?", 100) },
    ({ capital_question: { content } }) => text(content.text),
  ),
  test_input_required_result_list_roots: round({ client_roots: roots }, ({ client_roots }) => text(JSON.stringify(client_roots.roots))),
  test_input_required_result_request_state: round({ confirm: form("Please confirm", "ok", "boolean") }, confirmed, "asked"),
  test_input_required_result_tampered_state: round({ confirm: form("Please confirm", "ok", "boolean") }, confirmed, "asked"),
  test_input_required_result_multiple_inputs: round(
    { user_name: name, greeting: completion("Generate a greeting", 50), client_roots: roots },
    () => text("all three"),
    "asked",
  ),
  test_input_required_result_multi_round: ({ inputResponses: answers, requestState }) => {
    if (answers === undefined) return needs({ step1: form("Step 1: What is your name?", "name") }, state("one"));
    if (said(requestState) === "two") return text("both answered");
    return needs({ step2: form("Step 2: What is your favorite color?", "color") }, state("two"));
  },
  test_input_required_result_capabilities: (params) => {
    const can = params._meta[NAMES.can];
    return needs({ ...(can.sampling && { answer: completion("Say something", 10) }), ...(can.elicitation && { user_name: name }) });
  },
  test_missing_capability: demands("sampling", () => text("there")),
  test_streaming_elicitation: demands("elicitation", round({ user_name: name }, () => text("told"))),
  test_logging_tool: logged(["one", "two"]),
  test_tool_with_logging: logged(["Tool execution started", "Tool processing data", "Tool execution completed"]),
  test_tool_with_progress: ({ _meta: { progressToken } }, send) => {
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      send({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
    }
    return text("Tool with progress executed successfully");
  },
  test_trigger_tool_change: changed("notifications/tools/list_changed"),
  test_trigger_prompt_change: changed("notifications/prompts/list_changed"),
};

/** As `tools`. */
export const prompts = {
  test_input_required_result_prompt: round(
    { user_context: form("What context should the prompt use?", "context") },
    ({ user_context: { content } }) => ({ messages: [{ role: "user", content: { type: "text", text: content.context } }] }),
  ),
};

/** Of the older era's, what may not be there any more: they ask the client in requests of their own. */
const GONE = ["test_sampling", "test_elicitation", "test_elicitation_sep1034_defaults", "test_elicitation_sep1330_enums"];
const REMOVED = ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"];


/** Answers a request of this era, with the methods of the older one beneath. */
export async function answer({ id, method, params }, old, send) {
  const meta = params?._meta;
  if (typeof meta?.[NAMES.version] !== "string" || typeof meta[NAMES.can] !== "object") throw new Wrong(-32602, "_meta is incomplete");
  if (meta[NAMES.version] !== MODERN) {
    throw new Wrong(-32022, "another version", { supported: [MODERN], requested: meta[NAMES.version] });
  }
  const done = { ...COMPLETE, _meta: { [`${OURS}serverInfo`]: { name: "conformance", version: "1.0.0" } } };
  switch (method) {
    case "server/discover": {
      const capabilities = { tools: { listChanged: true }, resources: {}, prompts: { listChanged: true }, completions: {}, logging: {} };
      return { supportedVersions: [MODERN], capabilities, ...KEPT, ...done };
    }
    case LISTEN: {
      const filter = params.notifications ?? {};
      listeners.set(id, filter);
      send({ method: "notifications/subscriptions/acknowledged", params: { notifications: filter, _meta: { [NAMES.stream]: id } } });
      return undefined;
    }
    case "tools/list": {
      const kept = old[method]().tools.filter(({ name }) => !GONE.includes(name) && !tools[name]);
      const ours = Object.keys(tools).map((name) => ({ name, description: "A tool of this era.", inputSchema: { type: "object" } }));
      return { tools: [...kept, ...ours], ...KEPT, ...done };
    }
    case "prompts/list": {
      const ours = Object.keys(prompts).map((name) => ({ name, description: "A prompt of this era." }));
      return { prompts: [...old[method]().prompts, ...ours], ...KEPT, ...done };
    }
    case "resources/list":
    case "resources/templates/list":
      return { ...old[method](), ...KEPT, ...done };
    case "resources/read": {
      const { contents } = old[method](params);
      if (contents.some(({ text, blob }) => text === undefined && blob === undefined)) {
        throw new Wrong(-32602, "no such resource", { uri: params.uri });
      }
      return { contents, ...KEPT, ...done };
    }
    case "tools/call":
      if (tools[params.name]) return { ...done, ...(await tools[params.name](params, send)) };
      if (GONE.includes(params.name)) throw new Wrong(-32602, "no such tool");
      return { ...done, ...(await old[method](params)) };
    case "prompts/get":
      return { ...done, ...(await (prompts[params.name] ?? old[method])(params, send)) };
    default:
      if (REMOVED.includes(method) || !old[method]) throw new Wrong(-32601, "no such method");
      return { ...done, ...(await old[method](params)) };
  }
}

/** The client wants no more of it. */
export const cancelled = (id) => listeners.delete(id);
