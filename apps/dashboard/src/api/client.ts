import { DrcClient } from "@drc/sdk";
import { noteAnswer, noteLoss } from "./connection.ts";

/** Statuses of a proxy before the server, or of a server without its database. */
const AWAY: readonly number[] = [502, 503, 504];

/** Each request tells as well whether the server is there. */
async function watchedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  try {
    const response = await fetch(input, init);
    if (AWAY.includes(response.status) && String(input).includes("/v1/")) noteLoss();
    else noteAnswer();
    return response;
  } catch (error) {
    if (!init?.signal?.aborted) noteLoss();
    throw error;
  }
}

/** The server that this page comes from, with the cookie of its session. What is repeated, the pages decide. */
export const client = new DrcClient({
  url: location.origin,
  credentials: "same-origin",
  retries: { attempts: 1 },
  fetch: watchedFetch,
});
