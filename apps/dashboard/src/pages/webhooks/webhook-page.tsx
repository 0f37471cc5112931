import type { WebhookMessageResource, WebhookResource } from "@drc/contracts";
import { Group, NativeSelect, Stack } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { client } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { ConfirmButton } from "../../components/confirm-button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { dateTime } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { PagedTable } from "../../components/paged-table.tsx";
import { usePaging } from "../../components/pager.tsx";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { RecordPage } from "../../components/record-page.tsx";
import { SecretOnce } from "../../components/secret-once.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago, useNow } from "../../components/time.tsx";
import { dueText } from "./due-text.ts";
import { useWhyNoChange, useWhyNoSending } from "./use-why-no-change.ts";
import { WebhookForm } from "./webhook-form.tsx";
import { EventsText, MessageStateText, WebhookStateText } from "./webhook-state.tsx";
import "./webhooks.css";

const REFRESH_MS = 2_000;
const PAGE_LENGTH = 50;
const FROM = "/signed-in/webhooks/$webhookId";

/** What a test, a redelivery or another browser changes. */
function readAgain(): void {
  void queryClient.invalidateQueries({ queryKey: ["webhooks"] });
}

export function WebhookPage() {
  const { webhookId } = useParams({ from: FROM });
  const webhook = useQuery({
    queryKey: ["webhooks", webhookId],
    queryFn: ({ signal }) => client.webhooks.get(webhookId, { signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <RecordPage title="Webhook" query={webhook}>
      {(data) => (
        <Page title="Webhook" heading={<span className="url-link">{data.url}</span>}>
          <Stack gap="sm">
            <Endpoint webhook={data} />
            <Messages webhook={data} />
          </Stack>
        </Page>
      )}
    </RecordPage>
  );
}

function Endpoint({ webhook }: { webhook: WebhookResource }) {
  const { id, description, events, previousSecretEndsAt, createdAt } = webhook;
  return (
    <Panel title="Endpoint" aside={<Actions webhook={webhook} />}>
      <dl className="facts">
        <dt>State</dt>
        <dd>
          <WebhookStateText webhook={webhook} />
        </dd>
        <dt>Events</dt>
        <dd>
          <EventsText events={events} />
        </dd>
        <dt>Description</dt>
        <dd>{description ?? "–"}</dd>
        {previousSecretEndsAt !== null && (
          <>
            <dt>Secret before</dt>
            <dd>signs as well until {dateTime(previousSecretEndsAt)}</dd>
          </>
        )}
        <dt>Created</dt>
        <dd>{dateTime(createdAt)}</dd>
        <dt>Identifier</dt>
        <dd className="mono">{id}</dd>
      </dl>
    </Panel>
  );
}

function Actions({ webhook }: { webhook: WebhookResource }) {
  const { id, url, state } = webhook;
  const navigate = useNavigate();
  const whyNot = useWhyNoChange(webhook);
  const whyNoTest = useWhyNoSending(webhook);
  const [dialog, setDialog] = useState<"change" | { secret: string | null } | null>(null);
  const test = useMutation({ mutationFn: () => client.webhooks.test(id), onSuccess: readAgain });
  const changing = useMutation({
    mutationFn: () => client.webhooks.change(id, { state: state === "enabled" ? "disabled" : "enabled" }),
    onSuccess: readAgain,
  });
  const refused = test.error ?? changing.error;
  return (
    <>
      <Group gap="xs">
        <ActionButton size="compact-sm" why={whyNoTest} loading={test.isPending} onClick={() => test.mutate()}>
          Send a test
        </ActionButton>
        <ActionButton variant="default" size="compact-sm" why={whyNot} onClick={() => setDialog("change")}>
          Change
        </ActionButton>
        <ActionButton
          variant="default"
          size="compact-sm"
          why={whyNot}
          loading={changing.isPending}
          onClick={() => changing.mutate()}
        >
          {state === "enabled" ? "Disable" : "Enable"}
        </ActionButton>
        <ConfirmButton
          label="Rotate the secret"
          why={whyNot}
          run={async () => {
            const { secret } = await client.webhooks.rotate(id);
            readAgain();
            setDialog({ secret });
          }}
        >
          A new secret is made and shown once. For 24 hours every request is signed by both, so that the receiver can
          change over without a gap.
        </ConfirmButton>
        <ConfirmButton
          label="Delete"
          why={whyNot}
          run={() => client.webhooks.delete(id)}
          onDone={() => {
            readAgain();
            void navigate({ to: "/webhooks" });
          }}
        >
          <span className="url-link">{url}</span> is not told anything any more, and its messages are removed. This
          cannot be taken back.
        </ConfirmButton>
      </Group>
      {refused && <Problem error={refused} />}
      {dialog === "change" && (
        <Dialog title="Change the webhook" onClose={() => setDialog(null)}>
          <WebhookForm
            webhook={webhook}
            submitLabel="Save"
            run={async (body) => {
              await client.webhooks.change(id, body);
              readAgain();
              setDialog(null);
            }}
          />
        </Dialog>
      )}
      {dialog !== null && dialog !== "change" && (
        <Dialog title="The new secret" onClose={() => setDialog(null)}>
          <SecretOnce
            name="Secret that signs"
            secret={dialog.secret}
            remedy="Rotate it again: that shows a new one."
            onDone={() => setDialog(null)}
          />
        </Dialog>
      )}
    </>
  );
}

function Messages({ webhook: { id } }: { webhook: WebhookResource }) {
  const { state, cursor } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/webhooks/$webhookId" });
  const paging = usePaging(cursor);
  const messages = useQuery({
    queryKey: ["webhooks", id, "messages", state, cursor],
    queryFn: ({ signal }) => client.webhooks.messagePage(id, { state }, { cursor, limit: PAGE_LENGTH, signal }),
    refetchInterval: REFRESH_MS,
    placeholderData: (before) => before,
  });
  return (
    <Panel
      title="Deliveries"
      flush
      aside={
        <NativeSelect
          aria-label="State of deliveries"
          size="xs"
          value={state ?? ""}
          data={[{ value: "", label: "Any state" }, "pending", "delivered", "failed"]}
          onChange={(event) => {
            const wanted = (["pending", "delivered", "failed"] as const).find(
              (one) => one === event.currentTarget.value,
            );
            void navigate({ search: { state: wanted } });
          }}
        />
      }
    >
      <PagedTable
        label="Messages"
        query={messages}
        paging={paging}
        columns={COLUMNS}
        empty={state === undefined ? "It was told nothing yet. Send a test." : "No delivery is in this state."}
      />
    </Panel>
  );
}

const COLUMNS: Column<WebhookMessageResource>[] = [
  {
    title: "Message",
    as: "short",
    cell: ({ id, webhookId }) => (
      <Link to="/webhooks/$webhookId/messages/$messageId" params={{ webhookId, messageId: id }}>
        <span className="mono">{id}</span>
      </Link>
    ),
  },
  { title: "Event", as: "short", cell: ({ type }) => type },
  { title: "State", as: "short", cell: ({ state }) => <MessageStateText state={state} /> },
  { title: "Attempts", as: "number", cell: ({ attempts }) => attempts },
  { title: "Next attempt", as: "short", cell: ({ nextAttemptAt }) => <Due at={nextAttemptAt} /> },
  { title: "Created", as: "wide", cell: ({ createdAt }) => <Ago at={createdAt} /> },
];

function Due({ at }: { at: string | null }) {
  const now = useNow();
  return <>{dueText(at, now)}</>;
}
