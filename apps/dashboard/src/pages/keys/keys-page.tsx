import type { KeyDetailResource, KeyResource } from "@drc/contracts";
import { Checkbox, Group, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { client } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { useMay } from "../../api/session.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { ConfirmButton } from "../../components/confirm-button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { bytes, count, dateTime } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { PagedTable } from "../../components/paged-table.tsx";
import { usePaging } from "../../components/pager.tsx";
import { Panel } from "../../components/panel.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { SecretDialog } from "../../components/secret-dialog.tsx";
import { Tone } from "../../components/state-badge.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { useWhyNot } from "../../components/why-not.ts";
import { KeyForm } from "./key-form.tsx";

const REFRESH_MS = 10_000;
const PAGE_LENGTH = 100;
const FROM = "/signed-in/keys";

function readAgain(): void {
  void queryClient.invalidateQueries({ queryKey: ["keys"] });
}

export function KeysPage() {
  const may = useMay("admin");
  const whyNot = useWhyNot("admin");
  const [making, setMaking] = useState(false);
  return (
    <Page
      title="Keys"
      actions={
        <ActionButton size="compact-md" why={whyNot} onClick={() => setMaking(true)}>
          Create a key
        </ActionButton>
      }
    >
      <Stack gap="sm">
        <OwnKey />
        {may && <AllKeys />}
      </Stack>
      {making && <CreateDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

function CreateDialog({ onClose }: { onClose(): void }) {
  return (
    <SecretDialog
      title="Create a key"
      name="API key"
      remedy="The key is there, but nobody knows it: revoke it, and create another."
      onClose={onClose}
      form={(onMade) => (
        <KeyForm
          submitLabel="Create"
          run={async (body) => {
            const { key } = await client.keys.create(body);
            readAgain();
            onMade(key);
          }}
        />
      )}
    />
  );
}

function OwnKey() {
  const own = useQuery({
    queryKey: ["keys", "own"],
    queryFn: ({ signal }) => client.keys.own({ signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Panel title="The key of this session">
      <QueryView query={own}>{(key) => <OwnFacts apiKey={key} />}</QueryView>
    </Panel>
  );
}

function OwnFacts({ apiKey: { name, hint, scopes, expiresAt, limits, usage } }: { apiKey: KeyDetailResource }) {
  return (
    <dl className="facts">
      <dt>Name</dt>
      <dd>
        {name} <KeyHint hint={hint} />
      </dd>
      <dt>Scope</dt>
      <dd>{scopes.join(", ")}</dd>
      <dt>Expires</dt>
      <dd>{expiresAt === null ? "never" : dateTime(expiresAt)}</dd>
      <dt>Unfinished jobs</dt>
      <dd>{used(count(usage.queuedJobs), limits.queuedJobs && count(limits.queuedJobs))}</dd>
      <dt>Stored</dt>
      <dd>{used(bytes(usage.storedBytes), limits.storedBytes && bytes(limits.storedBytes))}</dd>
      <dt>Requests a minute</dt>
      <dd>{limits.requestsPerMinute === null ? "as the server allows" : count(limits.requestsPerMinute)}</dd>
    </dl>
  );
}

function used(use: string, limit: string | 0 | null): string {
  return limit === null ? `${use}, no limit` : `${use} of ${limit}`;
}

function AllKeys() {
  const { cursor, ended = false } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/keys" });
  const paging = usePaging(cursor);
  const keys = useQuery({
    queryKey: ["keys", "list", cursor],
    queryFn: ({ signal }) => client.keys.page({ cursor, limit: PAGE_LENGTH, signal }),
    refetchInterval: REFRESH_MS,
    placeholderData: (before) => before,
  });
  return (
    <Panel
      title="All keys"
      flush
      aside={
        <Checkbox
          size="xs"
          label="Show expired and revoked ones"
          checked={ended}
          onChange={(event) => navigate({ search: { ended: event.currentTarget.checked || undefined } })}
        />
      }
    >
      <PagedTable
        label="API keys"
        query={keys}
        paging={paging}
        columns={COLUMNS}
        isShown={({ state }) => ended || state === "active"}
        empty="No key on this page is active."
      />
    </Panel>
  );
}

const TONES = { active: "succeeded", expired: "attention", revoked: "waiting" } as const;

const COLUMNS: Column<KeyResource>[] = [
  { title: "Name", as: "wide", cell: ({ name }) => <span className="key-name">{name}</span> },
  { title: "Begins with", as: "short", cell: ({ hint }) => <KeyHint hint={hint} /> },
  { title: "Scope", as: "short", cell: ({ scopes }) => scopes.join(", ") },
  { title: "State", as: "short", cell: ({ state }) => <Tone tone={TONES[state]}>{state}</Tone> },
  {
    title: "Last used",
    as: "short",
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? "never" : <Ago at={lastUsedAt} />),
  },
  {
    title: "Expires",
    as: "short",
    cell: ({ expiresAt }) => (expiresAt === null ? "never" : dateTime(expiresAt)),
  },
  { title: "Limits", as: "short", cell: (key) => <Limits limits={key.limits} /> },
  { title: "Created", as: "short", cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { title: "Actions", head: <span className="visually-hidden">Actions</span>, cell: (key) => <Actions apiKey={key} /> },
];

function KeyHint({ hint }: { hint: string | null }) {
  return hint === null ? null : <span className="mono">drc_{hint}…</span>;
}

function Limits({ limits: { queuedJobs, storedBytes, requestsPerMinute } }: { limits: KeyResource["limits"] }) {
  const texts = [
    queuedJobs !== null && `${count(queuedJobs)} unfinished jobs`,
    storedBytes !== null && bytes(storedBytes),
    requestsPerMinute !== null && `${count(requestsPerMinute)} requests a minute`,
  ];
  const given = texts.filter((text) => text !== false);
  return given.length === 0 ? <>none</> : given.map((text) => <div key={text}>{text}</div>);
}

function Actions({ apiKey }: { apiKey: KeyResource }) {
  const { id, name, state } = apiKey;
  const whyNot = useWhyNot("admin");
  const [changing, setChanging] = useState(false);
  if (state === "revoked") return null;
  return (
    <Group gap="xs" wrap="nowrap">
      <ActionButton
        variant="default"
        size="compact-sm"
        why={whyNot}
        aria-label={`Change ${name}`}
        onClick={() => setChanging(true)}
      >
        Change
      </ActionButton>
      <ConfirmButton
        label="Revoke"
        aria-label={`Revoke ${name}`}
        why={whyNot}
        run={() => client.keys.revoke(id)}
        onDone={readAgain}
      >
        {name} works no longer from now on, and sessions that signed in with it end. Its jobs go on. This cannot be
        taken back.
      </ConfirmButton>
      {changing && (
        <Dialog title={`Change ${name}`} onClose={() => setChanging(false)}>
          <KeyForm
            apiKey={apiKey}
            submitLabel="Save"
            run={async (body) => {
              await client.keys.change(id, body);
              readAgain();
              setChanging(false);
            }}
          />
        </Dialog>
      )}
    </Group>
  );
}
