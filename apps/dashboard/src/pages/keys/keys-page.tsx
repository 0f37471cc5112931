import { Page } from "../../components/page.tsx";

export function KeysPage() {
  return <Page title="Keys">Not here yet: use the command line or the API (/docs).</Page>;
}
