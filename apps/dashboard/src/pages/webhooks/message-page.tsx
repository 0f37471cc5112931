import type { WebhookAttemptResource, WebhookMessageDetailResource } from "@drc/contracts";
import { Group, Stack } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { client } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { count, dateTime } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { RecordPage } from "../../components/record-page.tsx";
import { Tone } from "../../components/state-badge.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { useNow } from "../../components/time.tsx";
import { dueText } from "./due-text.ts";
import { jsonText } from "./json-text.ts";
import { useWhyNoSending } from "./use-why-no-change.ts";
import { MessageStateText } from "./webhook-state.tsx";
import "./webhooks.css";

const REFRESH_MS = 2_000;

export function MessagePage() {
  const { webhookId, messageId } = useParams({ from: "/signed-in/webhooks/$webhookId/messages/$messageId" });
  const message = useQuery({
    queryKey: ["webhooks", webhookId, "message", messageId],
    queryFn: ({ signal }) => client.webhooks.message(webhookId, messageId, { signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <RecordPage title="Delivery" query={message}>
      {(data) => (
        <Page title="Delivery" heading={data.type} actions={<Redeliver message={data} />}>
          <Stack gap="sm">
            <Facts message={data} />
            <Panel title="Attempts, newest first" flush>
              <Table
                label="Attempts"
                rows={data.attemptHistory}
                keyOf={({ number }) => String(number)}
                columns={COLUMNS}
                below={answerOf}
                empty="Nothing was sent yet."
              />
            </Panel>
            <Panel title="Body, as it is signed and sent">
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrow keys */}
              <pre className="message-body" tabIndex={0}>
                {jsonText(data.body)}
              </pre>
            </Panel>
          </Stack>
        </Page>
      )}
    </RecordPage>
  );
}

function Facts({
  message: { id, webhookId, state, nextAttemptAt, createdAt },
}: {
  message: WebhookMessageDetailResource;
}) {
  const now = useNow();
  return (
    <Panel title="Delivery">
      <dl className="facts">
        <dt>State</dt>
        <dd>
          <MessageStateText state={state} />
          {nextAttemptAt !== null && ` – next attempt ${dueText(nextAttemptAt, now)}`}
        </dd>
        <dt>webhook-id</dt>
        <dd className="mono">{id}</dd>
        <dt>Webhook</dt>
        <dd>
          <Link to="/webhooks/$webhookId" params={{ webhookId }} search={{}}>
            <span className="mono">{webhookId}</span>
          </Link>
        </dd>
        <dt>Created</dt>
        <dd>{dateTime(createdAt)}</dd>
      </dl>
    </Panel>
  );
}

function Redeliver({ message: { id, webhookId, attemptHistory } }: { message: WebhookMessageDetailResource }) {
  // While it is not known, the server decides.
  const { data: webhook } = useQuery({
    queryKey: ["webhooks", webhookId],
    queryFn: ({ signal }) => client.webhooks.get(webhookId, { signal }),
    refetchInterval: REFRESH_MS,
  });
  const whyNot = useWhyNoSending(webhook ?? { mayChange: true, state: "enabled" });
  const sending = useMutation({
    mutationFn: () => client.webhooks.redeliver(webhookId, id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["webhooks"] }),
  });
  const isSending = attemptHistory[0] !== undefined && isGoingOn(attemptHistory[0]);
  return (
    <Group gap="xs">
      {sending.error && <Problem error={sending.error} />}
      <ActionButton
        size="compact-md"
        why={whyNot ?? (isSending ? "It is being delivered just now." : undefined)}
        title="Sends the same bytes under the same webhook-id again"
        loading={sending.isPending}
        onClick={() => sending.mutate()}
      >
        Redeliver
      </ActionButton>
    </Group>
  );
}

const COLUMNS: Column<WebhookAttemptResource>[] = [
  { title: "#", as: "number", cell: ({ number }) => number },
  { title: "When", as: "short", cell: ({ startedAt }) => dateTime(startedAt) },
  { title: "Why", as: "short", cell: ({ trigger }) => (trigger === "manual" ? "by hand" : "automatic") },
  { title: "Outcome", as: "short", cell: (attempt) => <Outcome attempt={attempt} /> },
  { title: "Took", as: "wide", cell: ({ durationMs }) => (durationMs === null ? "–" : `${count(durationMs)} ms`) },
];

function isGoingOn({ status, error, durationMs }: WebhookAttemptResource): boolean {
  return durationMs === null && error === null && status === null;
}

function Outcome({ attempt }: { attempt: WebhookAttemptResource }) {
  const { status } = attempt;
  if (isGoingOn(attempt)) return <Tone tone="running">no answer yet</Tone>;
  if (status === null) return <Tone tone="failed">no answer</Tone>;
  return <Tone tone={status >= 200 && status < 300 ? "succeeded" : "failed"}>{String(status)}</Tone>;
}

/** Under the attempt, where a phone shows it as well. */
function answerOf({ error, response }: WebhookAttemptResource): ReactNode {
  if (error === null && !response) return null;
  return (
    <div className="attempt-answer">
      {error}
      {response && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrow keys
        <pre tabIndex={0}>{response}</pre>
      )}
    </div>
  );
}
