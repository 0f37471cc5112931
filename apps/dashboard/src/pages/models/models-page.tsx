import { Page } from "../../components/page.tsx";

export function ModelsPage() {
  return <Page title="Models">Not here yet: use the command line or the API (/docs).</Page>;
}
