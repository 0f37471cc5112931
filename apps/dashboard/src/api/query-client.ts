import { ProblemError } from "@drc/sdk";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { client } from "./client.ts";
import { isLost, noteLoss, onConnectionChange, silenceMs } from "./connection.ts";

/** Between two questions whether the server is back. */
const PROBE_EVERY_MS = 2_000;
/** After this silence the server is asked whether it is there. */
const LONGEST_SILENCE_MS = 4_000;
/** Who answers that within this time is there: a busy server takes some seconds, one that hangs never answers. */
const PROBE_LIMIT_MS = 6_000;

let onSignedOut: () => void = () => {};

/** What to do when the server says that nobody is signed in. */
export function whenSignedOut(action: () => void): void {
  onSignedOut = action;
}

function noteError(error: unknown): void {
  if (!(error instanceof ProblemError)) return;
  if (error.status === 401) onSignedOut();
  // Somebody has signed in again in another window: its token is the one that counts now.
  if (error.code === "CSRF_FAILED") void client.session.get().catch(() => {});
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noteError }),
  mutationCache: new MutationCache({ onError: noteError }),
  defaultOptions: {
    queries: {
      networkMode: "always",
      // What fails is asked again when the connection is back; a refusal stays one.
      retry: false,
      staleTime: 1_000,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

let isProbing = false;

async function probe(): Promise<void> {
  if (isProbing || (document.hidden && !isLost())) return;
  if (!isLost() && silenceMs() < LONGEST_SILENCE_MS) return;
  isProbing = true;
  const signal = AbortSignal.timeout(PROBE_LIMIT_MS);
  await client.session.get({ signal }).catch((error) => {
    noteError(error);
    // Another answer may have come meanwhile.
    if (signal.aborted && silenceMs() >= PROBE_LIMIT_MS) noteLoss();
  });
  isProbing = false;
}

setInterval(probe, PROBE_EVERY_MS);
window.addEventListener("online", probe);
let wasLost = false;
onConnectionChange(() => {
  // Meanwhile anything may have changed.
  if (wasLost && !isLost()) void queryClient.invalidateQueries();
  wasLost = isLost();
});
