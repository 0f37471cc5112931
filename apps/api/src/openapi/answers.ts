/** What routes say about their answers: `schema: { response: answers({ 200: jobResource }, "CONFLICT") }`. */
import { ERRORS, type ErrorCode, problem } from "@drc/contracts";
import { z } from "zod";

/** The answers of a route by their status, in the form that Fastify and OpenAPI share. */
export type Answers = Record<string, Answer>;

interface Answer {
  description: string;
  content: Record<string, { schema: z.ZodType }>;
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: "What was asked for.",
  201: "It exists now.",
  202: "It is accepted, and is worked on from here.",
  204: "There is nothing to say.",
  503: "It is not ready.",
};

/** A body that is no JSON: a file, a stream. */
export function bodyOf(contentType: string, schema: z.ZodType = z.file()): Answer["content"] {
  return { [contentType]: { schema } };
}

/**
 * @param successes the body of each status, JSON where only a schema is given; `{}` for none.
 * @param problems codes of errors beside those that every route of its sort may have, which are added by themselves.
 */
export function answers(
  successes: Readonly<Record<number, z.ZodType | Answer["content"]>>,
  ...problems: ErrorCode[]
): Answers {
  const good = Object.entries(successes).map(([status, body]): [string, Answer] => [
    status,
    {
      description: DESCRIPTIONS[Number(status)] ?? "",
      content: body instanceof z.ZodType ? bodyOf("application/json", body) : body,
    },
  ]);
  return { ...problemAnswers(problems), ...Object.fromEntries(good) };
}

/** One answer for each status that the codes have; its description lists them. */
export function problemAnswers(codes: readonly ErrorCode[]): Answers {
  const answer: Answers = {};
  for (const code of new Set(codes)) {
    const { status, title } = ERRORS[code];
    const line = `\`${code}\`: ${title}.`;
    const before = answer[status]?.description;
    answer[status] = {
      description: before === undefined ? line : `${before} ${line}`,
      content: bodyOf("application/problem+json", problem),
    };
  }
  return answer;
}
