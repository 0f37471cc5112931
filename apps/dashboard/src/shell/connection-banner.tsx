import { Alert } from "@mantine/core";
import { useLostSince } from "../api/connection.ts";
import { timeOfDay } from "../components/format.ts";

/** Field case 49: what was read before a loss is not told as if it were so now. */
export function ConnectionBanner() {
  const lostSinceMs = useLostSince();
  return (
    <div role="status" aria-live="polite">
      {lostSinceMs !== null && (
        <Alert color="orange" variant="outline" mb="md" title={`Connection lost since ${timeOfDay(lostSinceMs)}`}>
          The server does not answer. The page shows what was known then, and goes on by itself when the server is back.
        </Alert>
      )}
    </div>
  );
}
