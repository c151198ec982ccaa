// What both TypeScript clients do: list everything, call a tool that exists and one that does not.
const told = async (ask) => {
  try {
    return await ask();
  } catch (error) {
    return { refused: error.code ?? String(error) };
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
  const { name, arguments: given } = JSON.parse(process.env.PEER_CALL);
  seen.call = await told(() => client.callTool({ name, arguments: given }));
  seen.again = await told(() => client.callTool({ name, arguments: given }));
  seen.unknown = await told(() => client.callTool({ name: "no_such_tool", arguments: {} }));
  await client.close();
  console.log(JSON.stringify({ ...seen, errors }));
}
