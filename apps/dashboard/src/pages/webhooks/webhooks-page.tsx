import type { WebhookResource } from "@drc/contracts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { SecretDialog } from "../../components/secret-dialog.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { useWhyNot } from "../../components/why-not.ts";
import { WebhookForm } from "./webhook-form.tsx";
import { EventsText, WebhookStateText } from "./webhook-state.tsx";
import "./webhooks.css";

const REFRESH_MS = 5_000;

export function WebhooksPage() {
  const whyNot = useWhyNot("submit");
  const [adding, setAdding] = useState(false);
  // A server has 50 at most: one page.
  const webhooks = useQuery({
    queryKey: ["webhooks", "list"],
    queryFn: ({ signal }) => client.webhooks.page({ limit: 200, signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Page
      title="Webhooks"
      actions={
        <ActionButton size="compact-md" why={whyNot} onClick={() => setAdding(true)}>
          Add a webhook
        </ActionButton>
      }
    >
      <Panel title="Endpoints" flush>
        <QueryView query={webhooks}>
          {({ items }) => (
            <Table
              label="Webhooks"
              rows={items}
              keyOf={({ id }) => id}
              columns={COLUMNS}
              empty="Nobody is told when jobs, compressions and sweeps end. Add a webhook, and the server tells a URL of yours."
            />
          )}
        </QueryView>
      </Panel>
      {adding && <AddDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function AddDialog({ onClose }: { onClose(): void }) {
  return (
    <SecretDialog
      title="Add a webhook"
      name="Secret that signs"
      remedy="The webhook is there. Open it and rotate its secret: that shows a new one."
      onClose={onClose}
      form={(onMade) => (
        <WebhookForm
          submitLabel="Add"
          run={async (body) => {
            const made = await client.webhooks.create(body);
            void queryClient.invalidateQueries({ queryKey: ["webhooks"] });
            onMade(made.secret);
          }}
        />
      )}
    />
  );
}

const COLUMNS: Column<WebhookResource>[] = [
  {
    title: "URL",
    as: "wide",
    cell: ({ id, url }) => (
      <Link to="/webhooks/$webhookId" params={{ webhookId: id }} search={{}}>
        <span className="url-link">{url}</span>
      </Link>
    ),
  },
  { title: "State", cell: (webhook) => <WebhookStateText webhook={webhook} /> },
  { title: "Events", cell: ({ events }) => <EventsText events={events} /> },
  { title: "Description", cell: ({ description }) => <div className="webhook-description">{description ?? "–"}</div> },
  { title: "Created", as: "short", cell: ({ createdAt }) => <Ago at={createdAt} /> },
];
