// Scenes of the OpenAI client for JavaScript.
export async function open(load) {
  const { module, version } = await load('openai')
  const OpenAI = module.default?.OpenAI ?? module.OpenAI ?? module.default

  const connect = (request, key = request.key) =>
    new OpenAI({ baseURL: `${request.base_url}/v1`, apiKey: key, maxRetries: 0, timeout: request.seconds * 1000 })
  const user = (text) => [{ role: 'user', content: text }]
  const plain = (request) => ({
    model: request.models.chat, messages: user(request.task), max_tokens: request.tokens,
  })
  const tools = (request) => ({
    model: request.models.chat,
    messages: user(request.question),
    tools: [{ type: 'function', function: request.tool }],
    tool_choice: { type: 'function', function: { name: request.tool.name } },
    max_tokens: request.room,
  })
  const completion = (said) => {
    const message = said.choices[0].message
    const calls = (message.tool_calls ?? []).map((call) => [call.function.name, call.function.arguments])
    const usage = said.usage ? [said.usage.prompt_tokens, said.usage.completion_tokens] : null
    return { id: said.id, text: message.content ?? '', calls, usage }
  }
  const answer = (said) => ({
    id: said.id,
    text: said.output_text,
    calls: said.output.filter((item) => item.type === 'function_call').map((item) => [item.name, item.arguments]),
    usage: said.usage ? [said.usage.input_tokens, said.usage.output_tokens] : null,
  })
  const response = (request) => ({
    model: request.models.responses, input: request.task, max_output_tokens: request.tokens,
  })
  const fingerprint = (vector) => [vector.length, vector.reduce((sum, value, at) => sum + value * at, 0)]

  const scenes = {
    async chat(request) {
      return [completion(await connect(request).chat.completions.create(plain(request)))]
    },
    async chat_stream(request) {
      const more = { stream_options: { include_usage: true } }
      const stream = connect(request).chat.completions.stream({ ...plain(request), ...more })
      return [completion(await stream.finalChatCompletion())]
    },
    async chat_tools(request) {
      const client = connect(request)
      const given = tools(request)
      const first = await client.chat.completions.create(given)
      const said = first.choices[0].message
      if (!said.tool_calls?.length) return [completion(first)]
      const results = said.tool_calls.map((call) => (
        { role: 'tool', tool_call_id: call.id, content: request.tool_result }
      ))
      const messages = [...given.messages, said, ...results]
      const { model } = given
      const second = await client.chat.completions.create(
        { model, messages, tools: given.tools, max_tokens: request.tokens },
      )
      return [completion(first), completion(second)]
    },
    async chat_tools_stream(request) {
      return [completion(await connect(request).chat.completions.stream(tools(request)).finalChatCompletion())]
    },
    async responses(request) {
      return [answer(await connect(request).responses.create(response(request)))]
    },
    async responses_stream(request) {
      return [answer(await connect(request).responses.stream(response(request)).finalResponse())]
    },
    async embeddings(request) {
      const said = await connect(request).embeddings.create(
        { model: request.models.embeddings, input: [request.task, request.question] },
      )
      return [{ vectors: said.data.map((one) => fingerprint(one.embedding)) }]
    },
    async models(request) {
      const found = []
      for await (const model of connect(request).models.list()) found.push(model.id)
      return [{ models: found }]
    },
    async wrong_key(request) {
      await connect(request, request.wrong_key).chat.completions.create(plain(request))
      return []
    },
  }
  return { version: `openai-node ${version}`, scenes }
}
