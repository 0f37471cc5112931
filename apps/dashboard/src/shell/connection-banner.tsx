import { ConnectionError, ProblemError } from "@drc/sdk";
import { Alert } from "@mantine/core";
import { type QueryCache, useQueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import { useLostSince } from "../api/connection.ts";
import { moment } from "../components/format.ts";
import { errorLine } from "../components/problem-text.ts";

/** Field case 49: what was read before a loss, or before a refusal, is not told as if it were so now. */
export function ConnectionBanner() {
  const lostSinceMs = useLostSince();
  const stale = useStale();
  return (
    <div role="status" aria-live="polite">
      {lostSinceMs !== null ? (
        <Alert color="orange" variant="outline" mb="md" title={`Connection lost since ${moment(lostSinceMs)}`}>
          The server does not answer. The page shows what was known then, and goes on by itself when the server is back.
        </Alert>
      ) : (
        stale.sinceMs !== null && (
          <Alert color="orange" variant="outline" mb="md" title={`Not read again since ${moment(stale.sinceMs)}`}>
            {stale.reasons.map((reason) => (
              <div key={reason}>{reason}</div>
            ))}
          </Alert>
        )
      )}
    </div>
  );
}

interface Stale {
  /** When the oldest of what is shown was read; null where everything is new. */
  sinceMs: number | null;
  reasons: string[];
}

function useStale(): Stale {
  const cache = useQueryClient().getQueryCache();
  const subscribe = useCallback((listener: () => void) => cache.subscribe(listener), [cache]);
  return JSON.parse(useSyncExternalStore(subscribe, () => JSON.stringify(staleOf(cache))));
}

/** What is shown, and was refused when it was asked for again. What was never read says so in its own place. */
function staleOf(cache: QueryCache): Stale {
  const refused = cache.getAll().filter((query) => {
    const { data, error } = query.state;
    return query.isActive() && data !== undefined && error !== null && !(error instanceof ConnectionError);
  });
  return {
    sinceMs: refused.length === 0 ? null : Math.min(...refused.map(({ state }) => state.dataUpdatedAt)),
    reasons: [...new Set(refused.map(({ state }) => reasonOf(state.error)))],
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof ProblemError) return errorLine(error.problem);
  return error instanceof Error ? error.message : String(error);
}
