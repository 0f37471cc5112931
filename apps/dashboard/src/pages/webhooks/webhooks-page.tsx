import { Page } from "../../components/page.tsx";

export function WebhooksPage() {
  return <Page title="Webhooks">Not here yet: use the command line or the API (/docs).</Page>;
}
