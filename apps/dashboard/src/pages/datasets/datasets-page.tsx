import { Page } from "../../components/page.tsx";

export function DatasetsPage() {
  return <Page title="Datasets">Not here yet: use the command line or the API (/docs).</Page>;
}
