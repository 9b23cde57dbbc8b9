// Scenes of the Google Gen AI client for JavaScript.
import { fingerprint, read } from './seen.mjs'

export async function open(load) {
  const { module, version } = await load('@google/genai')
  const { GoogleGenAI } = module.default ?? module

  const connect = (request, apiKey = request.key) => new GoogleGenAI({
    apiKey,
    vertexai: false,
    httpOptions: { baseUrl: request.base_url, apiVersion: 'v1beta', timeout: request.seconds * 1000 },
  }).models
  const plain = (request) => ({
    model: request.models.gemini, contents: request.task, config: { maxOutputTokens: request.tokens },
  })
  const counts = (usage) => (usage ? [usage.promptTokenCount ?? null, usage.candidatesTokenCount ?? null] : null)
  const answer = (said) => {
    const calls = (said.functionCalls ?? []).map((call) => [call.name, call.args ?? {}])
    return { text: calls.length ? null : said.text ?? '', calls, usage: counts(said.usageMetadata) }
  }
  const tools = (request) => {
    const { additionalProperties, ...schema } = request.tool.parameters
    const { name, description } = request.tool
    return [{ functionDeclarations: [{ name, description, parametersJsonSchema: schema }] }]
  }
  const forced = (request) => ({
    tools: tools(request),
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [request.tool.name] } },
    maxOutputTokens: request.room,
  })

  const scenes = {
    async generate(request) {
      return [answer(await connect(request).generateContent(plain(request)))]
    },
    async stream(request) {
      let text = ''
      let usage = null
      for await (const chunk of await connect(request).generateContentStream(plain(request))) {
        text += chunk.text ?? ''
        usage = counts(chunk.usageMetadata) ?? usage
      }
      return [{ text, calls: [], usage }]
    },
    async tools_stream(request) {
      const { model } = plain(request)
      const asked = { model, contents: request.question, config: forced(request) }
      const calls = []
      let usage = null
      for await (const chunk of await connect(request).generateContentStream(asked)) {
        calls.push(...answer(chunk).calls)
        usage = counts(chunk.usageMetadata) ?? usage
      }
      return [{ calls, usage }]
    },
    async structured(request) {
      const { additionalProperties, ...schema } = request.schema
      const config = {
        responseMimeType: 'application/json', responseSchema: schema, maxOutputTokens: request.room,
      }
      const said = await connect(request).generateContent({ ...plain(request), contents: request.verdict, config })
      return [{ ...answer(said), parsed: read(said.text) }]
    },
    async embed(request) {
      const said = await connect(request).embedContent(
        { model: request.models.embeddings, contents: [request.task, request.question] },
      )
      return [{ vectors: said.embeddings.map((one) => fingerprint(one.values)) }]
    },
    async two_turns(request) {
      const models = connect(request)
      const { model } = plain(request)
      const question = { role: 'user', parts: [{ text: request.question }] }
      const first = await models.generateContent({ model, contents: [question], config: forced(request) })
      if (!first.functionCalls?.length) return [answer(first)]
      const parts = first.functionCalls.map((call) => (
        { functionResponse: { name: call.name, response: { result: request.tool_result } } }
      ))
      const contents = [question, first.candidates[0].content, { role: 'user', parts }]
      const second = await models.generateContent({ model, contents, config: { tools: tools(request), maxOutputTokens: request.room } })
      return [answer(first), answer(second)]
    },
    async wrong_key(request) {
      await connect(request, request.wrong_key).generateContent(plain(request))
      return []
    },
  }
  return { version: `google-genai-js ${version}`, scenes }
}
