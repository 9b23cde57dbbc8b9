// Scenes of the OpenAI client for JavaScript.
import { setTimeout as wait } from 'node:timers/promises'
import { digest, fingerprint, tried } from './seen.mjs'

export async function open(load) {
  const { module, version } = await load('openai')
  const OpenAI = module.default?.OpenAI ?? module.OpenAI ?? module.default
  const toFile = module.default?.toFile ?? module.toFile

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
    async moderations(request) {
      const said = await connect(request).moderations.create({ model: request.models.moderations, input: request.task })
      return [{ flagged: said.results.map((one) => one.flagged) }]
    },
    async images(request) {
      const said = await connect(request).images.generate(
        { model: request.models.images, prompt: 'A red square.', size: '1024x1024' },
      )
      const picture = (one) => (one.b64_json ? digest(Buffer.from(one.b64_json, 'base64')) : one.url)
      return [{ pictures: said.data.map(picture) }]
    },
    async speech(request) {
      const said = await connect(request).audio.speech.create(
        { model: request.models.speech, voice: 'alloy', input: request.task },
      )
      return [{ sound: digest(Buffer.from(await said.arrayBuffer())) }]
    },
    async transcription(request) {
      const file = await toFile(Buffer.from(request.sound, 'base64'), 'sound.wav', { type: 'audio/wav' })
      const said = await connect(request).audio.transcriptions.create({ model: request.models.transcription, file })
      return [{ text: said.text }]
    },
    // This client has no call that polls: a program asks until the status is none of those that go on.
    async videos(request) {
      const { videos } = connect(request)
      let film = await videos.create({ model: request.models.videos, prompt: 'A red square.' })
      let looks = 0
      for (; film.status === 'queued' || film.status === 'in_progress'; looks += 1) {
        await wait(request.poll_seconds * 1000)
        film = await videos.retrieve(film.id)
      }
      const turns = [{ exchange: looks, id: film.id, status: film.status }]
      if (film.status !== 'completed') return turns
      const content = async () => Buffer.from(await (await videos.downloadContent(film.id)).arrayBuffer())
      return [...turns, await tried(async () => ({ film: digest(await content()) }))]
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
