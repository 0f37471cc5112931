import type { WebhookEvent, WebhookMessageResource, WebhookResource } from "@drc/contracts";
import { Tone } from "../../components/state-badge.tsx";
import { Ago } from "../../components/time.tsx";

/** Whether it is told anything, and what is wrong where something is. */
export function WebhookStateText({ webhook }: { webhook: WebhookResource }) {
  const { state, stateReason, error, failingSince } = webhook;
  if (error !== null) return <Trouble word="cannot send">{error}</Trouble>;
  if (state === "disabled") {
    return <Tone tone="waiting">{stateReason === null ? "disabled" : `disabled: ${stateReason}`}</Tone>;
  }
  if (failingSince === null) return <Tone tone="succeeded">enabled</Tone>;
  return (
    <>
      <Tone tone="attention">failing</Tone> since <Ago at={failingSince} />
    </>
  );
}

function Trouble({ word, children }: { word: string; children: string }) {
  return (
    <>
      <Tone tone="failed">{word}</Tone> {children}
    </>
  );
}

export function EventsText({ events }: { events: readonly WebhookEvent[] }) {
  return <>{events.length === 0 ? "all" : events.join(", ")}</>;
}

const TONES = { pending: "running", delivered: "succeeded", failed: "failed" } as const;

export function MessageStateText({ state }: { state: WebhookMessageResource["state"] }) {
  return <Tone tone={TONES[state]}>{state}</Tone>;
}
