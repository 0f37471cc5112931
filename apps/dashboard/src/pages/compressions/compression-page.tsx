import { Page } from "../../components/page.tsx";

export function CompressionPage() {
  return <Page title="Compression" />;
}
