import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { forgetDraft, keepDraft, readDraft } from "../../api/drafts.ts";
import { Page } from "../../components/page.tsx";
import { type Json, withValueAt } from "./form-node.ts";
import { type Created, FORMS, type FormKind, workNodeOf } from "./forms.ts";
import { SubmitForm } from "./submit-form.tsx";
import type { SubmitSearch } from "./submit-search.ts";
import "../../components/form-group.css";
import "./submit.css";

export function SubmitPage() {
  const search = useSearch({ from: "/signed-in/submit" });
  const navigate = useNavigate({ from: "/submit" });
  const kind = FORMS.find(({ id }) => id === search.what) ?? FORMS[0];
  const from = addressOf(search);
  const [clearings, setClearings] = useState(0);
  const keep = useCallback((body: Json) => keepDraft(kind.id, from, body), [kind.id, from]);
  const follow = ({ resource, id }: Created) => {
    forgetDraft(kind.id);
    if (resource === "jobs") return navigate({ to: "/jobs/$jobId", params: { jobId: id } });
    if (resource === "sweeps") return navigate({ to: "/sweeps/$sweepId", params: { sweepId: id } });
    return navigate({ to: "/compressions/$compressionId", params: { compressionId: id } });
  };
  return (
    <Page title="Submit">
      <SegmentedControl
        mb="md"
        maw="100%"
        aria-label="What to submit"
        value={kind.id}
        data={FORMS.map(({ id, label }) => ({ value: id, label }))}
        onChange={(what) => void navigate({ search: (old) => ({ ...old, what: what as SubmitSearch["what"] }) })}
      />
      <SubmitForm
        key={`${kind.id} ${from} ${clearings}`}
        kind={kind}
        given={(readDraft(kind.id, from) as Json) ?? startOf(kind, search)}
        onChanged={keep}
        onCreated={(created) => void follow(created)}
        onClear={() => {
          forgetDraft(kind.id);
          setClearings(clearings + 1);
        }}
      />
    </Page>
  );
}

/** What the address fills in; empty where it fills in nothing. */
function addressOf({ model, dataset, version }: SubmitSearch): string {
  const given = { model, dataset, version };
  return Object.values(given).some((one) => one !== undefined) ? JSON.stringify(given) : "";
}

function startOf(kind: FormKind, { model, dataset, version }: SubmitSearch): Json {
  const { node, path } = workNodeOf(kind);
  let body = kind.start;
  if (model !== undefined && node.properties?.model) body = withValueAt(body, [...path, "model"], { modelId: model });
  if (dataset !== undefined) {
    const input = { datasetId: dataset, ...(version === undefined ? {} : { version }) };
    body = withValueAt(body, [...path, "dataset"], input);
  }
  return body;
}
