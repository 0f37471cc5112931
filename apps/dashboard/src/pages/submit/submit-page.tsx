import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
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
  const follow = ({ resource, id }: Created) => {
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
        key={kind.id}
        kind={kind}
        given={startOf(kind, search)}
        onCreated={(created) => void follow(created)}
      />
    </Page>
  );
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
