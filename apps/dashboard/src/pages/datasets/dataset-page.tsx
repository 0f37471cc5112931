import { Page } from "../../components/page.tsx";

export function DatasetPage() {
  return <Page title="Dataset" />;
}
