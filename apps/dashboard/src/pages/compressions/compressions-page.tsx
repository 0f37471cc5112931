import { Page } from "../../components/page.tsx";

export function CompressionsPage() {
  return <Page title="Compressions" />;
}
