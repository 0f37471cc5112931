import { Page } from "../../components/page.tsx";

export function SweepsPage() {
  return <Page title="Sweeps">Not here yet: use the command line or the API (/docs).</Page>;
}
