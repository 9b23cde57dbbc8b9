// Scenes of the Anthropic client for JavaScript.
export async function open(load) {
  const { module, version } = await load('@anthropic-ai/sdk')
  const Anthropic = module.default?.Anthropic ?? module.Anthropic ?? module.default

  const connect = (request, key = request.key) =>
    new Anthropic({ baseURL: request.base_url, apiKey: key, maxRetries: 0, timeout: request.seconds * 1000 })
  const plain = (request) => ({
    model: request.models.claude,
    max_tokens: request.tokens,
    messages: [{ role: 'user', content: request.task }],
  })
  const tools = (request) => ({
    ...plain(request),
    messages: [{ role: 'user', content: request.question }],
    tools: [
      { name: request.tool.name, description: request.tool.description, input_schema: request.tool.parameters },
    ],
    tool_choice: { type: 'tool', name: request.tool.name },
    max_tokens: request.room,
  })
  const message = (said) => ({
    id: said.id,
    text: said.content.filter((block) => block.type === 'text').map((block) => block.text).join(''),
    calls: said.content.filter((block) => block.type === 'tool_use').map((block) => [block.name, block.input]),
    usage: [said.usage.input_tokens, said.usage.output_tokens],
  })

  const scenes = {
    async messages(request) {
      return [message(await connect(request).messages.create(plain(request)))]
    },
    async stream(request) {
      return [message(await connect(request).messages.stream(plain(request)).finalMessage())]
    },
    async tools_stream(request) {
      return [message(await connect(request).messages.stream(tools(request)).finalMessage())]
    },
    async two_turns(request) {
      const client = connect(request)
      const given = tools(request)
      const first = await client.messages.create(given)
      const uses = first.content.filter((block) => block.type === 'tool_use')
      if (!uses.length) return [message(first)]
      const results = uses.map((use) => ({ type: 'tool_result', tool_use_id: use.id, content: request.tool_result }))
      const messages = [
        ...given.messages, { role: 'assistant', content: first.content }, { role: 'user', content: results },
      ]
      const second = await client.messages.create({ ...given, messages, tool_choice: { type: 'auto' } })
      return [message(first), message(second)]
    },
    async wrong_key(request) {
      await connect(request, request.wrong_key).messages.create(plain(request))
      return []
    },
  }
  return { version: `anthropic-sdk-typescript ${version}`, scenes }
}
