import { Page } from "../../components/page.tsx";

export function ComparePage() {
  return <Page title="Compare">Not here yet: use the command line or the API (/docs).</Page>;
}
