// What both TypeScript clients do: list everything, call a tool that exists and one that does not, and get a
// prompt and a resource where the caller names them.
const told = async (ask) => {
  try {
    return await ask();
  } catch (error) {
    return { refused: error.code, message: String(error) };
  }
};

export async function look(client, transport) {
  const seen = {};
  const errors = [];
  client.onerror = (error) => errors.push(String(error));
  await client.connect(transport);
  seen.server = client.getServerVersion();
  seen.capabilities = client.getServerCapabilities();
  seen.instructions = client.getInstructions();
  seen.version = client.getNegotiatedProtocolVersion?.();
  seen.tools = await told(() => client.listTools());
  seen.prompts = await told(() => client.listPrompts());
  seen.resources = await told(() => client.listResources());
  seen.templates = await told(() => client.listResourceTemplates());
  const { name, arguments: given, prompt, uri } = JSON.parse(process.env.PEER_CALL);
  seen.call = await told(() => client.callTool({ name, arguments: given }));
  seen.again = await told(() => client.callTool({ name, arguments: given }));
  if (prompt) seen.prompt = await told(() => client.getPrompt({ name: prompt, arguments: { a: "1" } }));
  if (uri) seen.resource = await told(() => client.readResource({ uri }));
  seen.unknown = await told(() => client.callTool({ name: "no_such_tool", arguments: {} }));
  await client.close();
  console.log(JSON.stringify({ ...seen, errors }));
}
