import { Page } from "../../components/page.tsx";

export function SubmitPage() {
  return <Page title="Submit">Not here yet: use the command line or the API (/docs).</Page>;
}
