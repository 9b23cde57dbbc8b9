// Scenes of the AI SDK over its OpenAI provider, chat completions.
import { digest, fingerprint } from './seen.mjs'

export async function open(load) {
  const { module, version } = await load('ai')
  const provider = await load('@ai-sdk/openai')
  const ai = module.default ?? module
  const { createOpenAI } = provider.module.default ?? provider.module

  const connect = (request, apiKey = request.key) => createOpenAI({ baseURL: `${request.base_url}/v1`, apiKey })
  const plain = (request, key) => ({
    model: connect(request, key).chat(request.models.chat),
    prompt: request.task,
    maxOutputTokens: request.tokens,
    maxRetries: 0,
  })
  const usage = (said) => [said.inputTokens ?? null, said.outputTokens ?? null]
  const answer = (step) => ({
    text: step.text,
    calls: step.toolCalls.map((call) => [call.toolName, call.input]),
    usage: usage(step.usage),
  })
  const tools = (request, execute) => {
    const { name, description, parameters } = request.tool
    return {
      ...plain(request),
      prompt: request.question,
      maxOutputTokens: request.room,
      tools: { [name]: ai.tool({ description, inputSchema: ai.jsonSchema(parameters), execute }) },
    }
  }

  const scenes = {
    async generate(request) {
      return [answer(await ai.generateText(plain(request)))]
    },
    async stream(request) {
      let failed
      const said = ai.streamText({ ...plain(request), onError: ({ error }) => { failed = error } })
      const text = await Promise.resolve(said.text).catch((problem) => { throw failed ?? problem })
      if (failed) throw failed
      return [{ text, calls: [], usage: usage(await said.usage) }]
    },
    // The function is called by the client itself: the first step has to call it, the second tells the result.
    async tools(request) {
      const said = await ai.generateText({
        ...tools(request, async () => JSON.parse(request.tool_result)),
        stopWhen: ai.stepCountIs(2),
        prepareStep: ({ stepNumber }) => ({
          toolChoice: stepNumber ? 'auto' : { type: 'tool', toolName: request.tool.name },
        }),
      })
      return said.steps.map(answer)
    },
    async tools_stream(request) {
      let failed
      const said = ai.streamText({
        ...tools(request),
        toolChoice: { type: 'tool', toolName: request.tool.name },
        onError: ({ error }) => { failed = error },
      })
      const calls = await Promise.resolve(said.toolCalls).catch((problem) => { throw failed ?? problem })
      if (failed) throw failed
      return [{ text: await said.text, calls: calls.map((call) => [call.toolName, call.input]) }]
    },
    async object(request) {
      const said = await ai.generateObject({
        ...plain(request),
        prompt: request.verdict,
        maxOutputTokens: request.room,
        schema: ai.jsonSchema(request.schema),
      })
      return [{ parsed: said.object, usage: usage(said.usage) }]
    },
    async embed(request) {
      const { embeddings } = await ai.embedMany({
        model: connect(request).embedding(request.models.embeddings),
        values: [request.task, request.question],
        maxRetries: 0,
      })
      return [{ vectors: embeddings.map(fingerprint) }]
    },
    async image(request) {
      const { images } = await ai.generateImage({
        model: connect(request).image(request.models.images), prompt: 'A red square.', size: '1024x1024', maxRetries: 0,
      })
      return [{ pictures: images.map((one) => digest(one.uint8Array)) }]
    },
    async speech(request) {
      const { audio } = await ai.experimental_generateSpeech({
        model: connect(request).speech(request.models.speech), voice: 'alloy', text: request.task, maxRetries: 0,
      })
      return [{ sound: digest(audio.uint8Array) }]
    },
    async transcription(request) {
      const { text } = await ai.experimental_transcribe({
        model: connect(request).transcription(request.models.transcription),
        audio: Buffer.from(request.sound, 'base64'),
        maxRetries: 0,
      })
      return [{ text }]
    },
    async wrong_key(request) {
      await ai.generateText(plain(request, request.wrong_key))
      return []
    },
  }
  return { version: `ai ${version}, @ai-sdk/openai ${provider.version}`, scenes }
}
