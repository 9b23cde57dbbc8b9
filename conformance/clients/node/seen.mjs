// How what a client saw is told: the same marks as those of the players for Python.
import { createHash } from 'node:crypto'

const LONGEST_MESSAGE = 600

// Bytes by their digest.
export const digest = (data) => createHash('sha256').update(data).digest('hex')

// The length of a vector, and a sum in which every number and its place count.
export const fingerprint = (vector) => [vector.length, vector.reduce((sum, value, at) => sum + value * at, 0)]

// What a further call of a scene saw, in its last exchange, or what it threw.
export async function tried(call) {
  try {
    return { exchange: -1, ...(await call()) }
  } catch (problem) {
    return { exchange: -1, raised: described(problem) }
  }
}

// What an exception says of the answer, whichever client threw it.
export function described(problem) {
  const status = problem?.status ?? problem?.statusCode ?? problem?.cause?.statusCode ?? null
  const message = String(problem?.message ?? problem).slice(0, LONGEST_MESSAGE)
  const inner = problem?.error?.error ?? problem?.error ?? problem?.data?.error ?? read(problem?.message)?.error
  const told = typeof inner?.message === 'string' ? inner.message : ''
  return { kind: problem?.constructor?.name ?? 'Error', message, status: Number.isInteger(status) ? status : null, told }
}

// A text as JSON; null when it is none.
export function read(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
